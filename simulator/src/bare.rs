//! One replica without exchange, session or network, for whoever explores, fuzzes or measures the engine itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use quorate_protocol::message::Request;
use quorate_protocol::{
    Config, Digest, Effect, Evidence, Input, Keys, Message, Misbehaviour, Replica, ReplicaId,
    Sequence, SignedMessage, Sizes, Status, Time, Timer, Timestamp,
};

/// What a bare replica did.
#[derive(Clone, Debug)]
pub enum Act {
    /// It said something to all others.
    Broadcast(Arc<SignedMessage>),
    /// It said something to one other.
    Send(ReplicaId, Arc<SignedMessage>),
    /// It executed a slot.
    Execute(Sequence, Vec<Request>),
    /// It took over the state up to a slot.
    Install(Sequence),
    /// Its own request has executed.
    Done(Timestamp),
    /// It refused a message.
    Reject(Misbehaviour),
    /// It has proof against another.
    Accuse(Box<Evidence>),
}

/// A replica, its timers, and a service whose state is the digest of all that it executed, in order.
#[derive(Clone, Debug)]
pub struct Bare {
    own: ReplicaId,
    replica: Replica,
    timers: BTreeMap<Timer, Time>,
    state: Digest,
}

impl Bare {
    /// A replica that has not started.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            own: config.replica,
            replica: Replica::new(config),
            timers: BTreeMap::new(),
            state: Digest::of(&[]),
        }
    }

    /// Which replica it is.
    #[must_use]
    pub const fn own(&self) -> ReplicaId {
        self.own
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.replica.status()
    }

    /// The replica itself.
    #[must_use]
    pub const fn replica(&self) -> &Replica {
        &self.replica
    }

    /// How much it keeps.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.replica.sizes()
    }

    /// When a timer runs out, if it is set.
    #[must_use]
    pub fn timer(&self, timer: Timer) -> Option<Time> {
        self.timers.get(&timer).copied()
    }

    /// A message arrives.
    pub fn hear(&mut self, keys: &mut Keys, now: Time, message: &SignedMessage) -> Vec<Act> {
        match keys.verify_message(message.clone()) {
            Ok(message) => self.step(keys, now, Input::Message(message)),
            Err(misbehaviour) => vec![Act::Reject(misbehaviour)],
        }
    }

    /// A timer runs out.
    pub fn run_out(&mut self, keys: &mut Keys, now: Time, timer: Timer) -> Vec<Act> {
        self.timers.remove(&timer);
        self.step(keys, now, Input::Timer(timer))
    }

    /// Steps the replica until nothing is left to do, its own messages included.
    pub fn step(&mut self, keys: &mut Keys, now: Time, input: Input) -> Vec<Act> {
        let mut host = Host {
            keys,
            inputs: VecDeque::from([input]),
            answers: VecDeque::new(),
            acts: Vec::new(),
        };
        while let Some(input) = host.answers.pop_front().or_else(|| host.inputs.pop_front()) {
            for effect in self.replica.step(now, input) {
                host.perform(self, effect);
            }
        }
        host.acts
    }
}

/// What is under way during a step.
struct Host<'a> {
    keys: &'a mut Keys,
    inputs: VecDeque<Input>,
    answers: VecDeque<Input>,
    acts: Vec<Act>,
}

impl Host<'_> {
    fn perform(&mut self, bare: &mut Bare, effect: Effect) {
        match effect {
            Effect::Broadcast(message) => {
                if let Some(signed) = self.sign(message, true) {
                    self.acts.push(Act::Broadcast(signed));
                }
            }
            Effect::Send { to, message } => {
                let own = to == self.keys.own();
                if let Some(signed) = self.sign(message, own)
                    && !own
                {
                    self.acts.push(Act::Send(to, signed));
                }
            }
            Effect::Forward { to, message } => self.acts.push(Act::Send(to, Arc::new(*message))),
            Effect::SetTimer { timer, at } => {
                bare.timers.insert(timer, at);
            }
            Effect::CancelTimer(timer) => {
                bare.timers.remove(&timer);
            }
            Effect::Execute { sequence, requests } => {
                for request in &requests {
                    bare.state = Digest::of(&[&bare.state.0, &request.operation]);
                }
                let results = vec![Vec::new(); requests.len()];
                self.answers
                    .push_back(Input::Executed { sequence, results });
                self.acts.push(Act::Execute(sequence, requests));
            }
            Effect::TakeCheckpoint { sequence } => {
                let parts = vec![bare.state.0[..].into()];
                self.answers
                    .push_back(Input::CheckpointTaken { sequence, parts });
            }
            Effect::InstallState { sequence, parts } => {
                let state = parts.first().and_then(|part| part[..].try_into().ok());
                bare.state = Digest(state.unwrap_or_default());
                self.acts.push(Act::Install(sequence));
            }
            Effect::Read { to, number, .. } => {
                let result = bare.state.0.to_vec();
                self.answers.push_back(Input::Read { to, number, result });
            }
            Effect::Done { timestamp } => self.acts.push(Act::Done(timestamp)),
            Effect::Reject(misbehaviour) => self.acts.push(Act::Reject(misbehaviour)),
            Effect::Accuse(evidence) => self.acts.push(Act::Accuse(evidence)),
            Effect::Persist(_)
            | Effect::Heard(_)
            | Effect::Diverged { .. }
            | Effect::ViewChanged { .. } => {}
        }
    }

    fn sign(&mut self, message: Message, hear: bool) -> Option<Arc<SignedMessage>> {
        let signed = self.keys.sign_message(message).ok()?;
        if hear {
            self.inputs.push_back(Input::Message(signed.clone()));
        }
        Some(Arc::new(signed.into_signed()))
    }
}
