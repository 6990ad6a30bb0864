//! How each behaviour shows in the traces of the other processes. The tests of the simulator and of live processes share it.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::message::Kind as Message;
use quorate_trace::{Event, Kind, Why};

/// How a behaviour is seen.
pub(crate) struct Case {
    /// As `--faulty` takes it. The process is P, the first primary, or S, a backup.
    pub(crate) faulty: &'static str,
    /// Whether the others' traces show it.
    pub(crate) shows: fn(&Seen) -> bool,
}

pub(crate) const CASES: [Case; 18] = [
    case("S=deny", says_nothing),
    case("S=crash:20", falls_silent),
    case("S=silent", says_nothing),
    case("S=delay:100ms", votes_late),
    case("S=drop:50%", leaves_gaps),
    case("S=duplicate", says_all_twice),
    case("S=replay", says_what_is_over),
    case("P=equivocate", proposes_two_batches),
    case("S=lie", votes_for_what_nobody_proposed),
    case("S=corrupt", is_refused),
    case("Q=forge", is_refused),
    case("S=impersonate", is_refused),
    case("P=skip", skips_slots),
    case("P=slow", proposes_late),
    case("S=tamper", has_another_state),
    case("S=spam", wants_other_views),
    case("S=flood", is_accused),
    case("P=amnesia", is_accused),
];

const fn case(faulty: &'static str, shows: fn(&Seen) -> bool) -> Case {
    Case { faulty, shows }
}

/// What the others have noted.
pub(crate) struct Seen {
    liar: String,
    /// Of all processes but the liar.
    events: Vec<Event>,
}

impl Seen {
    /// What of all events is seen from outside, if this process misbehaves.
    pub(crate) fn of(events: &[Event], liar: &str) -> Self {
        let outside = |event: &&Event| event.p.to_string() != liar;
        Self {
            liar: liar.to_owned(),
            events: events.iter().filter(outside).cloned().collect(),
        }
    }

    fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.kind == kind)
    }

    fn received(&self) -> impl Iterator<Item = &Event> {
        self.of_kind(Kind::Receive)
    }

    /// What the others have received from the liar.
    fn heard(&self) -> impl Iterator<Item = &Event> {
        self.received().filter(|event| self.is_of_liar(event))
    }

    /// The same, of these kinds.
    fn heard_of(&self, kinds: &'static [Message]) -> impl Iterator<Item = &Event> {
        self.heard()
            .filter(|event| event.message.is_some_and(|kind| kinds.contains(&kind)))
    }

    fn is_of_liar(&self, event: &Event) -> bool {
        event.from.is_some_and(|from| from.to_string() == self.liar)
    }

    /// Whether another process has accepted the batch with this digest, in the slot and view of the event.
    fn is_accepted(&self, event: &Event) -> bool {
        let place = (event.view, event.slot, event.digest);
        self.of_kind(Kind::Accept)
            .any(|accepted| (accepted.view, accepted.slot, accepted.digest) == place)
    }

    /// Whether another process has accepted any batch there.
    fn is_known(&self, event: &Event) -> bool {
        let place = (event.view, event.slot);
        self.of_kind(Kind::Accept)
            .any(|accepted| (accepted.view, accepted.slot) == place)
    }
}

const VOTES: &[Message] = &[Message::PREPARE, Message::COMMIT];
const PROPOSALS: &[Message] = &[Message::PRE_PREPARE];

fn says_nothing(seen: &Seen) -> bool {
    seen.heard().next().is_none() && seen.received().count() > 20
}

/// The others hear it at first, and then hear much from each other and nothing from it.
fn falls_silent(seen: &Seen) -> bool {
    let of_q = seen.received().filter(|event| event.p.to_string() == "Q");
    let of_q: Vec<&Event> = of_q.collect();
    let last = of_q.iter().rposition(|event| seen.is_of_liar(event));
    last.is_some_and(|last| of_q.len() - last > 100)
}

/// No PREPARE of it comes within 100 ms of the proposal.
fn votes_late(seen: &Seen) -> bool {
    let mut proposed = BTreeMap::new();
    for event in seen.of_kind(Kind::Send) {
        if event.message == Some(Message::PRE_PREPARE) {
            proposed
                .entry((event.view, event.slot))
                .or_insert(event.t_us);
        }
    }
    let waits = seen.heard_of(&[Message::PREPARE]).filter_map(|event| {
        let proposed = proposed.get(&(event.view, event.slot))?;
        Some(event.t_us.saturating_sub(*proposed))
    });
    let waits: Vec<u64> = waits.collect();
    waits.len() >= 6 && waits.iter().all(|wait| *wait >= 100_000)
}

