//! Answers to commands and questions.

use std::fmt;

use quorate_protocol::{ClusterId, ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::closing::Phase;
use super::command::BadCommand;
use super::offer::Activity;
use super::word::{Name, hex};

/// The answer to a command or a question. It travels as postcard, which numbers the variants in this order: add new ones at the
/// end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The command counts.
    Counted,
    /// The same command of the same member has executed before. Nothing has changed.
    Again,
    /// The phase was closed before the command executed. It does not count.
    Late {
        /// The phase.
        phase: Phase,
        /// The slot that closed it.
        closed: Sequence,
    },
    /// The member has said something else before. The first counts, and the state keeps where both are in the order.
    Contradiction {
        /// The slot of the first.
        first: Sequence,
    },
    /// The command or question does not count. Nothing has changed but, perhaps, the list of misdeeds.
    Refused(Refusal),
    /// The answer to a question: a JSON object.
    View(String),
}

/// Why a command does not count. Answers contain it: add new variants at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The text is not a command.
    #[error(transparent)]
    Command(#[from] BadCommand),
    /// A caller with a name or a key of its own speaks.
    #[error("only a process of the cluster speaks as its member; ask a process to do it")]
    NotAMember,
    /// The cluster is not founded.
    #[error("the cluster is not founded yet: nothing counts before 'found {}'", hex(&.0.0))]
    NotFounded(ClusterId),
    /// Another cluster is to be founded.
    #[error("this is cluster {}, not {}", hex(&.ours.0), hex(&.theirs.0))]
    OtherCluster {
        /// The cluster that this is.
        ours: ClusterId,
        /// The one that the command names.
        theirs: ClusterId,
    },
    /// The nodes are to have other names.
    #[error("node {place} of this cluster is {ours}, not {theirs}")]
    OtherName {
        /// The first place where they differ, from 1.
        place: u32,
        /// The name that the node has.
        ours: Name,
        /// The one that the command gives.
        theirs: Name,
    },
    /// There are more or fewer names than nodes.
    #[error("this cluster has {ours} nodes, not {theirs}")]
    OtherSize {
        /// How many it has.
        ours: u32,
        /// How many the command names.
        theirs: u32,
    },
    /// The command is for another epoch.
    #[error("this is epoch {ours}, not {theirs}")]
    OtherEpoch {
        /// The epoch.
        ours: u64,
        /// The one that the command names.
        theirs: u64,
    },
    /// The offer excludes a member that does not exist.
    #[error("there is no member {0} to exclude")]
    NoSuchMember(ReplicaId),
    /// The members have not agreed yet.
    #[error("the members have not agreed yet: the offers are not closed")]
    NotAgreed,
    /// The members have agreed on something else.
    #[error("the members agreed on {}, not on {wanted}", .chosen.map_or("nothing", Activity::name))]
    OtherActivity {
        /// What they agreed on.
        chosen: Option<Activity>,
        /// What the command belongs to.
        wanted: Activity,
    },
    /// The member does not take part in what was agreed on.
    #[error("{0} does not take part: it made no offer in time, or its terms did not hold")]
    TakesNoPart(ReplicaId),
    /// Nothing has this name.
    #[error("nothing is called '{0}' here: no lot, question or job was opened under this name")]
    NoSuch(Name),
    /// Something else has this name.
    #[error("{by} has opened '{name}' otherwise, in slot {}; use another name", .slot.0)]
    NameTaken {
        /// The name.
        name: Name,
        /// Who opened it.
        by: ReplicaId,
        /// When.
        slot: Sequence,
    },
    /// The member has opened as much as it may in this epoch.
    #[error(
        "{member} has opened {most} lots, questions and jobs in this epoch, which is all it may"
    )]
    TooMany {
        /// The member.
        member: ReplicaId,
        /// How much it may open.
        most: u32,
    },
    /// A bid is revealed before the bids are closed.
    #[error("the bids for '{0}' are not closed yet; whoever reads this reveal now knows the bid")]
    Early(Name),
    /// The reveals are to be closed before the bids.
    #[error("the bids for '{0}' are not closed yet: close them before the reveals")]
    BidsOpen(Name),
    /// The member has not bid.
    #[error("{member} has no bid for '{lot}'")]
    NoBid {
        /// The member.
        member: ReplicaId,
        /// The lot.
        lot: Name,
    },
    /// Amount and salt do not fit the bid.
    #[error("amount and salt do not fit the sealed bid of {member} for '{lot}'")]
    WrongReveal {
        /// The member.
        member: ReplicaId,
        /// The lot.
        lot: Name,
    },
    /// The ballot does not fit the question.
    #[error("a ballot on '{0}' names one of its options, or with borda some of them in order")]
    Ballot(Name),
    /// The job has no such part, or the member is not to do it.
    #[error("part {part} of '{job}' is not for {member} to do")]
    NotAssigned {
        /// The member.
        member: ReplicaId,
        /// The job.
        job: Name,
        /// The part, from 1.
        part: u32,
    },
    /// The answer would be longer than a request may return.
    #[error(
        "the answer would have {bytes} bytes, and {most} fit: ask for one thing of the list at a time"
    )]
    TooLong {
        /// How long it would be.
        bytes: u64,
        /// How long it may be.
        most: u64,
    },
    /// The text is not a question.
    #[error(
        "ask for members, offers, offer MEMBER, agreement, auctions, auction LOT, votes, vote QUESTION, jobs, job JOB, or happenings FROM"
    )]
    Query,
}

impl Answer {
    /// Whether the command did what it says, or the question got its answer.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match self {
            Self::Counted | Self::Again | Self::View(_) => true,
            Self::Late { .. } | Self::Contradiction { .. } | Self::Refused(_) => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counted => f.write_str("ok"),
            Self::Again => f.write_str("ok: it had executed before"),
            Self::Late { phase, closed } => {
                write!(f, "refused: {phase} closed in slot {}", closed.0)
            }
            Self::Contradiction { first } => {
                let first = first.0;
                write!(
                    f,
                    "refused: the member has said something else in slot {first}, which counts"
                )
            }
            Self::Refused(refusal) => write!(f, "refused: {refusal}"),
            Self::View(json) => f.write_str(json),
        }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
