//! How each effect of a link shows in the traces. The tests of the simulator and of live processes share it.

use std::collections::BTreeSet;

use quorate_protocol::message::Kind as Message;
use quorate_trace::{Event, Kind, Why};

/// How an effect of links is seen.
pub(crate) struct Effect {
    /// The rules. What they do is done to messages from P to Q.
    pub(crate) rules: &'static [&'static str],
    /// Whether the traces of all processes show it.
    pub(crate) shows: fn(&[Event]) -> bool,
}

pub(crate) const EFFECTS: [Effect; 10] = [
    effect(&["P->Q: cut"], |events| {
        let way = Way::of(events);
        way.lost(Why::Cut) > 10 && way.waits().is_empty() && !way.back().waits().is_empty()
    }),
    effect(&["P<->Q: cut"], |events| {
        let way = Way::of(events);
        let is_cut = |way: &Way<'_>| way.lost(Why::Cut) > 10 && way.waits().is_empty();
        is_cut(&way) && is_cut(&way.back())
    }),
    effect(&["P->Q commit: cut"], |events| {
        let way = Way::of(events);
        let arrived: Vec<_> = way.arrivals().filter_map(|event| event.message).collect();
        let mut drops = way.drops(Why::Cut);
        way.lost(Why::Cut) > 5
            && drops.all(|event| event.message == Some(Message::COMMIT))
            && arrived.contains(&Message::PRE_PREPARE)
            && !arrived.contains(&Message::COMMIT)
    }),
    effect(&["P->Q: cut @200ms-1200ms"], holds_for_a_second),
    effect(&["P->Q: loss 40%"], |events| {
        let way = Way::of(events);
        way.lost(Why::Loss) > 2 && way.waits().len() > 2
    }),
    effect(&["P->Q: delay 80ms±30ms"], |events| {
        let waits = Way::of(events).waits();
        waits.len() > 10
            && waits.iter().all(|wait| *wait >= 50_000)
            && waits.iter().any(|wait| *wait < 80_000)
    }),
    effect(&["P->Q: duplicate 100%"], |events| {
        let way = Way::of(events);
        let arrived: Vec<_> = way.arrivals().filter_map(|event| event.msg).collect();
        let once: BTreeSet<_> = arrived.iter().collect();
        once.len() > 10 && arrived.len() >= 2 * once.len() - 1
    }),
    effect(&["P->Q: reorder 50% by 200ms"], |events| {
        let way = Way::of(events);
        let waits = way.waits();
        let late = waits.iter().filter(|wait| **wait >= 200_000).count();
        let arrived: Vec<_> = way.arrivals().filter_map(|event| event.msg).collect();
        late > 5 && late + 5 < waits.len() && !arrived.is_sorted()
    }),
    effect(&["P->Q: rate 2kB/s"], |events| {
        let waits = Way::of(events).waits();
        waits.len() > 10 && waits.iter().filter(|wait| **wait >= 40_000).count() * 2 > waits.len()
    }),
    effect(&["P->Q: pass", "*->Q: cut"], |events| {
        let to_q = events
            .iter()
            .filter(|event| event.kind == Kind::Receive && event.p.to_string() == "Q");
        let from: BTreeSet<String> = to_q
            .filter_map(|event| Some(event.from?.to_string()))
            .collect();
        let cut = Way {
            from: "R",
            ..Way::of(events)
        };
        let is_only_p = from == BTreeSet::from(["P".to_owned()]);
        is_only_p && Way::of(events).lost(Why::Cut) == 0 && cut.lost(Why::Cut) > 5
    }),
];

const fn effect(rules: &'static [&'static str], shows: fn(&[Event]) -> bool) -> Effect {
    Effect { rules, shows }
}

/// What is sent before the window arrives, what is sent in it is lost, and what is sent after it arrives.
fn holds_for_a_second(events: &[Event]) -> bool {
    let way = Way::of(events);
    let times: Vec<u64> = way.drops(Why::Cut).map(|event| event.t_us).collect();
    let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) else {
        return false;
    };
    let sent: Vec<u64> = way.sent().map(|event| event.t_us).collect();
    times.len() > 5
        && last - first <= 1_000_000
        && sent.iter().any(|at| at < first)
        && sent.iter().any(|at| at > last)
        && !sent.iter().any(|at| (first + 1..*last).contains(at))
}

/// The link from one process to another, as the traces show it.
struct Way<'a> {
    events: &'a [Event],
    from: &'static str,
    to: &'static str,
}

impl<'a> Way<'a> {
    /// From P to Q.
    const fn of(events: &'a [Event]) -> Self {
        let (from, to) = ("P", "Q");
        Self { events, from, to }
    }

    /// The other direction.
    const fn back(&self) -> Self {
        Self {
            events: self.events,
            from: self.to,
            to: self.from,
        }
    }

    /// What reaches the recipient.
    fn arrivals(&self) -> impl Iterator<Item = &'a Event> {
        let (from, to) = (self.from, self.to);
        self.events.iter().filter(move |event| {
            let is_from = event.from.is_some_and(|actor| actor.to_string() == from);
            event.kind == Kind::Receive && event.p.to_string() == to && is_from
        })
    }

    /// What was sent and arrived.
    fn sent(&self) -> impl Iterator<Item = &'a Event> {
        let events = self.events;
        self.arrivals()
            .filter_map(|event| events.iter().find(|sent| Some(sent.id()) == event.msg))
    }

    /// How long messages were on their way, in microseconds.
    fn waits(&self) -> Vec<u64> {
        let waits = self.arrivals().filter_map(|event| {
            let sent = self
                .events
                .iter()
                .find(|sent| Some(sent.id()) == event.msg)?;
            Some(event.t_us.saturating_sub(sent.t_us))
        });
        waits.collect()
    }

    /// What is lost for this reason.
    fn drops(&self, why: Why) -> impl Iterator<Item = &'a Event> {
        let (from, to) = (self.from, self.to);
        self.events.iter().filter(move |event| {
            let is_here =
                event.p.to_string() == from && event.to.is_some_and(|whom| whom.to_string() == to);
            event.kind == Kind::Drop && event.why == Some(why) && is_here
        })
    }

    fn lost(&self, why: Why) -> usize {
        self.drops(why).count()
    }
}
