//! Three correct replicas, a liar and the network between them. Three rules hold whatever happens: no panic, no correct
//! replica is accused, and no two replicas execute different batches in one slot.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use quorate_fault::Faulty;
use quorate_host::{Batch, Core, Event, Outgoing};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClusterId, Config, Keys, Quorum, Replica, ReplicaId, Sequence, SignedMessage, Time, Timer,
    Timestamp,
};
use quorate_simulator::digests::Digests;

use crate::liar::Liar;

/// The number of replicas. The first one lies.
const N: u32 = 4;
const LIAR: ReplicaId = ReplicaId(0);
const CLUSTER: ClusterId = ClusterId([9; 32]);
/// The most messages under way. Beyond it, the oldest are lost.
const IN_FLIGHT: usize = 512;

/// A message under way.
#[derive(Clone)]
struct Flying {
    from: ReplicaId,
    /// Where the recipient stands among the correct replicas.
    to: usize,
    message: Arc<SignedMessage>,
}

/// The whole cluster.
pub struct World {
    now: Time,
    correct: Vec<Core<Digests>>,
    liar: Liar,
    flying: Vec<Flying>,
    executed: BTreeMap<Sequence, Vec<Request>>,
    asked: u64,
}

impl World {
    /// A cluster that has just started. Its windows are small, so that short inputs reach checkpoints.
    ///
    /// # Panics
    /// Never: four is not zero.
    #[must_use]
    pub fn new() -> Self {
        let quorum = Quorum::of(NonZeroU32::new(N).expect("four"));
        let config = |i| Config {
            checkpoint_interval: 2,
            window: 4,
            batch_limit: 2,
            slots_in_flight: 2,
            ..Config::new(ReplicaId(i), quorum)
        };
        let keys = |i| Keys::simulated(ReplicaId(i), N, CLUSTER);
        let core = |i| {
            let replica = Faulty::new(Replica::new(config(i)), None);
            Core::new(keys(i), replica, Digests::default())
        };
        let mut world = Self {
            now: Time(0),
            correct: (1..N).map(core).collect(),
            liar: Liar::new(keys(0), config(0)),
            flying: Vec::new(),
            executed: BTreeMap::new(),
            asked: 0,
        };
        for at in 0..world.correct.len() {
            world.turn(at);
        }
        world
    }

    /// Makes one event happen.
    ///
    /// # Errors
    /// There are no choices left.
    ///
    /// # Panics
    /// A rule is broken.
    pub fn play(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        self.now.0 += u64::from(choices.int_in_range(0..=3u8)?) * 50_000;
        match choices.int_in_range(0..=15u8)? {
            // Most often the network delivers a message, in order or out of order.
            0..=5 => self.deliver(0, false),
            6 => {
                let which = choices.choose_index(self.flying.len().max(1))?;
                self.deliver(which, choices.ratio(1, 4)?);
            }
            7 => {
                let keep = choices.arbitrary::<u64>()?;
                let mut index = 0;
                self.flying.retain(|_| {
                    index += 1;
                    keep >> (index % 64) & 1 == 1
                });
            }
            8 => {
                let at = choices.choose_index(self.correct.len())?;
                self.ask(at);
            }
            9 => {
                let at = choices.choose_index(self.correct.len())?;
                let timer = *choices.choose(&[Timer::View, Timer::Status])?;
                self.run_out(at, timer);
            }
            _ => {
                let message = self.liar.say(choices)?;
                let to = choices.int_in_range(1..=7u8)?;
                for at in (0..self.correct.len()).filter(|at| to >> at & 1 == 1) {
                    self.hear(at, LIAR, &message);
                }
            }
        }
        Ok(())
    }

    fn deliver(&mut self, which: usize, again: bool) {
        if which < self.flying.len() {
            let one = self.flying.remove(which);
            if again {
                self.flying.push(one.clone());
            }
            self.hear(one.to, one.from, &one.message);
        }
    }

    fn ask(&mut self, at: usize) {
        self.asked += 1;
        let core = &mut self.correct[at];
        let request = Request::new(core.own().into(), Timestamp(self.asked), vec![1]);
        let request = core.keys().sign(request);
        core.submit(request);
        self.turn(at);
    }

    fn run_out(&mut self, at: usize, timer: Timer) {
        let core = &mut self.correct[at];
        if let Some(due) = core.timer(timer) {
            self.now = self.now.max(due);
            core.run_out(timer);
            self.turn(at);
        }
    }

    fn hear(&mut self, at: usize, from: ReplicaId, message: &SignedMessage) {
        self.correct[at].deliver(Batch::of(from, message.clone()));
        self.turn(at);
    }

    /// Lets a replica handle what has come.
    fn turn(&mut self, at: usize) {
        for event in self.correct[at].turn(self.now).release().events {
            match event {
                Event::Sent(sent) => self.send(at, sent),
                Event::Executed {
                    sequence, requests, ..
                } => {
                    let first = self
                        .executed
                        .entry(sequence)
                        .or_insert_with(|| requests.clone());
                    assert_eq!(*first, requests, "two batches at {sequence:?}");
                }
                Event::Accused(evidence) => {
                    assert_eq!(evidence.accused(), LIAR, "{evidence:?}");
                    assert!(evidence.holds(self.liar.config()), "{evidence:?}");
                }
                _ => {}
            }
        }
        let excess = self.flying.len().saturating_sub(IN_FLIGHT);
        self.flying.drain(..excess);
    }

    /// The network takes a message. The liar hears what all others hear, and what it is sent.
    fn send(&mut self, at: usize, sent: Outgoing) {
        let from = self.correct[at].own();
        let recipients: Vec<usize> = match sent.to {
            None => (0..self.correct.len()).filter(|to| *to != at).collect(),
            Some(LIAR) => Vec::new(),
            Some(to) => vec![to.0 as usize - 1],
        };
        if matches!(sent.to, None | Some(LIAR)) {
            self.liar.overhear(&sent.message);
        }
        self.flying.extend(recipients.into_iter().map(|to| Flying {
            from,
            to,
            message: Arc::clone(&sent.message),
        }));
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
