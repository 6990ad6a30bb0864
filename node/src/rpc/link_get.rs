//! `link.get`: the rules of this process's links.

use quorate_wire::Fault;
use quorate_wire::method::{LinkGet, LinkStatus};

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, _: LinkGet) -> Result<Vec<LinkStatus>, Fault> {
    handle.ask(Question::Links).await
}
