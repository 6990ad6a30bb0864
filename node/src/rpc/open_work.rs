//! `open_work`: this process gives the members a job.

use quorate_service::gathering::{Task, Wish};
use quorate_wire::Fault;
use quorate_wire::method::OpenWork;

use super::Handle;
use super::gathering::{self, refused, word};

pub(super) async fn answer(handle: Handle, call: OpenWork) -> Result<String, Fault> {
    let job = word(&call.job)?;
    let parts = u32::try_from(call.parts).unwrap_or(u32::MAX);
    let task = Task::new(call.from, call.to, parts).map_err(refused)?;
    let sentence = format!("gives the job '{job}'");
    gathering::wish(&handle, Wish::Work(job, task), &sentence).await
}
