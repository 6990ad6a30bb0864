//! What happens in a gathering, as typed events. Every node gets the same ones, and prints the same lines.

use std::collections::BTreeMap;
use std::fmt;

use quorate_protocol::{ClusterId, ReplicaId, Sequence};
use serde::{Deserialize, Serialize};

use super::choice::{Choice, Standing};
use super::command::{Price, Rule, Task};
use super::offer::Offer;
use super::word::{Name, joined, short};

/// The stage that a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The cluster is founded.
    Found,
    /// Members make offers.
    Negotiate,
    /// They have agreed.
    Agree,
    /// They do what they agreed on.
    Act,
    /// A member has done what a correct one never does.
    Malicious,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// Its number, from 0.
    pub number: u64,
    /// The slot.
    pub slot: Sequence,
    /// What it was.
    pub happening: Happening,
}

/// What happened. The states of all replicas contain it: add new variants at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happening {
    /// The cluster is founded.
    Founded {
        /// The cluster's id.
        cluster: ClusterId,
        /// The names of the nodes, in the order of the replicas.
        names: Vec<Name>,
        /// f.
        liars: u32,
    },
    /// A new epoch begins.
    Began(u64),
    /// A member makes an offer.
    Offered(ReplicaId, Offer),
    /// So many offers count.
    OffersClosed(u32),
    /// The members have agreed, or found that they cannot.
    Chosen {
        /// What they chose, and why.
        choice: Choice,
        /// n.
        members: u32,
        /// The size of a quorum.
        quorum: u32,
    },
    /// A lot is up for auction.
    LotOpened {
        /// The lot.
        lot: Name,
        /// Who puts it up.
        by: ReplicaId,
        /// What the winner pays.
        price: Price,
    },
    /// Bids for a lot are no longer taken.
    BidsClosed {
        /// The lot.
        lot: Name,
        /// Who has bid.
        bidders: Vec<ReplicaId>,
    },
    /// The bids of a lot are open.
    Revealed {
        /// The lot.
        lot: Name,
        /// The amounts.
        amounts: BTreeMap<ReplicaId, u64>,
        /// Who did not reveal.
        void: Vec<ReplicaId>,
    },
    /// A lot is sold, or not.
    Sold {
        /// The lot.
        lot: Name,
        /// What the winner pays.
        price: Price,
        /// The winner, and what it pays.
        winner: Option<(ReplicaId, u64)>,
    },
    /// A question is asked.
    QuestionOpened {
        /// The question.
        question: Name,
        /// Who asks.
        by: ReplicaId,
        /// How ballots are counted.
        rule: Rule,
        /// What may be voted for.
        options: Vec<Name>,
    },
    /// A vote has ended.
    Voted {
        /// The question.
        question: Name,
        /// How many ballots count.
        ballots: u32,
        /// The points of each option.
        tally: Vec<(Name, u64)>,
        /// The option that wins. `None` if nobody has voted.
        winner: Option<Name>,
    },
    /// The members have got a job.
    JobOpened {
        /// The job.
        job: Name,
        /// Who gives it.
        by: ReplicaId,
        /// What is to be done.
        task: Task,
    },
    /// f+1 members have given the same result of a part.
    PartDone {
        /// The job.
        job: Name,
        /// The part, from 1.
        part: u32,
        /// The result.
        value: u64,
        /// Who gave it.
        by: Vec<ReplicaId>,
    },
    /// A job is done.
    JobDone {
        /// The job.
        job: Name,
        /// What was to be done.
        task: Task,
        /// The result.
        total: u64,
    },
    /// A job has ended, and some of its parts are not done.
    JobEnded {
        /// The job.
        job: Name,
        /// The parts, from 1.
        undone: Vec<u32>,
    },
    /// A member has done what is not in order.
    Misdeed(ReplicaId, Misdeed),
    /// A member has misbehaved so often that its further misdeeds of this epoch are not told.
    Muted(ReplicaId),
}

