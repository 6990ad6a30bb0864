//! `evidence`: whom this process can prove faulty.

use quorate_wire::Fault;
use quorate_wire::method::{Evidence, ProofShown};

use super::Handle;
use crate::question::Question;

/// The most bytes of messages in one answer, of 512 KiB in base64.
const MOST_BYTES: usize = 256 * 1024;

pub(super) async fn answer(handle: Handle, _: Evidence) -> Result<Vec<ProofShown>, Fault> {
    let proofs = handle.ask(Question::Proofs).await?;
    let mut room = MOST_BYTES;
    let shown = proofs.into_iter().map(|(evidence, pardoned)| {
        let left = room.checked_sub(evidence.weight());
        room = left.unwrap_or(room);
        ProofShown {
            accused: evidence.accused().to_string(),
            kind: evidence.kind().to_string(),
            what: evidence.to_string(),
            pardoned,
            messages: left.map(|_| evidence.messages()).unwrap_or_default(),
        }
    });
    Ok(shown.collect())
}
