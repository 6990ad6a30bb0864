//! One process: its replica, what it has written, and its client.

use std::sync::{Arc, Mutex};

use quorate_fault::Faulty;
use quorate_fault::behaviour::{Altered, Behaviour};
use quorate_host::Core;
use quorate_protocol::client::{Accepted, Client, Read};
use quorate_protocol::{Config, Effect, Keys, Record, Replica, VerifiedMessage};

use super::log::Log;

/// Notes the effects of a replica, and changes none.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Arc<Mutex<Vec<Effect>>>);

impl Recorder {
    pub(super) fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.0.lock().expect("one thread has it"))
    }
}

impl Behaviour for Recorder {
    fn stands_by_liars(&self) -> bool {
        false
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let mut effects = self.0.lock().expect("one thread has it");
        effects.push(effect.clone());
        vec![effect.into()]
    }
}

pub(super) struct Node {
    pub(super) core: Core<Log>,
    pub(super) recorder: Recorder,
    /// With these, tests sign what the replica has not said.
    pub(super) keys: Keys,
    pub(super) crashed: bool,
    pub(super) effects: Vec<Effect>,
    pub(super) client: Client,
    pub(super) results: Vec<Accepted>,
    pub(super) reads: Vec<Read>,
    /// What it has written.
    pub(super) disk: Vec<Record>,
    pub(super) config: Config,
}

impl Node {
    pub(super) fn new(config: Config, keys: Keys) -> Self {
        let recorder = Recorder::default();
        let replica = Replica::new(config.clone());
        let client = Client::new(config.quorum, 0);
        #[cfg(feature = "mutants")]
        let client = client.with_mutant(config.mutant);
        Self {
            core: core(&keys, replica, &recorder),
            recorder,
            keys,
            crashed: false,
            effects: Vec::new(),
            client,
            results: Vec::new(),
            reads: Vec::new(),
            disk: Vec::new(),
            config,
        }
    }

    pub(super) fn start(&mut self, replica: impl FnOnce(Config) -> Replica) {
        let replica = replica(self.config.clone());
        self.core = core(&self.keys, replica, &self.recorder);
        self.crashed = false;
    }

    /// A reply or an answer for the clients that the process speaks for.
    pub(super) fn hear(&mut self, message: VerifiedMessage) {
        match message {
            VerifiedMessage::Replies(replies) => {
                for reply in &replies.value().replies {
                    let result = self.client.on_reply(replies.signer(), reply.clone());
                    self.results.extend(result);
                }
            }
            VerifiedMessage::Answer(answer) => {
                let read = self
                    .client
                    .on_answer(answer.signer(), answer.value().clone());
                self.reads.extend(read);
            }
            other => panic!("nothing for a client: {other:?}"),
        }
    }
}

/// A process that starts at its first turn.
fn core(keys: &Keys, replica: Replica, recorder: &Recorder) -> Core<Log> {
    let replica = Faulty::new(replica, Some(Box::new(recorder.clone())));
    Core::new(keys.clone(), replica, Log::default())
}
