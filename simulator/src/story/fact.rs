//! What a story claims of its run.

use std::collections::BTreeSet;
use std::fmt;

use quorate_protocol::{ReplicaId, message};
use quorate_trace::{Actor, Event, Fingerprint, Kind};
use serde::Deserialize;

/// A claim about what has happened up to a moment. Its text is a sentence.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fact {
    /// All these processes have executed the slot, with the same content.
    Executed {
        /// Which slot.
        slot: u64,
        /// Who.
        by: Vec<Actor>,
    },
    /// None of these processes has executed the slot.
    Waits {
        /// Which slot.
        slot: u64,
        /// Who.
        by: Vec<Actor>,
    },
    /// Two processes have executed different content in one slot.
    Split {
        /// Which slot.
        slot: u64,
        /// Who.
        by: [Actor; 2],
    },
    /// All these processes have executed so many requests in the slot; an empty slot has none.
    Holds {
        /// Which slot.
        slot: u64,
        /// How many.
        requests: usize,
        /// Who.
        by: Vec<Actor>,
    },
    /// All these processes are in this view.
    View {
        /// Which view.
        view: u64,
        /// Who.
        by: Vec<Actor>,
    },
    /// Each of these processes can prove that another one is faulty.
    Proved {
        /// Who is proved faulty.
        accused: Actor,
        /// Who can prove it.
        by: Vec<Actor>,
    },
    /// Nobody can prove that a process is faulty.
    Unproved {
        /// Who.
        accused: Actor,
    },
    /// None of these processes has sent anything.
    Silent {
        /// Who.
        by: Vec<Actor>,
    },
    /// A process has sent different proposals for one slot of one view.
    ProposedTwice {
        /// Who.
        by: Actor,
        /// Which slot.
        slot: u64,
    },
    /// A process has voted for a slot, for something else than what the others have executed there.
    VotedOtherwise {
        /// Who.
        by: Actor,
        /// Which slot.
        slot: u64,
    },
    /// A process has started again, and has not voted since.
    Abstains {
        /// Who.
        by: Actor,
    },
    /// A process has started again, and has voted since.
    VotesAgain {
        /// Who.
        by: Actor,
    },
    /// A process has taken over the data of the others.
    Copied {
        /// Who.
        by: Actor,
    },
    /// The signed votes of both sides of a disagreement prove that these processes, and no others, are faulty.
    Blamed {
        /// Who.
        culprits: Vec<Actor>,
    },
}

/// What is known of a run at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What has happened until then.
    pub events: &'a [Event],
    /// Who is proved faulty by the disagreement that ends the run, if this is its end.
    pub culprits: &'a BTreeSet<ReplicaId>,
}

impl Fact {
    /// Whether it is so.
    #[must_use]
    pub fn holds(&self, seen: Seen<'_>) -> bool {
        let events = seen.events;
        match self {
            Self::Executed { slot, by } => {
                let contents: BTreeSet<_> =
                    by.iter().map(|&who| content(events, who, *slot)).collect();
                contents.len() == 1 && !contents.contains(&None)
            }
            Self::Waits { slot, by } => by.iter().all(|&who| content(events, who, *slot).is_none()),
            Self::Split {
                slot,
                by: [one, other],
            } => {
                let both = content(events, *one, *slot).zip(content(events, *other, *slot));
                both.is_some_and(|(one, other)| one != other)
            }
            Self::Holds { slot, requests, by } => {
                let words = format!("{requests} requests, ");
                let holds = |event: &Event| {
                    event
                        .what
                        .as_ref()
                        .is_some_and(|what| what.starts_with(&words))
                };
                let of_slot =
                    |event: &&Event| event.kind == Kind::Execute && event.slot == Some(*slot);
                let mut executed = by
                    .iter()
                    .map(|who| events.iter().filter(of_slot).rfind(|event| event.p == *who));
                executed.all(|event| event.is_some_and(holds))
            }
            Self::View { view, by } => by.iter().all(|&who| view_of(events, who) == *view),
            Self::Proved { accused, by } => by
                .iter()
                .all(|&who| accusers(events, *accused).contains(&who)),
            Self::Unproved { accused } => accusers(events, *accused).is_empty(),
            Self::Silent { by } => !events
                .iter()
                .any(|event| event.kind == Kind::Send && by.contains(&event.p)),
            Self::ProposedTwice { by, slot } => {
                let of_slot = sent(events, *by, &[message::Kind::PRE_PREPARE])
                    .filter(|event| event.slot == Some(*slot));
                let mut seen: Vec<(Option<u64>, Option<Fingerprint>)> = Vec::new();
                seen.extend(of_slot.map(|event| (event.view, event.digest)));
                seen.iter().any(|one| {
                    seen.iter()
                        .any(|other| one.0 == other.0 && one.1 != other.1)
                })
            }
            Self::VotedOtherwise { by, slot } => {
                let executed: BTreeSet<_> = processes(events)
                    .into_iter()
                    .filter(|who| who != by)
                    .filter_map(|who| content(events, who, *slot))
                    .collect();
                let mut of_slot = votes(events, *by).filter(|event| event.slot == Some(*slot));
                !executed.is_empty()
                    && of_slot.any(|event| {
                        event
                            .digest
                            .is_some_and(|digest| !executed.contains(&digest))
                    })
            }
            Self::Abstains { by } => life(events, *by) > 0 && !votes_again(events, *by),
            Self::VotesAgain { by } => votes_again(events, *by),
            Self::Copied { by } => events.iter().any(|event| {
                event.p == *by
                    && event.kind == Kind::Checkpoint
                    && event.what.as_deref() == Some("installed")
            }),
            Self::Blamed { culprits } => {
                let named: BTreeSet<_> = culprits.iter().map(|actor| actor.process).collect();
                !named.is_empty() && named == *seen.culprits
            }
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Executed { slot, by } if by.len() == 1 => {
                write!(f, "{} has executed slot {slot}.", list(by))
            }
            Self::Executed { slot, by } => {
                write!(f, "{} have executed slot {slot}, all the same.", list(by))
            }
            Self::Waits { slot, by } => {
                write!(f, "{} {} not executed slot {slot}.", list(by), has(by))
            }
            Self::Split {
                slot,
                by: [one, other],
            } => write!(
                f,
                "In slot {slot}, {one} has executed something else than {other}."
            ),
            Self::Holds {
                slot,
                requests: 0,
                by,
            } => write!(f, "Slot {slot} is empty at {}.", list(by)),
            Self::Holds {
                slot,
                requests: 1,
                by,
            } => write!(f, "Slot {slot} holds one request at {}.", list(by)),
            Self::Holds { slot, requests, by } => {
                write!(f, "Slot {slot} holds {requests} requests at {}.", list(by))
            }
            Self::View { view, by } if by.len() == 1 => {
                write!(f, "{} is in view {view}.", list(by))
            }
            Self::View { view, by } => write!(f, "{} are in view {view}.", list(by)),
            Self::Proved { accused, by } => {
                write!(f, "{} can prove that {accused} lied.", list(by))
            }
            Self::Unproved { accused } => write!(f, "Nobody can prove anything against {accused}."),
            Self::Silent { by } => write!(f, "{} {} sent nothing.", list(by), has(by)),
            Self::ProposedTwice { by, slot } => {
                write!(f, "{by} has sent two different proposals for slot {slot}.")
            }
            Self::VotedOtherwise { by, slot } => {
                write!(
                    f,
                    "In slot {slot}, {by} has voted for something that nobody has executed."
                )
            }
            Self::Abstains { by } => write!(f, "{by} has not voted since it started again."),
            Self::VotesAgain { by } => write!(f, "{by} has voted since it started again."),
            Self::Copied { by } => write!(f, "{by} has taken over a copy of the data."),
            Self::Blamed { culprits } => write!(
                f,
                "The signed votes of both sides prove that {} lied, and nobody else.",
                list(culprits)
            ),
        }
    }
}