/// What a member has done that is not in order. What comes late, or not at all, is no proof of malice and is not called so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Misdeed {
    /// It wants another cluster founded than the one whose keys it signs with.
    OtherCluster(ClusterId),
    /// It wants other names for the nodes than those that follow from their keys.
    OtherNames,
    /// It has made two different offers.
    SecondOffer {
        /// The slot of the first, which counts.
        first: Sequence,
    },
    /// Its offer came after the close.
    LateOffer,
    /// It has made two different bids for a lot.
    SecondBid {
        /// The lot.
        lot: Name,
        /// The slot of the first, which counts.
        first: Sequence,
        /// Whether the second came after the close.
        closed: bool,
    },
    /// Its bid came after the close.
    LateBid(Name),
    /// It has bid, and has not revealed its bid for an earlier lot.
    IndebtedBid {
        /// The lot.
        lot: Name,
        /// The lot for which it did not reveal.
        unrevealed: Name,
    },
    /// Its reveal does not fit its bid.
    WrongReveal(Name),
    /// Its reveal came after the close.
    LateReveal(Name),
    /// Its bid was a copy of another's.
    CopiedBid {
        /// The lot.
        lot: Name,
        /// The bidder whose bid it copied.
        of: ReplicaId,
    },
    /// It has cast two different ballots on a question.
    SecondBallot {
        /// The question.
        question: Name,
        /// The slot of the first, which counts.
        first: Sequence,
    },
    /// Its ballot came after the close.
    LateBallot(Name),
    /// It has given two different results of a part.
    SecondResult {
        /// The job.
        job: Name,
        /// The part, from 1.
        part: u32,
        /// The slot of the first, which counts.
        first: Sequence,
    },
    /// Its result came after the close.
    LateResult(Name),
    /// Its result of a part is not the one that f+1 members have given.
    WrongResult {
        /// The job.
        job: Name,
        /// The part, from 1.
        part: u32,
        /// Its result.
        value: u64,
        /// The result of the others.
        right: u64,
    },
}

impl Happening {
    /// The stage that it belongs to.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Founded { .. } => Stage::Found,
            Self::Began(_) | Self::Offered(..) | Self::OffersClosed(_) => Stage::Negotiate,
            Self::Chosen { .. } => Stage::Agree,
            Self::LotOpened { .. }
            | Self::BidsClosed { .. }
            | Self::Revealed { .. }
            | Self::Sold { .. }
            | Self::QuestionOpened { .. }
            | Self::Voted { .. }
            | Self::JobOpened { .. }
            | Self::PartDone { .. }
            | Self::JobDone { .. }
            | Self::JobEnded { .. } => Stage::Act,
            Self::Misdeed(_, misdeed) => misdeed.stage(),
            Self::Muted(_) => Stage::Malicious,
        }
    }
}

impl Misdeed {
    /// The stage that it belongs to: [`Stage::Malicious`] if no correct member does it.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::LateOffer => Stage::Negotiate,
            Self::LateBid(_)
            | Self::LateReveal(_)
            | Self::LateBallot(_)
            | Self::LateResult(_)
            | Self::IndebtedBid { .. } => Stage::Act,
            Self::OtherCluster(_)
            | Self::OtherNames
            | Self::SecondOffer { .. }
            | Self::SecondBid { .. }
            | Self::WrongReveal(_)
            | Self::CopiedBid { .. }
            | Self::SecondBallot { .. }
            | Self::SecondResult { .. }
            | Self::WrongResult { .. } => Stage::Malicious,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Found => "found",
            Self::Negotiate => "negotiate",
            Self::Agree => "agree",
            Self::Act => "act",
            Self::Malicious => "malicious",
        })
    }
}

