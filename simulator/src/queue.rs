//! What is still to happen, in order of time; what falls on one moment happens in the order in which it was planned.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use quorate_protocol::{ReplicaId, Time};
use quorate_service::Operation;

use crate::plan::Back;
use crate::process::Packet;

/// Something that happens to a process, which is given by its place.
#[derive(Debug)]
pub(crate) enum Event {
    /// It comes to life.
    Start { at: usize },
    /// A packet arrives.
    Arrive {
        at: usize,
        from: ReplicaId,
        packet: Arc<Packet>,
    },
    /// Its next turn is due, unless it was told of an earlier one since; `due` is the time by the process's own clock.
    Tick { at: usize, due: Time },
    /// It ends and is started again.
    Restart { at: usize, back: Back },
    /// It has stood still, and goes on with all that it had; only for the trace.
    GoOn { at: usize },
    /// From now on its disk has this trouble waiting, the one of the plan at this index.
    Disk { at: usize, trouble: usize },
    /// It has done its work, and goes on with what has come meanwhile.
    Free { at: usize },
    /// Its user asks for an operation.
    Ask { at: usize, operation: Operation },
    /// A client outside calls, by the call's place in the plan.
    Call { at: usize, call: usize },
    /// That client hangs up.
    HangUp { at: usize, call: usize },
    /// Its user asks it to vote in a round and to finalize it; again and again until it is decided.
    Round { at: usize, round: u64 },
    /// Everything is looked at, once all is healed.
    Look,
}

impl Event {
    /// The process that it happens to.
    pub(crate) const fn place(&self) -> Option<usize> {
        match self {
            Self::Start { at }
            | Self::Arrive { at, .. }
            | Self::Tick { at, .. }
            | Self::Restart { at, .. }
            | Self::Disk { at, .. }
            | Self::GoOn { at }
            | Self::Free { at }
            | Self::Ask { at, .. }
            | Self::Call { at, .. }
            | Self::HangUp { at, .. }
            | Self::Round { at, .. } => Some(*at),
            Self::Look => None,
        }
    }
}

#[derive(Debug)]
struct Planned {
    time: Time,
    number: u64,
    event: Event,
}

impl Planned {
    const fn key(&self) -> (Time, u64) {
        (self.time, self.number)
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The events to come.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    planned: BinaryHeap<Reverse<Planned>>,
    numbers: u64,
}

impl Queue {
    /// Plans an event.
    pub(crate) fn push(&mut self, time: Time, event: Event) {
        self.numbers += 1;
        let number = self.numbers;
        self.planned.push(Reverse(Planned {
            time,
            number,
            event,
        }));
    }

    /// When the next event is.
    pub(crate) fn next_at(&self) -> Option<Time> {
        self.planned.peek().map(|Reverse(planned)| planned.time)
    }

    /// Takes the next event.
    pub(crate) fn pop(&mut self) -> Option<(Time, Event)> {
        self.planned
            .pop()
            .map(|Reverse(planned)| (planned.time, planned.event))
    }
}