/// `P`, `P and Q`, `P, Q and R`.
fn list(names: &[Actor]) -> String {
    let names: Vec<String> = names.iter().map(Actor::to_string).collect();
    match names.split_last() {
        None => "nobody".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

const fn has(names: &[Actor]) -> &'static str {
    if names.len() == 1 { "has" } else { "have" }
}

fn processes(events: &[Event]) -> BTreeSet<Actor> {
    events.iter().map(|event| event.p).collect()
}

/// What a process has executed in a slot, if it has.
fn content(events: &[Event], who: Actor, slot: u64) -> Option<Fingerprint> {
    let mut own = events
        .iter()
        .filter(|event| event.p == who && event.slot == Some(slot));
    own.clone().find(|event| event.kind == Kind::Execute)?;
    own.rfind(|event| event.kind == Kind::Committed)?.digest
}

/// The view in which a process is.
fn view_of(events: &[Event], who: Actor) -> u64 {
    let starts = |event: &&Event| {
        event.p == who && event.kind == Kind::View && event.what.as_deref() == Some("starts")
    };
    events
        .iter()
        .rfind(starts)
        .and_then(|event| event.view)
        .unwrap_or(0)
}

/// Who can prove that a process is faulty.
fn accusers(events: &[Event], accused: Actor) -> BTreeSet<Actor> {
    let proofs = events
        .iter()
        .filter(|event| event.kind == Kind::Accuse && event.accused == Some(accused));
    proofs.map(|event| event.p).collect()
}

/// What a process has sent of these kinds.
fn sent<'a>(
    events: &'a [Event],
    who: Actor,
    kinds: &'a [message::Kind],
) -> impl Iterator<Item = &'a Event> {
    let of_kind = |event: &Event| event.message.is_some_and(|kind| kinds.contains(&kind));
    events
        .iter()
        .filter(move |event| event.kind == Kind::Send && event.p == who && of_kind(event))
}

fn votes(events: &[Event], who: Actor) -> impl Iterator<Item = &Event> {
    sent(
        events,
        who,
        &[message::Kind::PREPARE, message::Kind::COMMIT],
    )
}

/// How often a process had started before its present life.
fn life(events: &[Event], who: Actor) -> u32 {
    events
        .iter()
        .rfind(|event| event.p == who)
        .map_or(0, |event| event.life)
}

fn votes_again(events: &[Event], who: Actor) -> bool {
    let life = life(events, who);
    life > 0 && votes(events, who).any(|event| event.life == life)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quorate_protocol::message;
    use quorate_trace::{Event, Kind};

    use super::{Fact, Seen};

    #[test]
    fn what_a_process_voted_before_its_last_start_is_no_vote_since() {
        let event = |kind, life| Event {
            life,
            message: (kind == Kind::Send).then_some(message::Kind::COMMIT),
            ..Event::new(kind)
        };
        let events = [
            event(Kind::Send, 1),
            event(Kind::Start, 2),
            event(Kind::Send, 2),
        ];
        let who = events[0].p;
        let holds = |fact: Fact, count: usize| {
            fact.holds(Seen {
                events: &events[..count],
                culprits: &BTreeSet::new(),
            })
        };
        assert!(holds(Fact::VotesAgain { by: who }, 1));
        assert!(holds(Fact::Abstains { by: who }, 2));
        assert!(holds(Fact::VotesAgain { by: who }, 3));
    }
}
