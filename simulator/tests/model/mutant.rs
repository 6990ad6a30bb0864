//! Mistakes that the exploration must find. They are made around the engine, not in it.

use std::num::NonZeroU32;
use std::sync::Arc;

use quorate_protocol::message::ViewChange;
use quorate_protocol::{Keys, Quorum, SignedMessage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// The four replicas are told that they are three, so that two make a quorum.
    SmallQuorum,
    /// What the correct replicas send as VIEW-CHANGE has no certificates.
    ForgetfulViewChange,
}

impl Mutant {
    /// The arithmetic that replicas are told.
    pub(crate) fn quorum(this: Option<Self>) -> Quorum {
        let n = if this == Some(Self::SmallQuorum) {
            3
        } else {
            4
        };
        Quorum::of(NonZeroU32::new(n).expect("not zero"))
    }

    /// What becomes of a message of a correct replica.
    pub(crate) fn alter(self, keys: &Keys, message: Arc<SignedMessage>) -> Arc<SignedMessage> {
        match &*message {
            SignedMessage::ViewChange(wish) if self == Self::ForgetfulViewChange => {
                let view_change = ViewChange {
                    prepared: Vec::new(),
                    ..wish.value().clone()
                };
                Arc::new(SignedMessage::ViewChange(
                    keys.sign(view_change).into_signed(),
                ))
            }
            _ => message,
        }
    }
}
