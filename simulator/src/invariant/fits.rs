//! Messages fit: no correct process sends a message that is larger than the transport must take.

use quorate_protocol::message::Kind;
use quorate_protocol::{Largest, ReplicaId, SignedMessage};

/// The rule.
pub const RULE: &str =
    "rule 27: what a correct process sends is at most as large as the limits allow for its kind";

/// A correct process sent too large a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} sends a {kind} of {bytes} bytes, and {limit} are allowed")]
pub struct TooLarge {
    /// Who.
    pub by: ReplicaId,
    /// What.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: usize,
    /// The most that a message of its kind may have.
    pub limit: usize,
}

/// Checks a message that a correct process sends, of so many bytes.
///
/// # Errors
/// It is too large.
pub fn check(
    largest: &Largest,
    by: ReplicaId,
    message: &SignedMessage,
    bytes: usize,
) -> Result<(), TooLarge> {
    let limit = limit(largest, message);
    if bytes <= limit {
        return Ok(());
    }
    let kind = Kind::of(message).name();
    Err(TooLarge {
        by,
        kind,
        bytes,
        limit,
    })
}

const fn limit(largest: &Largest, message: &SignedMessage) -> usize {
    match message {
        SignedMessage::Request(_) => largest.request,
        SignedMessage::PrePrepare { .. } => largest.pre_prepare,
        SignedMessage::Prepare(_)
        | SignedMessage::Commit(_)
        | SignedMessage::Checkpoint(_)
        | SignedMessage::Fetch(_)
        | SignedMessage::FetchState(_) => largest.vote,
        SignedMessage::Standing(_) => largest.standing,
        SignedMessage::Proof(_) => largest.proof,
        SignedMessage::ViewChange(_) => largest.view_change,
        SignedMessage::NewView { .. } => largest.new_view,
        SignedMessage::Body(_) => largest.body,
        SignedMessage::State(_) => largest.state,
        SignedMessage::Committed(_) => largest.committed,
        SignedMessage::Stable(_) => largest.stable,
        SignedMessage::Replies(_) => largest.replies,
        SignedMessage::Query(_) => largest.query,
        SignedMessage::Answer(_) => largest.answer,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use quorate_protocol::message::{Fetch, Message};
    use quorate_protocol::{ClusterId, Config, Digest, Keys, Quorum, ReplicaId};

    use super::check;

    #[test]
    fn a_message_that_is_larger_than_its_kind_may_be_is_found() {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let largest = Config::new(ReplicaId(0), quorum).largest();
        let mut keys = Keys::simulated(ReplicaId(1), 4, ClusterId([7; 32]));
        let digest = Digest([1; 32]);
        let signed = keys.sign_message(Message::Fetch(Fetch { digest })).unwrap();
        let signed = signed.into_signed();
        let checked = |bytes| check(&largest, ReplicaId(1), &signed, bytes);
        assert_eq!(checked(largest.vote), Ok(()));
        let found = checked(largest.vote + 1).unwrap_err().to_string();
        assert!(found.starts_with("Q sends a fetch of "), "{found}");
    }
}
