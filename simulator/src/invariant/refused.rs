//! No correct process refuses a correct one's message, except for lateness (rules 27 and 28).

use quorate_host::Event;
use quorate_protocol::{Misbehaviour, ReplicaId};

/// The rule.
pub const RULE: &str = "rules 27 and 28: a message that the limits let a correct process send is one that every correct process takes, unless it comes too late";

/// A correct process refused a correct one's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} refuses a message of {of}, which is correct: {why}")]
pub struct Refused {
    /// Who refuses.
    pub by: ReplicaId,
    /// Whose message it is.
    pub of: ReplicaId,
    /// Why.
    pub why: Misbehaviour,
}

/// Checks one event of a correct process.
///
/// # Errors
/// It refuses a correct process's message, and not for lateness.
pub fn check(correct: &[ReplicaId], by: ReplicaId, event: &Event) -> Result<(), Refused> {
    let (of, why) = match event {
        Event::RefusedBatch {
            sender,
            misbehaviour,
        } => (Some(*sender), misbehaviour),
        Event::Refused(misbehaviour) => (signer(misbehaviour), misbehaviour),
        _ => return Ok(()),
    };
    match of.filter(|of| correct.contains(of) && !is_late(why)) {
        Some(of) => Err(Refused {
            by,
            of,
            why: why.clone(),
        }),
        None => Ok(()),
    }
}

/// Whether a message that is right may be refused for this, because it came after what it is about, was sent again, or found
/// its sender's own room full.
const fn is_late(why: &Misbehaviour) -> bool {
    matches!(
        why,
        Misbehaviour::Expired { .. }
            | Misbehaviour::NotNeeded { .. }
            | Misbehaviour::OldTimestamp { .. }
            | Misbehaviour::OutsideWindow { .. }
            | Misbehaviour::TooManyWaiting { .. }
            | Misbehaviour::UnwantedBody { .. }
            | Misbehaviour::WrongView { .. }
    )
}

/// Whose message was refused, if the reason says it.
const fn signer(why: &Misbehaviour) -> Option<ReplicaId> {
    match why {
        Misbehaviour::BadSeal { signer, .. }
        | Misbehaviour::BadSignature { signer }
        | Misbehaviour::BodyMismatch { signer, .. }
        | Misbehaviour::ConflictingVotes { signer, .. }
        | Misbehaviour::Equivocation { signer, .. }
        | Misbehaviour::FalseProof { signer, .. }
        | Misbehaviour::InvalidCheckpointProof { signer, .. }
        | Misbehaviour::InvalidCommitProof { signer, .. }
        | Misbehaviour::InvalidNewView { signer, .. }
        | Misbehaviour::InvalidPrepared { signer, .. }
        | Misbehaviour::LargeBatch { signer, .. }
        | Misbehaviour::LargeOperation { signer, .. }
        | Misbehaviour::LargePiece { signer, .. }
        | Misbehaviour::LargeResult { signer, .. }
        | Misbehaviour::NotNeeded { signer }
        | Misbehaviour::NotInNewView { signer, .. }
        | Misbehaviour::NotPrimary { signer, .. }
        | Misbehaviour::OtherCommitProof { signer, .. }
        | Misbehaviour::OutsideWindow { signer, .. }
        | Misbehaviour::PrimaryPrepared { signer }
        | Misbehaviour::RequestOfAnother { signer, .. }
        | Misbehaviour::StrangerProved { signer }
        | Misbehaviour::UnknownSigner { signer }
        | Misbehaviour::WrongState { signer, .. }
        | Misbehaviour::UnwantedBody { signer }
        | Misbehaviour::WrongView { signer, .. } => Some(*signer),
        Misbehaviour::TooManyWaiting { speaker } => Some(*speaker),
        Misbehaviour::Expired { .. }
        | Misbehaviour::OldTimestamp { .. }
        | Misbehaviour::TimestampTaken { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use quorate_host::Event;
    use quorate_protocol::{Misbehaviour, ReplicaId, View};

    use super::check;

    #[test]
    fn a_correct_process_is_refused_for_lateness_only_and_a_faulty_one_for_anything() {
        let [p, q, r] = [0, 1, 2].map(ReplicaId);
        let correct = [p, q];
        let bad = |signer| Misbehaviour::BadSignature { signer };
        let refused = |signer| check(&correct, p, &Event::Refused(bad(signer)));
        assert!(refused(q).is_err());
        assert_eq!(refused(r), Ok(()));
        let of_batch = |sender| Event::RefusedBatch {
            sender,
            misbehaviour: bad(r),
        };
        assert!(check(&correct, p, &of_batch(q)).is_err(), "it carried it");
        assert_eq!(check(&correct, p, &of_batch(r)), Ok(()));
        let view = View(0);
        let late = Misbehaviour::WrongView { signer: q, view };
        assert_eq!(check(&correct, p, &Event::Refused(late)), Ok(()));
    }
}