/// The text of a line, without its stage.
impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (slot {})", self.happening, self.slot.0)
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Founded {
                cluster,
                names,
                liars,
            } => founded(f, *cluster, names, *liars),
            Self::Began(epoch) => write!(f, "epoch {epoch} begins: new offers are taken"),
            Self::Offered(member, offer) => offered(f, *member, offer),
            Self::OffersClosed(1) => f.write_str("closed: 1 offer"),
            Self::OffersClosed(offers) => write!(f, "closed: {offers} offers"),
            Self::Chosen {
                choice,
                members,
                quorum,
            } => chosen(f, choice, *members, *quorum),
            Self::LotOpened { lot, by, price } => {
                write!(f, "{by} puts '{lot}' up for auction ({price} price)")
            }
            Self::BidsClosed { lot, bidders } if bidders.is_empty() => {
                write!(f, "auction '{lot}': closed without a bid")
            }
            Self::BidsClosed { lot, bidders } => {
                let bidders = joined(bidders, ", ");
                write!(f, "auction '{lot}': closed with sealed bids of {bidders}")
            }
            Self::Revealed { lot, amounts, void } => revealed(f, lot, amounts, void),
            Self::Sold { lot, winner, price } => match winner {
                Some((winner, amount)) => {
                    write!(f, "{winner} wins '{lot}' for {amount} ({price} price)")
                }
                None => write!(f, "nobody wins '{lot}': no bid counts"),
            },
            Self::QuestionOpened {
                question,
                by,
                rule,
                options,
            } => {
                let options = joined(options, ", ");
                write!(f, "{by} asks '{question}' ({rule}): {options}")
            }
            Self::Voted {
                question,
                ballots,
                tally,
                winner,
            } => voted(f, question, *ballots, tally, winner.as_ref()),
            Self::JobOpened { job, by, task } => {
                write!(f, "{by} gives the job '{job}': {}", words(*task))
            }
            Self::PartDone {
                job,
                part,
                value,
                by,
            } => {
                let by = joined(by, ", ");
                write!(f, "part {part} of '{job}': {value}, as {by} say")
            }
            Self::JobDone { job, task, total } => {
                write!(f, "'{job}' is done: {total} {}", words(*task))
            }
            Self::JobEnded { job, undone } => {
                let undone = joined(undone, ", ");
                write!(
                    f,
                    "'{job}' has ended unfinished: too few equal results of parts {undone}"
                )
            }
            Self::Misdeed(member, misdeed) => write!(f, "{member} {misdeed}"),
            Self::Muted(member) => {
                write!(
                    f,
                    "{member} misbehaves too often; the rest of this epoch is not told"
                )
            }
        }
    }
}

fn founded(
    f: &mut fmt::Formatter<'_>,
    cluster: ClusterId,
    names: &[Name],
    liars: u32,
) -> fmt::Result {
    let nodes = names.iter().zip((0..).map(ReplicaId));
    let nodes = nodes.map(|(name, process)| format!("{process}={name}"));
    let (cluster, count) = (short(&cluster.0), names.len());
    let nodes = joined(nodes, " ");
    write!(
        f,
        "cluster {cluster}, {count} nodes, {liars} may lie: {nodes}"
    )
}

fn offered(f: &mut fmt::Formatter<'_>, member: ReplicaId, offer: &Offer) -> fmt::Result {
    let numbers = |numbers: &BTreeMap<Name, u64>| {
        joined(
            numbers
                .iter()
                .map(|(name, value)| format!("{name} {value}")),
            ", ",
        )
    };
    write!(f, "{member} offers {}", joined(&offer.services, ", "))?;
    for (says, what) in [
        ("", numbers(&offer.can)),
        ("needs ", numbers(&offer.needs)),
        ("at least ", joined(offer.least, "")),
        ("at most ", joined(offer.most, "")),
        ("without ", joined(&offer.without, ", ")),
        ("within slots ", joined(offer.deadline, "")),
        ("prefers ", joined(&offer.prefers, ", ")),
    ] {
        if !what.is_empty() {
            write!(f, "; {says}{what}")?;
        }
    }
    Ok(())
}

fn chosen(f: &mut fmt::Formatter<'_>, choice: &Choice, members: u32, quorum: u32) -> fmt::Result {
    let standing = |one: &Standing| {
        let (activity, offered) = (one.activity, one.offered_by.len());
        let takes_part = one.members.len();
        match one.points {
            Some(points) => {
                format!("{activity}: offered by {offered} of {members}, Borda {points}")
            }
            None if takes_part < offered => {
                format!(
                    "{activity}: offered by {offered} of {members}, terms leave {takes_part}, not feasible"
                )
            }
            None => format!("{activity}: offered by {offered} of {members}, not feasible"),
        }
    };
    match (choice.chosen, choice.members()) {
        (Some(activity), Some(takes_part)) => {
            write!(f, "{activity}, by {}", joined(takes_part, ", "))?;
        }
        _ => write!(f, "no common activity: {quorum} members are needed")?,
    }
    for standing in choice.standings.iter().map(standing) {
        write!(f, "; {standing}")?;
    }
    if !choice.numbers.is_empty() {
        let numbers = choice.numbers.iter();
        let numbers = joined(numbers.map(|(name, value)| format!("{name} {value}")), ", ");
        write!(f, "; a correct member has at least {numbers}")?;
    }
    Ok(())
}

