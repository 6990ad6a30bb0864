//! Which orders of steps need not be explored, because other orders reach the same worlds (a partial-order reduction).
//!
//! A step is silent if no other replica can see it. A silent step commutes with all steps of other replicas, and no sent
//! message is lost. So any run can be reordered until the silent steps of a replica stand right before its next loud step,
//! and nothing that is said or executed changes. A move is a loud step with the silent steps before it: the messages of a
//! quorum are received together. A move leaves a silent step out if it leads to the same state without that step, or with
//! that step after it.

use std::collections::BTreeMap;

use crate::table::{Event, Messages, Table};

/// Steps of one replica, of which only the last is loud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) events: Vec<Event>,
    /// The state that it leads to.
    pub(crate) node: usize,
}

/// What a replica can do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    pub(crate) all: Vec<Move>,
}

/// A state that silent steps lead to: one way there, and the last steps of all ways as long.
#[derive(Default)]
struct Reached {
    way: Vec<Event>,
    last: Vec<(usize, Event)>,
}

fn events(messages: Messages) -> impl Iterator<Item = Event> {
    [Event::Timeout]
        .into_iter()
        .chain(messages.iter().map(Event::Hear))
}

/// All steps of a replica, each by itself: no reduction.
pub(crate) fn steps(table: &mut Table, node: usize, messages: Messages) -> Moves {
    let mut found = Moves::default();
    for event in events(messages) {
        let next = table.next(node, event);
        if next != node {
            let (events, node) = (vec![event], next);
            found.all.push(Move { events, node });
        }
    }
    found
}

/// The moves of a replica when all of `messages` can be heard, with at most so many silent steps.
pub(crate) fn moves(table: &mut Table, node: usize, messages: Messages, silent: usize) -> Moves {
    let mut reached = BTreeMap::from([(node, Reached::default())]);
    let mut level = vec![node];
    let mut loud = Vec::new();
    let mut found = Moves::default();
    for depth in 0..=silent {
        let mut deeper = Vec::new();
        for at in level {
            for event in events(messages) {
                let next = table.next(at, event);
                if table.outside(next) != table.outside(at) {
                    loud.push((at, event, next));
                } else if depth < silent && next != at && may_help(table, event, messages) {
                    if !reached.contains_key(&next) {
                        let mut way = reached[&at].way.clone();
                        way.push(event);
                        let last = Vec::new();
                        reached.insert(next, Reached { way, last });
                        deeper.push(next);
                    }
                    if let Some(there) = reached.get_mut(&next)
                        && there.way.len() == depth + 1
                    {
                        there.last.push((at, event));
                    }
                }
            }
        }
        level = deeper;
    }
    for (at, event, node) in loud {
        let Reached { way, last } = &reached[&at];
        let spare = last.iter().any(|(before, silent)| {
            let without = table.next(*before, event);
            let is_loud = table.outside(without) != table.outside(*before);
            is_loud && (without == node || table.next(without, *silent) == node)
        });
        // COMMITs of a view that has not started are as good afterwards, unless they commit something now.
        let in_vain = table.hears_early(at) && table.outside(node).executed.is_none();
        if !spare && !in_vain && found.all.iter().all(|other| other.node != node) {
            let events = way.iter().copied().chain([event]).collect();
            found.all.push(Move { events, node });
        }
    }
    found
}

/// Whether a silent step may be of use to a loud one: a vote by itself is not.
fn may_help(table: &Table, event: Event, messages: Messages) -> bool {
    match event {
        Event::Timeout => true,
        Event::Hear(number) => table.has_fellow(number, messages),
    }
}
