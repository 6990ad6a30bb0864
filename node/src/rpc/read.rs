//! `read`: a key's value, confirmed by a quorum of replicas.

use quorate_wire::Fault;
use quorate_wire::method::Read;

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: Read) -> Result<String, Fault> {
    handle
        .in_time(|answer| Question::Read {
            key: call.key,
            answer,
        })
        .await
}