fn revealed(
    f: &mut fmt::Formatter<'_>,
    lot: &Name,
    amounts: &BTreeMap<ReplicaId, u64>,
    void: &[ReplicaId],
) -> fmt::Result {
    let mut told = Vec::new();
    if !amounts.is_empty() {
        let amounts = amounts.iter();
        told.push(joined(
            amounts.map(|(who, amount)| format!("{who} {amount}")),
            ", ",
        ));
    }
    if !void.is_empty() {
        told.push(format!("{} did not reveal: void", joined(void, ", ")));
    }
    if told.is_empty() {
        told.push("no bid counts".to_owned());
    }
    write!(f, "auction '{lot}': {}", told.join("; "))
}

fn voted(
    f: &mut fmt::Formatter<'_>,
    question: &Name,
    ballots: u32,
    tally: &[(Name, u64)],
    winner: Option<&Name>,
) -> fmt::Result {
    let Some(winner) = winner else {
        return write!(f, "'{question}' has no answer: nobody voted");
    };
    let tally = tally
        .iter()
        .map(|(option, points)| format!("{option} {points}"));
    let tally = joined(tally, ", ");
    write!(f, "'{question}': {winner}, with {ballots} ballots: {tally}")
}

fn words(task: Task) -> String {
    let Task { from, to, parts } = task;
    format!("primes from {from} to before {to}, in {parts} parts")
}

/// What the member does, without its name.
impl fmt::Display for Misdeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherCluster(cluster) => {
                write!(
                    f,
                    "wants to found another cluster, {}: refused",
                    short(&cluster.0)
                )
            }
            Self::OtherNames => f.write_str("wants other names for the nodes: refused"),
            Self::SecondOffer { first } => {
                write!(f, "made two offers: the first, in slot {}, counts", first.0)
            }
            Self::LateOffer => f.write_str("made its offer after the close: refused"),
            Self::SecondBid {
                lot,
                first,
                closed: false,
            } => write!(
                f,
                "changed its bid for '{lot}': the first, in slot {}, counts",
                first.0
            ),
            Self::SecondBid { lot, first, .. } => {
                let first = first.0;
                write!(
                    f,
                    "changed its bid for '{lot}' after the close: the one in slot {first} counts"
                )
            }
            Self::LateBid(lot) => write!(f, "bid for '{lot}' after the close: refused"),
            Self::IndebtedBid { lot, unrevealed } => {
                write!(
                    f,
                    "has not revealed its bid for '{unrevealed}': its bid for '{lot}' is void"
                )
            }
            Self::WrongReveal(lot) => {
                write!(f, "revealed for '{lot}' what it did not bid: refused")
            }
            Self::LateReveal(lot) => {
                write!(
                    f,
                    "revealed its bid for '{lot}' after the close: it stays void"
                )
            }
            Self::CopiedBid { lot, of } => {
                write!(f, "copied the sealed bid of {of} for '{lot}': void")
            }
            Self::SecondBallot { question, first } => {
                write!(
                    f,
                    "changed its ballot on '{question}': the first, in slot {}, counts",
                    first.0
                )
            }
            Self::LateBallot(question) => {
                write!(f, "voted on '{question}' after the close: refused")
            }
            Self::SecondResult { job, part, first } => {
                let first = first.0;
                write!(
                    f,
                    "changed its result of part {part} of '{job}': the one in slot {first} counts"
                )
            }
            Self::LateResult(job) => write!(f, "gave a result of '{job}' after the close: refused"),
            Self::WrongResult {
                job,
                part,
                value,
                right,
            } => write!(
                f,
                "says that part {part} of '{job}' is {value}: wrong, it is {right}"
            ),
        }
    }
}
