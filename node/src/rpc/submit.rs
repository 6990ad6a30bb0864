//! `submit`: orders an operation on the store and answers its result.

use quorate_wire::Fault;
use quorate_wire::method::{Submit, Submitted};

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: Submit) -> Result<Submitted, Fault> {
    let Submit { operation, request } = call;
    handle
        .in_time(|answer| Question::Submit {
            operation,
            request,
            answer,
        })
        .await
}
