//! The events of all processes in an order in which causes come first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::event::Event;
use crate::name::{Actor, EventId};

/// The events of a trace: those of each process in their order, and each after its cause. Among the processes whose next event
/// could come, the one with the earliest time goes first, so a trace whose clocks are right keeps the order of times.
///
/// A cause that is not in the trace is not waited for. If processes claim causes that would have to come before each
/// other, which only liars do, the earliest event goes first all the same.
#[must_use]
pub fn causes_first(events: &[Event]) -> Vec<&Event> {
    let mut queues: BTreeMap<Actor, VecDeque<&Event>> = BTreeMap::new();
    for event in events {
        queues.entry(event.p).or_default().push_back(event);
    }
    let mut missing: BTreeSet<EventId> = events.iter().map(Event::id).collect();
    let mut ordered = Vec::with_capacity(events.len());
    while let Some(event) = next(&mut queues, &missing) {
        missing.remove(&event.id());
        ordered.push(event);
    }
    ordered
}

fn next<'a>(
    queues: &mut BTreeMap<Actor, VecDeque<&'a Event>>,
    missing: &BTreeSet<EventId>,
) -> Option<&'a Event> {
    let heads = || queues.values().filter_map(VecDeque::front);
    let is_ready = |event: &&&Event| event.cause.is_none_or(|cause| !missing.contains(&cause));
    let ready = heads().filter(is_ready).min_by_key(|event| event.t_us);
    let first = ready.or_else(|| heads().min_by_key(|event| event.t_us))?;
    queues.get_mut(&first.p)?.pop_front()
}

#[cfg(test)]
mod tests {
    use quorate_protocol::ReplicaId;

    use super::causes_first;
    use crate::event::{Event, Kind};
    use crate::name::{Actor, EventId};

    fn event(p: u32, i: u64, t_us: u64, cause: Option<(u32, u64)>) -> Event {
        let actor = |p| Actor::from(ReplicaId(p));
        let id = |(p, i)| EventId {
            by: actor(p),
            life: 0,
            i,
        };
        Event {
            i,
            t_us,
            p: actor(p),
            cause: cause.map(id),
            ..Event::new(Kind::Receive)
        }
    }

    fn order(events: &[Event]) -> Vec<String> {
        let ordered = causes_first(events);
        ordered.iter().map(|event| event.id().to_string()).collect()
    }

    #[test]
    fn a_cause_comes_first_whatever_the_clocks_say() {
        let late = [
            event(0, 1, 900, None),
            event(0, 2, 901, Some((1, 1))),
            event(1, 1, 100, Some((0, 1))),
            event(2, 1, 50, None),
        ];
        assert_eq!(order(&late), ["R-1", "P-1", "Q-1", "P-2"]);
    }

    #[test]
    fn a_cause_that_is_not_in_the_trace_or_in_a_circle_holds_up_nobody() {
        let circle = [
            event(0, 7, 1, Some((3, 1))),
            event(0, 8, 2, Some((1, 5))),
            event(1, 5, 3, Some((0, 8))),
        ];
        assert_eq!(order(&circle), ["P-7", "P-8", "Q-5"]);
    }
}
