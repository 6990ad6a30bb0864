//! What callers ask of a process, and what it answers.

use quorate_fault::Say;
use quorate_fault::behaviour::Damage;
use quorate_protocol::{ClientId, ReplicaId, Seal, Sequence, Signed, Timestamp, View};
use quorate_service::exchange::{Vote, VoteRefused};
use quorate_service::gathering::{Unwise, Wish};
use quorate_service::{self as service, Operation};

use crate::queue::{Order, Taken};

/// What a caller asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Order an operation. The answer comes when a quorum has executed it.
    Submit {
        /// The operation.
        operation: Operation,
        /// The name under which the caller wants it ordered. Without one, the process lends a session.
        name: Option<RequestName>,
    },
    /// Answer a read-only operation: without ordering if enough replicas give the same answer, otherwise with.
    Read(Operation),
    /// Tell a process this process's own decision. The caller carries the vote there.
    Vote {
        /// The other process.
        recipient: ReplicaId,
        /// The decision.
        decision: String,
        /// The round; without it, the round after the latest decided.
        round: Option<u64>,
    },
    /// Hear the vote of another process.
    Hear(Heard),
    /// Close a round. The answer comes when it is decided.
    Finalize(Option<u64>),
    /// Order a request that came over HTTP. The answer comes at once.
    Order(Order),
    /// Want another primary, for a client that got no answer. The answer comes at once.
    Distrust,
    /// Do something in the gathering when it is its time. Only trusted callers speak for a process, in this way or with an
    /// ordered command: its misdeeds are told under its name. The answer comes at once; the state tells what became of it.
    Wish(Wish),
}

impl Ask {
    /// What is asked, in a word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "submit",
            Self::Read(_) => "read",
            Self::Vote { .. } => "vote",
            Self::Hear(_) => "hear",
            Self::Finalize(_) => "finalize",
            Self::Order(_) => "order",
            Self::Distrust => "distrust",
            Self::Wish(_) => "wish",
        }
    }
}

/// The name of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestName {
    /// The client: a name at this process, or a key.
    pub client: ClientId,
    /// The client's own counter.
    pub timestamp: Timestamp,
    /// The signature of the client's key, and the slot after which the request executes. A name has none.
    pub seal: Option<(Box<Seal>, Sequence)>,
}

/// The vote of another process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Who says it.
    pub sender: ReplicaId,
    /// Its decision.
    pub decision: String,
    /// The round; without it, the round after the latest decided.
    pub round: Option<u64>,
    /// The vote, signed and encoded. `None` from a caller who plays the process.
    pub signature: Option<Vec<u8>>,
}

/// What a process answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The result of an operation.
    Outcome(Outcome),
    /// The vote that the caller carries to the recipient.
    Told(Told),
    /// Whether the process listened to the vote.
    Listened(bool),
    /// The round's decision.
    Decided(String),
    /// What happens to a request over HTTP.
    Taken(Taken),
    /// The view in which the process was when it was asked for another primary. It leaves that view only if a request
    /// waits, and at most once within T.
    Distrusts(View),
    /// The process does what was wished for when it is its time.
    Wished,
    /// It does not do what was asked.
    Refused(Refusal),
}

impl Answer {
    /// What is answered, in a word.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Outcome(_) => "outcome",
            Self::Told(_) => "told",
            Self::Listened(_) => "listened",
            Self::Decided(_) => "decided",
            Self::Taken(_) => "taken",
            Self::Distrusts(_) => "distrusts",
            Self::Wished => "wished",
            Self::Refused(_) => "refused",
        }
    }
}

/// The result of a caller's operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The slot in which it executed, and the view. `None` if it was read without ordering.
    pub ordered: Option<(Sequence, View)>,
    /// The service's answer.
    pub answer: service::Answer,
}

/// What a process tells another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The round of the vote.
    pub round: u64,
    /// What it tells. A faulty process may lie, deny, or say nothing.
    pub say: Say,
    /// The vote. `None` if it tells nothing.
    pub vote: Option<SignedVote>,
}

/// A vote that a process has signed. It is encoded after its turn, so it shares a signature with all else that was signed in
/// the turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedVote {
    pub(crate) vote: Signed<Vote>,
    /// What a faulty process does to the bytes.
    pub(crate) damage: Option<Damage>,
}

impl SignedVote {
    /// The vote as it travels.
    ///
    /// # Panics
    /// Never: plain data can be encoded in memory.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "encoding plain data into a growing buffer cannot fail"
    )]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = postcard::to_stdvec(&self.vote).expect("plain data encodes");
        if let Some(damage) = &self.damage {
            damage.apply(&mut bytes);
        }
        bytes
    }
}

/// Why a process does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too many operations are under way, or too many bytes of operations.
    #[error(
        "{UNDER_WAY} operations are under way here, or {} MiB of operations; try again later",
        BYTES >> 20
    )]
    Full,
    /// The client has asked with a later timestamp already.
    #[error("the client has asked with timestamp {} already; use a greater one", .0.0)]
    TooOld(Timestamp),
    /// The client has another operation under way.
    #[error("the client has an operation under way; a client has one at a time")]
    Busy,
    /// The client has asked for another operation with this timestamp.
    #[error(
        "the client has asked for another operation with timestamp {} already; use a greater one",
        .0.0
    )]
    Taken(Timestamp),
    /// The client has asked with a later timestamp while this operation was under way.
    #[error(
        "the client has asked with timestamp {} meanwhile; this operation may have executed before",
        .0.0
    )]
    Overtaken(Timestamp),
    /// The request was signed too long ago.
    #[error(
        "so many other clients have asked since this request was signed that it may have executed and have been forgotten; \
         look whether it has, and sign it again if it has not"
    )]
    Expired,
    /// The request executes only after a later slot than this process has executed.
    #[error(
        "the request executes only after a later slot than {}, which this process has executed; \
         sign it with `low_watermark` of this process's status",
        .0.0
    )]
    Early(Sequence),
    /// The client's key has not signed the request.
    #[error(
        "the client's key has not signed this request: it signs this cluster's id, the timestamp, the slot and the \
         operation, as docs/store.md shows"
    )]
    BadSeal,
    /// The sender did not sign this vote.
    #[error("{0} did not sign this vote to {1}")]
    BadSignature(ReplicaId, ReplicaId),
    /// A vote without a signature, from a caller who is not trusted.
    #[error(
        "an unsigned vote is taken only while the process listens on loopback only; sign it with the sender's key"
    )]
    Unsigned,
    /// The process does not take part in a gathering by itself.
    #[error(
        "this process does not act in the gathering by itself: start nodes that do with `server HOST PORT`, or submit the \
         command itself, such as '1 bid LOT COMMITMENT'"
    )]
    GathersNot,
    /// A caller who is not trusted speaks for this process.
    #[error(
        "callers speak for a process in the gathering only while it listens on loopback alone; give the node its wishes when \
         it starts"
    )]
    NotFromElsewhere,
    /// The wish cannot be granted.
    #[error(transparent)]
    Unwise(#[from] Unwise),
    /// The round takes no votes.
    #[error(transparent)]
    Vote(#[from] VoteRefused),
}

/// The most operations and reads of callers that may be under way at once.
pub const UNDER_WAY: usize = 4096;
/// The most bytes of these operations and reads together (rule 27).
pub const BYTES: usize = 32 * 1024 * 1024;
/// How many requests may be under way at once for callers that give no name. What they ask meanwhile goes into the next one.
pub const LANES: usize = 4;
