use std::sync::Arc;

use crate::evidence::Evidence;
use crate::id::{ReplicaId, Sequence, Timestamp, View};
use crate::message::{Message, Request, SignedMessage, VerifiedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::record::Record;
use crate::time::Time;

/// What a replica wants done. The host does it, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Sign the message, hand it to the replica itself, and send it to all others.
    Broadcast(Message),
    /// Sign the message and send it to one.
    Send {
        /// The recipient.
        to: ReplicaId,
        /// What is said.
        message: Message,
    },
    /// Send on what was signed before, by whomever.
    Forward {
        /// The recipient.
        to: ReplicaId,
        /// The message.
        message: Box<SignedMessage>,
    },
    /// Set the timer, instead of any earlier setting of it.
    SetTimer {
        /// Which.
        timer: Timer,
        /// When it runs out.
        at: Time,
    },
    /// Forget the timer.
    CancelTimer(Timer),
    /// Execute the requests, in order, and come back with [`crate::Input::Executed`] before anything else.
    Execute {
        /// The slot.
        sequence: Sequence,
        /// The requests that are new: what executed before is left out (rule 6).
        requests: Vec<Request>,
    },
    /// Take a snapshot of the service's state and come back with [`crate::Input::CheckpointTaken`] before anything else.
    TakeCheckpoint {
        /// The slot up to which the state is.
        sequence: Sequence,
    },
    /// Put this state in the place of the service's own; it is what a quorum has (rule 19).
    InstallState {
        /// The slot up to which the state is.
        sequence: Sequence,
        /// The service's parts, as it once gave them.
        parts: Vec<Arc<[u8]>>,
    },
    /// This replica's state at a checkpoint is not what a quorum has (rule 9); it is about to be repaired.
    Diverged {
        /// The checkpoint.
        sequence: Sequence,
    },
    /// Write this down. The host first runs the replica until it has nothing more to do, its own messages included, then
    /// writes, and only then sends (rule 22).
    Persist(Box<Record>),
    /// Read from the service without changing anything, and come back with [`crate::Input::Read`]; what is no read-only
    /// operation needs no answer.
    Read {
        /// Who asks.
        to: ReplicaId,
        /// The asker's number for it.
        number: u64,
        /// What to read.
        operation: Vec<u8>,
    },
    /// An operation of this process itself has executed here.
    Done {
        /// Its request.
        timestamp: Timestamp,
    },
    /// A reply, or the answer to a query, has come for the clients that this process speaks for: to be handed to its
    /// [`crate::client::Client`].
    Heard(Box<VerifiedMessage>),
    /// A view has started, or is wanted; for whoever watches.
    ViewChanged {
        /// The view.
        view: View,
        /// Whether it has started.
        active: bool,
    },
    /// A message was refused; nothing came of it.
    Reject(Misbehaviour),
    /// A replica is proved faulty.
    Accuse(Box<Evidence>),
}

/// The timers of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The view's progress (rules 14 and 15).
    View,
    /// The status message (rule 17).
    Status,
}