/// A vote reaches some, and others get a later one before it.
fn leaves_gaps(seen: &Seen) -> bool {
    let mut slots = BTreeMap::<_, BTreeSet<_>>::new();
    for event in seen.heard_of(&[Message::COMMIT]) {
        slots.entry(event.p).or_default().insert(event.slot);
    }
    let all: BTreeSet<_> = slots.values().flatten().copied().collect();
    slots.values().any(|slots| {
        all.iter()
            .any(|slot| !slots.contains(slot) && slots.last() > Some(slot))
    })
}

/// Q gets each COMMIT of it twice or more often.
fn says_all_twice(seen: &Seen) -> bool {
    let mut times = BTreeMap::<_, usize>::new();
    let commits = seen.heard_of(&[Message::COMMIT]);
    for event in commits.filter(|event| event.p.to_string() == "Q") {
        *times
            .entry((event.view, event.slot, event.digest))
            .or_default() += 1;
    }
    // The second of the last one may be on its way.
    let once = times.values().filter(|times| **times == 1).count();
    times.len() >= 3 && once <= 1
}

/// It hands on proposals of the primary.
fn says_what_is_over(seen: &Seen) -> bool {
    let proposals = seen
        .heard_of(PROPOSALS)
        .filter(|event| event.view == Some(0));
    proposals.count() >= 3
}

fn proposes_two_batches(seen: &Seen) -> bool {
    let mut proposed = BTreeMap::<_, BTreeSet<_>>::new();
    for event in seen.heard_of(PROPOSALS) {
        let place = (event.view, event.slot);
        proposed.entry(place).or_default().insert(event.digest);
    }
    proposed.values().any(|digests| digests.len() > 1)
}

fn votes_for_what_nobody_proposed(seen: &Seen) -> bool {
    seen.heard_of(VOTES)
        .any(|event| seen.is_known(event) && !seen.is_accepted(event))
}

fn is_refused(seen: &Seen) -> bool {
    seen.of_kind(Kind::Drop).any(|event| {
        seen.is_of_liar(event) && matches!(event.why, Some(Why::Refused | Why::Damaged))
    })
}

fn skips_slots(seen: &Seen) -> bool {
    let slots = seen
        .heard_of(PROPOSALS)
        .filter(|event| event.view == Some(0));
    let slots: BTreeSet<u64> = slots.filter_map(|event| event.slot).collect();
    slots
        .iter()
        .any(|slot| *slot > 1 && !slots.contains(&(slot - 1)))
}

/// Q waits again and again for a tenth of a second until what it has asked for is proposed.
fn proposes_late(seen: &Seen) -> bool {
    let (mut asked, mut waits) = (None, Vec::new());
    for event in seen
        .events
        .iter()
        .filter(|event| event.p.to_string() == "Q")
    {
        match (event.kind, event.message) {
            (Kind::Send, Some(Message::REQUEST)) => asked = asked.or(Some(event.t_us)),
            (Kind::Receive, Some(Message::PRE_PREPARE)) if event.view == Some(0) => {
                waits.extend(asked.take().map(|asked| event.t_us.saturating_sub(asked)));
            }
            _ => {}
        }
    }
    waits.iter().filter(|wait| **wait >= 100_000).count() >= 3
}

fn has_another_state(seen: &Seen) -> bool {
    let mut states = BTreeMap::<_, BTreeSet<_>>::new();
    let checkpoint = Message::named("checkpoint");
    for event in seen.received().filter(|event| event.message == checkpoint) {
        let of_liar = seen.is_of_liar(event);
        let digests: &mut BTreeSet<_> = states.entry((event.slot, of_liar)).or_default();
        digests.insert(event.digest);
    }
    states.iter().any(|((slot, of_liar), digests)| {
        let others = states.get(&(*slot, false));
        *of_liar && others.is_some_and(|others| others.is_disjoint(digests))
    })
}

/// It asks for many views, and nobody else does.
fn wants_other_views(seen: &Seen) -> bool {
    let wanted = seen
        .received()
        .filter(|event| event.message == Some(Message::VIEW_CHANGE));
    let (of_liar, of_others): (Vec<_>, Vec<_>) = wanted.partition(|event| seen.is_of_liar(event));
    of_liar.len() >= 10 && of_others.is_empty()
}

fn is_accused(seen: &Seen) -> bool {
    let mut proofs = seen.of_kind(Kind::Accuse);
    proofs.any(|event| {
        event
            .accused
            .is_some_and(|accused| accused.to_string() == seen.liar)
    })
}
