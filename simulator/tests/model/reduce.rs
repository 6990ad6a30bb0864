//! What need not be explored, because the same is seen on another way (a partial-order reduction).
//!
//! A step is silent if nothing is said and nothing executes. What a replica does silently commutes with all that others
//! do, and what was said is never lost; so any run can be reordered, without a change in what executes, until the silent
//! steps of a replica stand right before its next loud one. Thus one event here is: any silent steps of one replica, then
//! one loud step. And a silent step that the loud one can do without, being possible just as well after it, waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::table::{Next, Table};

/// A loud step: the replica's state right before it, and the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Loud {
    pub(crate) node: usize,
    pub(crate) what: usize,
}

/// A state that silent steps lead to: how many, and the last ones by state and event.
#[derive(Default)]
struct Reached {
    depth: usize,
    from: Vec<(usize, usize)>,
}

/// The loud steps that this replica can come to by itself, the events of `possible` given.
pub(crate) fn loud(table: &mut Table, node: usize, possible: &[usize]) -> Vec<Loud> {
    let mut reached = BTreeMap::from([(node, Reached::default())]);
    let mut queue = vec![node];
    let mut all = Vec::new();
    let mut depth = 0;
    while !queue.is_empty() {
        depth += 1;
        for at in std::mem::take(&mut queue) {
            for what in possible.iter().copied() {
                let Some(next) = table.next(at, what) else {
                    continue;
                };
                if !table.is_silent(at, &next) {
                    all.push(Loud { node: at, what });
                    continue;
                }
                let entry = reached.entry(next.node).or_insert_with(|| {
                    queue.push(next.node);
                    Reached {
                        depth,
                        from: Vec::new(),
                    }
                });
                entry.from.push((at, what));
            }
        }
    }
    all.retain(|loud| !is_late(table, &reached, *loud));
    all
}

/// Whether the last silent step before a loud one can be done after it with the same outcome.
fn is_late(table: &mut Table, reached: &BTreeMap<usize, Reached>, loud: Loud) -> bool {
    let here = &reached[&loud.node];
    let Some(outcome) = table.next(loud.node, loud.what) else {
        return false;
    };
    here.from.iter().any(|(before, what)| {
        reached[before].depth < here.depth && commutes(table, *before, *what, loud.what, &outcome)
    })
}

fn commutes(table: &mut Table, before: usize, silent: usize, what: usize, out: &Arc<Next>) -> bool {
    let Some(first) = table.next(before, what) else {
        return false;
    };
    if first.said != out.said || first.executed != out.executed {
        return false;
    }
    match table.next(first.node, silent) {
        Some(then) => table.is_silent(first.node, &then) && then.node == out.node,
        None => first.node == out.node,
    }
}
