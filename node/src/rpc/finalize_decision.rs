//! `finalize_decision`: closes the round and answers its decision.

use quorate_host::{Answer, Ask};
use quorate_wire::Fault;
use quorate_wire::method::FinalizeDecision;
use tokio::time::Instant;

use super::{Handle, mismatch};
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: FinalizeDecision) -> Result<String, Fault> {
    let deadline = handle.deadline();
    if handle.is_faulty() {
        return Ok("faulty".to_owned());
    }
    wait(&handle, call.round, deadline).await
}

/// Waits for the round's decision until the deadline.
///
/// # Errors
/// There is no decision in time. The fault says what is missing.
pub(super) async fn wait(
    handle: &Handle,
    round: Option<u64>,
    deadline: Instant,
) -> Result<String, Fault> {
    let decided = handle.ask_process(Ask::Finalize(round));
    match tokio::time::timeout_at(deadline, decided).await {
        Ok(Ok(Answer::Decided(decision))) => Ok(decision),
        Ok(Ok(other)) => Err(mismatch(&other)),
        Ok(Err(fault)) => Err(fault),
        Err(_) => {
            let missing = handle
                .ask(|answer| Question::Explain { round, answer })
                .await?;
            Err(Fault::new(Fault::NOT_DECIDED, missing))
        }
    }
}
