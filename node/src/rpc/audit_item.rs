//! `audit.item`: the bytes of an item of `audit`.

use quorate_wire::Fault;
use quorate_wire::method::AuditItem;

use super::Handle;
use crate::question::Question;

/// The most bytes of one answer, of 512 KiB in base64.
const MOST_BYTES: usize = 256 * 1024;

pub(super) async fn answer(handle: Handle, call: AuditItem) -> Result<Vec<u8>, Fault> {
    let AuditItem { item, offset } = call;
    let bytes = handle
        .ask(|answer| Question::ArchivedItem(item, answer))
        .await?;
    let offset = usize::try_from(offset.unwrap_or_default()).unwrap_or(usize::MAX);
    let mut bytes = bytes.unwrap_or_default();
    let mut rest = bytes.split_off(offset.min(bytes.len()));
    rest.truncate(MOST_BYTES);
    Ok(rest)
}
