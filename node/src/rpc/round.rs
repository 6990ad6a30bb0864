//! `round`: how far a round is here.

use quorate_wire::Fault;
use quorate_wire::method::{Round, RoundStatus};

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: Round) -> Result<RoundStatus, Fault> {
    handle
        .ask(|answer| Question::Round(call.round, answer))
        .await
}
