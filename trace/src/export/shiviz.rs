//! The log that ShiViz reads. Each event has two lines: the process with its vector clock, and the event. The expression for
//! ShiViz's field "Log parsing regular expression" is its default: `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

use super::{order, words};
use crate::event::Kind;
use crate::file::Trace;
use crate::name::Actor;

/// How many events of each process are known, by the process's place.
type Clock = Vec<u64>;

pub(super) fn write(trace: &Trace, to: &mut impl Write) -> io::Result<()> {
    let actors: BTreeSet<Actor> = trace.events.iter().map(|event| event.p).collect();
    let places: BTreeMap<Actor, usize> = actors.iter().copied().zip(0..).collect();
    let mut clocks: Vec<Clock> = vec![vec![0; actors.len()]; actors.len()];
    let mut sent = HashMap::new();
    for event in order::causes_first(&trace.events) {
        let place = places[&event.p];
        let clock = &mut clocks[place];
        clock[place] += 1;
        if let Some(known) = event.cause.and_then(|cause| sent.get(&cause)) {
            learn(clock, known);
        }
        if event.kind == Kind::Send {
            sent.insert(event.id(), clock.clone());
        }
        write!(to, "{} {{", event.p)?;
        let known = actors
            .iter()
            .zip(clock.iter())
            .filter(|(_, count)| **count > 0);
        for (number, (actor, count)) in known.enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(to, "{comma}\"{actor}\":{count}")?;
        }
        writeln!(to, "}}\n{}", words::event(event).replace('\n', " "))?;
    }
    Ok(())
}

fn learn(clock: &mut Clock, known: &Clock) {
    for (own, other) in clock.iter_mut().zip(known) {
        *own = (*own).max(*other);
    }
}
