//! The task that owns the state machine: it brings it packets, hints and the time, and does what it says.

use std::net::SocketAddr;

use quorate_gather::{Effect, Event, Founded, Gathering, Input, NodeId, Source};
use quorate_protocol::Time;
use tokio::sync::{mpsc, watch};

use super::calls::Calls;
use super::config::Join;
use super::door::Packet;
use super::home::Home;
use crate::clock::Clock;
use crate::herald::Teller;

/// What the founding, or what follows from it, means for the node.
#[derive(Debug)]
pub(super) enum News {
    /// The node is a member of a cluster.
    Founded(Box<Founded>),
    /// It came too late.
    Watches,
    /// A member listens elsewhere now.
    Moved(NodeId, SocketAddr),
}

/// What the task owns.
pub(super) struct Seeker {
    pub(super) gathering: Gathering,
    pub(super) home: Home,
    pub(super) teller: Teller,
    pub(super) packets: mpsc::Receiver<Packet>,
    pub(super) hints: mpsc::Receiver<Input>,
    /// Where others reach the node.
    pub(super) address: SocketAddr,
    /// The addresses that the user gave.
    pub(super) joins: Vec<Join>,
    pub(super) news: mpsc::UnboundedSender<News>,
    /// Why the node waits.
    pub(super) waits: watch::Sender<String>,
    pub(super) calls: Calls,
}

impl Seeker {
    /// Runs for ever. Ends only with an error, when something cannot be kept: then nothing that follows from it has left.
    pub(super) async fn run(mut self) -> anyhow::Error {
        let clock = Clock::start();
        if let Err(error) = self.start(clock.now()) {
            return error;
        }
        loop {
            let wake_at = self.wake_at();
            let input = tokio::select! {
                Some((from, bytes)) = self.packets.recv() => Input::Packet { from, bytes },
                Some(hint) = self.hints.recv() => hint,
                () = clock.reach(wake_at) => Input::Wake,
            };
            if let Err(error) = self.step(clock.now(), input) {
                return error;
            }
        }
    }

    fn start(&mut self, now: Time) -> anyhow::Result<()> {
        self.step(now, Input::Wake)?;
        // The other lines show only the first digits of an id.
        let join = format!("--join {}@{}", self.gathering.id().full(), self.address);
        let text = format!("to be sure that it is this node, others join with {join}");
        self.teller.tell("discover", &text);
        std::mem::take(&mut self.joins).iter().try_for_each(|join| {
            let hint = Input::hint(join.address, join.id, Source::Join);
            self.step(now, hint)
        })
    }

    fn step(&mut self, now: Time, input: Input) -> anyhow::Result<()> {
        let effects = self.gathering.step(now, input);
        effects
            .into_iter()
            .try_for_each(|effect| self.perform(effect))?;
        self.note_waits();
        Ok(())
    }

    /// Notes why the node waits, for those who call it.
    fn note_waits(&self) {
        let Some(why) = self.gathering.waits_for().map(|waits| waits.to_string()) else {
            return;
        };
        self.waits.send_if_modified(|known| {
            let is_new = *known != why;
            *known = why;
            is_new
        });
    }

    fn wake_at(&self) -> Option<Time> {
        let wake_at = self.gathering.wake_at();
        (wake_at < Time(u64::MAX)).then_some(wake_at)
    }

    fn perform(&mut self, effect: Effect) -> anyhow::Result<()> {
        match effect {
            Effect::Keep(memory) => self.home.keep(memory)?,
            Effect::Send { to, bytes } => self.calls.send(to, bytes),
            Effect::Event(event) => self.on_event(event),
        }
        Ok(())
    }

    fn on_event(&mut self, event: Event) {
        let text = event.to_string();
        self.teller.tell(event.stage(), &text);
        let news = match event {
            Event::Founded(founded) => News::Founded(founded),
            Event::Watching { .. } => {
                self.waits.send_replace(text);
                News::Watches
            }
            Event::Moved { id, addresses } => match addresses.first() {
                Some(address) => News::Moved(id, *address),
                None => return,
            },
            _ => return,
        };
        // Nobody reads the news of a node that ends.
        let _ = self.news.send(news);
    }
}
