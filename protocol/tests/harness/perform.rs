//! Gives inputs to replicas and takes what they do. The only file that knows how a process is driven.

use quorate_host::{Batch as Arrived, Core, Event, Outgoing};
use quorate_protocol::client::{Accepted, Read};
use quorate_protocol::message::Request;
use quorate_protocol::{
    Effect, Input, Misbehaviour, Pardon, ReplicaId, Sequence, SignedMessage, Timer, View,
};

use super::log::Log;
use super::sign::the_request;
use super::{Network, Parcel};

impl Network {
    /// Gives a replica an input. Its own messages come back to it before this returns. Returns its effects, in order.
    pub(super) fn give(&mut self, at: u32, input: impl FnOnce(&mut Core<Log>)) -> Vec<Effect> {
        let node = self.node_mut(at);
        if node.crashed {
            return Vec::new();
        }
        input(&mut node.core);
        self.turn(at)
    }

    /// Lets a replica handle what has come to it.
    pub(super) fn turn(&mut self, at: u32) -> Vec<Effect> {
        let now = self.now;
        let node = self.node_mut(at);
        let Ok(released) = node.core.turn(now).write(&mut node.disk);
        for message in node.core.heard().to_vec() {
            node.hear(message);
        }
        let mut effects = node.recorder.take();
        for event in released.events {
            match event {
                Event::Sent(sent) => self.send(at, &sent),
                Event::Executed {
                    sequence, requests, ..
                } => self.compare(at, sequence, &requests),
                Event::RefusedBatch { misbehaviour, .. } => {
                    effects.push(Effect::Reject(misbehaviour));
                }
                Event::Unsigned(why) => panic!("a replica's own message can be signed: {why}"),
                _ => {}
            }
        }
        self.node_mut(at).effects.extend(effects.iter().cloned());
        effects
    }

    fn send(&mut self, from: u32, sent: &Outgoing) {
        let recipients = match sent.to {
            Some(to) => vec![to.0],
            None => (0..self.n()).filter(|to| *to != from).collect(),
        };
        self.queue.extend(recipients.into_iter().map(|to| Parcel {
            from,
            to,
            message: (*sent.message).clone(),
        }));
    }

    /// Two replicas never execute different batches in a slot.
    fn compare(&mut self, at: u32, sequence: Sequence, requests: &[Request]) {
        let agreed = self
            .agreed
            .entry(sequence)
            .or_insert_with(|| requests.to_vec());
        assert!(
            agreed == requests || self.beyond_the_bound,
            "replica {at} executes another batch at {sequence:?}"
        );
    }

    /// The verdict of a replica's cheap checks.
    pub(crate) fn judge(&self, at: u32, message: &SignedMessage) -> Result<(), Misbehaviour> {
        self.node(at).core.replica().judge(message)
    }

    /// Hands a message to a replica directly, without the network.
    pub(crate) fn deliver(&mut self, to: u32, message: SignedMessage) -> Vec<Effect> {
        if self.judge(to, &message).is_err() {
            return self.try_in_vain(to, message);
        }
        let sender = message.signer();
        self.give(to, |core| core.deliver(Arrived::of(sender, message)))
    }

    /// Hands a message that the cheap checks refuse to a copy of the replica, to see that it would have changed nothing
    /// (rule 28). Returns the copy's effects.
    fn try_in_vain(&mut self, to: u32, message: SignedMessage) -> Vec<Effect> {
        let now = self.now;
        let node = self.node_mut(to);
        if node.crashed {
            return Vec::new();
        }
        let effects = match node.keys.verify_message(message) {
            Ok(verified) => {
                let replica = node.core.replica();
                let mut copy = replica.clone();
                let effects = copy.step(now, Input::Message(verified));
                let changes = |effect: &Effect| !matches!(effect, Effect::Reject(_));
                assert!(
                    !effects.iter().any(changes) && copy.status() == replica.status(),
                    "replica {to} would ignore the message, but it does something: {effects:?}"
                );
                effects
            }
            Err(flaw) => vec![Effect::Reject(flaw)],
        };
        node.effects.extend(effects.iter().cloned());
        effects
    }

    /// How many signatures a replica would check for a message.
    pub(crate) fn checks_for(&self, at: u32, message: &SignedMessage) -> u64 {
        let node = self.node(at);
        let mut core = node.core.clone();
        let before = core.keys().checked();
        core.deliver(Arrived::of(message.signer(), message.clone()));
        drop(core.turn(self.now));
        // The copy has the same recorder.
        node.recorder.take();
        core.keys().checked() - before
    }

    /// A process's client got no answer, and wants another primary.
    pub(crate) fn distrust(&mut self, at: u32) {
        self.give(at, Core::distrust);
    }

    /// A process's operator pardons a replica, which says that it has signed things up to a slot in view 0.
    pub(crate) fn pardon(&mut self, at: u32, replica: u32, last_slot: u64) {
        let signed = Pardon {
            view: View(0),
            sequence: Sequence(last_slot),
        };
        self.give(at, |core| core.pardon(ReplicaId(replica), signed));
    }

    /// A timer of a replica runs out now.
    pub(crate) fn run_out(&mut self, at: u32, timer: Timer) -> Vec<Effect> {
        self.give(at, |core| core.run_out(timer))
    }

    /// A process asks for its operation number `timestamp`.
    pub(crate) fn submit(&mut self, client: u32, timestamp: u64) -> Vec<Effect> {
        let request = self.node(client).keys.sign(the_request(client, timestamp));
        self.give(client, |core| core.submit(request))
    }

    /// A process asks for operation number `timestamp` in the name of a client.
    pub(crate) fn submit_for(&mut self, speaker: u32, name: &str, timestamp: u64) -> Vec<Effect> {
        let request = self.named_request(speaker, name, timestamp);
        let verified = self.node(speaker).keys.sign(request.value().clone());
        self.node_mut(speaker).client.wait_for(verified.clone());
        self.give(speaker, |core| core.submit(verified))
    }

    /// A process asks all replicas a read-only question for a client.
    pub(crate) fn ask(&mut self, speaker: u32, operation: &[u8]) {
        let query = self.node_mut(speaker).client.ask(operation.to_vec());
        self.give(speaker, |core| core.query(query));
    }

    /// The results that a process has accepted for its clients.
    pub(crate) fn results(&self, speaker: u32) -> &[Accepted] {
        &self.node(speaker).results
    }

    /// The outcomes of a process's questions.
    pub(crate) fn reads(&self, speaker: u32) -> &[Read] {
        &self.node(speaker).reads
    }

    /// Submits a request and runs the network until it is quiet.
    pub(crate) fn order(&mut self, client: u32, timestamp: u64) {
        self.submit(client, timestamp);
        self.run();
    }
}
