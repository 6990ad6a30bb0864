//! Waits until started processes answer calls.

use std::time::Duration;

use futures_util::future::try_join_all;
use quorate_wire::Caller;
use tokio::time::{Instant, sleep};

use crate::state::words;
use crate::{Process, StartError};

/// Long enough for a machine that is busy with something else.
const DEADLINE: Duration = Duration::from_secs(20);
const CALL_LIMIT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until every process answers `system.listMethods`, or has crashed as configured.
pub(crate) async fn wait_until_all_answer(processes: &[Process]) -> Result<(), StartError> {
    try_join_all(processes.iter().map(wait_until_it_answers)).await?;
    Ok(())
}

pub(crate) async fn wait_until_it_answers(process: &Process) -> Result<(), StartError> {
    tokio::select! {
        answered = poll(process) => answered,
        _ = process.end(), if is_to_crash(process) => Ok(()),
        status = process.end(), if !is_to_crash(process) => {
            Err(StartError::Ended { process: process.name.clone(), status: words(status) })
        }
    }
}

fn is_to_crash(process: &Process) -> bool {
    process
        .fault
        .as_deref()
        .is_some_and(|fault| fault.starts_with("crash"))
}

async fn poll(process: &Process) -> Result<(), StartError> {
    let caller = Caller::new(process.address, CALL_LIMIT);
    let started = Instant::now();
    loop {
        let Err(error) = caller.methods().await else {
            return Ok(());
        };
        if started.elapsed() > DEADLINE {
            return Err(StartError::NoAnswer {
                process: process.name.clone(),
                seconds: DEADLINE.as_secs(),
                cause: error.to_string(),
            });
        }
        sleep(PAUSE).await;
    }
}
