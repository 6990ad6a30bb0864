//! Three correct replicas, a liar and the network between them. Three rules hold whatever happens: no panic, no correct
//! replica is accused, and no two replicas execute different batches in one slot.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClientId, ClusterId, Config, Input, Keys, Quorum, ReplicaId, Sequence, SignedMessage, Time,
    Timer, Timestamp,
};
use quorate_simulator::bare::{Act, Bare};

use crate::liar::Liar;

/// The number of replicas. The first one lies.
const N: u32 = 4;
const CLUSTER: ClusterId = ClusterId([9; 32]);
/// The most messages under way. Beyond it, the oldest are lost.
const IN_FLIGHT: usize = 512;

/// The whole cluster.
pub struct World {
    now: Time,
    correct: Vec<(Bare, Keys)>,
    liar: Liar,
    flying: Vec<(usize, Arc<SignedMessage>)>,
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
        let mut world = Self {
            now: Time(0),
            correct: (1..N).map(|i| (Bare::new(config(i)), keys(i))).collect(),
            liar: Liar::new(keys(0), config(0)),
            flying: Vec::new(),
            executed: BTreeMap::new(),
            asked: 0,
        };
        for at in 0..world.correct.len() {
            world.step(at, Input::Start);
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
                    self.hear(at, &message);
                }
            }
        }
        Ok(())
    }

    fn deliver(&mut self, which: usize, again: bool) {
        if which < self.flying.len() {
            let (at, message) = self.flying.remove(which);
            if again {
                self.flying.push((at, Arc::clone(&message)));
            }
            self.hear(at, &message);
        }
    }

    fn ask(&mut self, at: usize) {
        self.asked += 1;
        let (bare, keys) = &mut self.correct[at];
        let request = Request::new(keys.own().into(), Timestamp(self.asked), vec![1]);
        let input = Input::Submit(keys.sign(request));
        let acts = bare.step(keys, self.now, input);
        self.perform(at, acts);
    }

    fn run_out(&mut self, at: usize, timer: Timer) {
        let (bare, keys) = &mut self.correct[at];
        if let Some(due) = bare.timer(timer) {
            self.now = self.now.max(due);
            let acts = bare.run_out(keys, self.now, timer);
            self.perform(at, acts);
        }
    }

    fn hear(&mut self, at: usize, message: &SignedMessage) {
        let (bare, keys) = &mut self.correct[at];
        let acts = bare.hear(keys, self.now, message);
        self.perform(at, acts);
    }

    fn step(&mut self, at: usize, input: Input) {
        let (bare, keys) = &mut self.correct[at];
        let acts = bare.step(keys, self.now, input);
        self.perform(at, acts);
    }

    fn perform(&mut self, at: usize, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Broadcast(message) => {
                    self.liar.overhear(&message);
                    for other in (0..self.correct.len()).filter(|other| *other != at) {
                        self.flying.push((other, Arc::clone(&message)));
                    }
                }
                Act::Send(to, message) => match to.0.checked_sub(1) {
                    None => self.liar.overhear(&message),
                    Some(to) => self.flying.push((to as usize, message)),
                },
                Act::Execute(sequence, requests) => {
                    let first = self
                        .executed
                        .entry(sequence)
                        .or_insert_with(|| requests.clone());
                    assert_eq!(*first, requests, "two batches at {sequence:?}");
                }
                Act::Accuse(evidence) => {
                    assert_eq!(evidence.accused(), ReplicaId(0), "{evidence:?}");
                    assert!(evidence.holds(self.liar.config()), "{evidence:?}");
                }
                Act::Install(_) | Act::Done(_) | Act::Reject(_) => {}
            }
        }
        let excess = self.flying.len().saturating_sub(IN_FLIGHT);
        self.flying.drain(..excess);
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
