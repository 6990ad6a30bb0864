use crate::evidence::Evidence;
use crate::id::{ReplicaId, Sequence, Timestamp, View};
use crate::message::{Message, Query, Request, SignedMessage, VerifiedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::part::Part;
use crate::record::Record;
use crate::time::Time;

/// What a replica asks its host to do. The host does the effects of a step in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Sign the message, hand it to the replica itself, and send it to all others.
    Broadcast(Message),
    /// Sign the message and send it to one replica.
    Send {
        /// The recipient.
        to: ReplicaId,
        /// The message.
        message: Message,
    },
    /// Send a message on that is signed already, by this replica or another.
    Forward {
        /// The recipient.
        to: ReplicaId,
        /// The message.
        message: Box<SignedMessage>,
    },
    /// Set the timer. This replaces an earlier setting.
    SetTimer {
        /// The timer.
        timer: Timer,
        /// When it runs out.
        at: Time,
    },
    /// Cancel the timer.
    CancelTimer(Timer),
    /// Execute the requests in order and give their results in [`crate::Input::Executed`], before any other input.
    Execute {
        /// The slot.
        sequence: Sequence,
        /// The requests to execute. Those that executed before are left out (rule 6).
        requests: Vec<Request>,
    },
    /// Take a snapshot of the service and give it in [`crate::Input::CheckpointTaken`], before any other input.
    TakeCheckpoint {
        /// The last slot that the state includes.
        sequence: Sequence,
    },
    /// Replace the service's state by this one, which a quorum has signed (rule 19).
    InstallState {
        /// The last slot that the state includes.
        sequence: Sequence,
        /// The parts that the service once returned as its snapshot.
        parts: Vec<Part>,
    },
    /// This replica's state at a checkpoint differs from a quorum's (rule 9). The replica now fetches the right one.
    Diverged {
        /// The checkpoint.
        sequence: Sequence,
    },
    /// Write this record to disk. The host first steps the replica until it has nothing more to do, which includes its
    /// own messages. Then it writes the records, and only then it sends (rule 22).
    Persist(Box<Record>),
    /// Query the service without changing it and give the result in [`crate::Input::Read`]. There is no answer if the
    /// operation is not read-only.
    Read {
        /// The replica that asks.
        to: ReplicaId,
        /// The query.
        query: Query,
    },
    /// A request that this process made for itself has executed here.
    Done {
        /// The timestamp of the request.
        timestamp: Timestamp,
    },
    /// A reply to a request, or an answer to a query, for a client that this process speaks for. The host gives it to
    /// its [`crate::client::Client`].
    Heard(Box<VerifiedMessage>),
    /// A view has started, or this replica asks for it. For observers only.
    ViewChanged {
        /// The view.
        view: View,
        /// True if the view has started, false if this replica asks for it.
        active: bool,
    },
    /// A message was refused. It changed nothing.
    Reject(Misbehaviour),
    /// A replica is proved faulty, for the first time in this way.
    Accuse(Box<Evidence>),
    /// A replica is proved faulty if the signatures hold. One of them nobody has checked, because it came with a vote that
    /// decided nothing ([`crate::Input::Surplus`]). If they hold, the host gives it back as [`crate::Input::Proved`].
    Suspect(Box<Evidence>),
}

/// The timers of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The timer of the current view, or of a view change (rules 14 and 15).
    View,
    /// The timer of the status message (rule 17).
    Status,
}
