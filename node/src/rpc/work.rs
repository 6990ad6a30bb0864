//! `work`: the jobs, or one of them.

use quorate_wire::method::Work;
use quorate_wire::{Fault, View};

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, call: Work) -> Result<View, Fault> {
    let question = call
        .job
        .map_or_else(|| "jobs".to_owned(), |job| format!("job {job}"));
    gathering::view(&handle, question).await
}
