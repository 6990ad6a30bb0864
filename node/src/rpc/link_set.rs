//! `link.set`: gives the links of this process other rules.

use quorate_wire::Fault;
use quorate_wire::method::{LinkSet, LinkStatus};

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: LinkSet) -> Result<Vec<LinkStatus>, Fault> {
    handle
        .ask(|answer| Question::SetLinks(call.rules, answer))
        .await?
}
