//! The trace of a run: the events of all processes, in the order in which they happen.

use std::sync::Arc;

use quorate_protocol::{ReplicaId, Time};
use quorate_trace::file::Trace;
use quorate_trace::{Actor, Clock, Event, EventId, Header, Why};

use crate::plan::Plan;
use crate::process::Packet;
use crate::queue;

use super::places::Places;

/// What was traced of a run.
#[derive(Debug, Default)]
pub struct Recorded {
    /// The events.
    pub events: Vec<Event>,
    /// The messages that were on their way at the end, each with the process that it would have reached.
    pub in_flight: Vec<(EventId, Actor)>,
}

impl Recorded {
    /// The trace of the run of this plan. The command plays it again.
    #[must_use]
    pub fn trace(self, plan: &Plan, command: &str) -> Trace {
        let quorum = plan.quorum();
        let mut header = Header::new(quorum, Clock::Virtual, command.to_owned());
        header.seed = Some(plan.seed);
        header.plan = Some(plan.to_text());
        Trace {
            header,
            events: self.events,
        }
    }

    /// Takes what a process has noted. All clocks of a trace are right, whatever the process's own shows.
    pub(super) fn take(&mut self, places: &mut Places, at: usize, now: Time) {
        if let Some(journal) = places.all[at].process.journal() {
            let events = journal.take().map(|event| Event {
                t_us: now.0,
                ..event
            });
            self.events.extend(events);
        }
    }

    /// A message is lost on its way. Its sender's journal says so: the recipient cannot know.
    pub(super) fn lose(
        &mut self,
        places: &mut Places,
        now: Time,
        packet: &Packet,
        to: ReplicaId,
        why: Why,
    ) {
        let Packet::Batch {
            msg: Some(msg),
            message,
            ..
        } = packet
        else {
            return;
        };
        let at = places.at(msg.by);
        if let Some(journal) = places.all[at].process.journal() {
            journal.lost(Some(*msg), to, why, message.as_deref());
        }
        self.take(places, at, now);
    }

    /// An event has not reached its process. If it is the arrival of a message, the message is lost.
    pub(super) fn miss(&mut self, places: &mut Places, now: Time, event: &queue::Event, why: Why) {
        if let queue::Event::Arrive { at, packet, .. } = event {
            let to = places.all[*at].process.own();
            self.lose(places, now, &Arc::clone(packet), to, why);
        }
    }

    /// At the end, an event still waits to happen.
    pub(super) fn leave(&mut self, places: &Places, event: &queue::Event) {
        if let queue::Event::Arrive { at, packet, .. } = event
            && let Packet::Batch { msg: Some(msg), .. } = packet.as_ref()
        {
            self.in_flight.push((*msg, places.actor(*at)));
        }
    }
}
