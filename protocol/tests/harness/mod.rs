//! A cluster under virtual time. Each replica has its own keys, and the test decides what the network does. The host's
//! core performs the effects of a replica; a recorder shows them to the test.

#![allow(dead_code, reason = "each test binary uses only a part of this module")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use quorate_fault::Faulty;
use quorate_fault::behaviour::{Altered, Behaviour};
use quorate_host::{Batch as Arrived, Core, Disk, Event, Outgoing};
use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::client::{Accepted, Client, Read};
use quorate_protocol::message::{
    Batch, Checkpoint, Commit, NewView, Piece, PrePrepare, Prepare, Request, State, ViewChange,
};
use quorate_protocol::signature::Signable;
use quorate_protocol::snapshot::Manifest;
use quorate_protocol::{
    ClientId, ClientKey, ClusterId, Config, Digest, Duration, Effect, Evidence, Input, Keys,
    Message, Misbehaviour, Part, Quorum, Record, Replica, ReplicaId, Sequence, Signed,
    SignedMessage, Sizes, SlotStatus, Status, Time, Timer, Timestamp, Verified, VerifiedMessage,
    View,
};
use quorate_service::{BadSnapshot, Service};

/// K in these clusters, unless a test sets another.
pub(crate) const K: u64 = 4;
/// L in these clusters, unless a test sets another.
pub(crate) const L: u64 = 8;
/// T.
pub(crate) const VIEW_TIMEOUT: Duration = Duration::from_millis(500);
/// How often replicas send their standing.
pub(crate) const STATUS_INTERVAL: Duration = Duration::from_millis(250);

const TIMERS: [Timer; 2] = [Timer::View, Timer::Status];

/// A message under way.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) message: SignedMessage,
}

/// What the network does with a parcel.
pub(crate) enum Fate {
    Deliver,
    Hold,
    Drop,
}

/// A service whose state is the list of executed requests.
#[derive(Clone, Debug, Default)]
struct Log {
    requests: Vec<Request>,
    accent: Vec<u8>,
}

impl Service for Log {
    fn execute(&mut self, _sequence: Sequence, request: &Request) -> Vec<u8> {
        self.requests.push(request.clone());
        [&self.accent[..], &request.operation[..], b" done"].concat()
    }

    /// The number of executed requests.
    fn query(&self, operation: &[u8]) -> Option<Vec<u8>> {
        let count = self.requests.len().to_string();
        Some([operation, b" = ", count.as_bytes()].concat())
    }

    /// One part for each request, so that a laggard fetches several.
    fn snapshot(&self) -> Vec<Part> {
        self.requests
            .iter()
            .map(|request| {
                postcard::to_stdvec(request)
                    .expect("plain data encodes")
                    .into()
            })
            .collect()
    }

    fn restore(&mut self, parts: &[Part]) -> Result<(), BadSnapshot> {
        self.requests = parts
            .iter()
            .map(|part| postcard::from_bytes(part).expect("a quorum vouches for it"))
            .collect();
        Ok(())
    }
}

/// Notes the effects of a replica, and changes none.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<Effect>>>);

impl Recorder {
    fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.0.lock().expect("one thread has it"))
    }
}

impl Behaviour for Recorder {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let mut effects = self.0.lock().expect("one thread has it");
        effects.push(effect.clone());
        vec![effect.into()]
    }
}

/// What a process has written.
#[derive(Clone, Debug, Default)]
struct Records(Vec<Record>);

impl Disk for Records {
    type Error = Infallible;

    fn append(&mut self, records: &[Record]) -> Result<(), Infallible> {
        self.0.extend_from_slice(records);
        Ok(())
    }

    fn replace(&mut self, records: &[Record]) -> Result<(), Infallible> {
        self.0 = records.to_vec();
        Ok(())
    }
}

struct Node {
    core: Core<Log>,
    recorder: Recorder,
    /// With these, tests sign what the replica has not said.
    keys: Keys,
    crashed: bool,
    effects: Vec<Effect>,
    client: Client,
    results: Vec<Accepted>,
    reads: Vec<Read>,
    disk: Records,
    config: Config,
}

impl Node {
    fn new(config: Config, keys: Keys) -> Self {
        let recorder = Recorder::default();
        let replica = Replica::new(config.clone());
        Self {
            core: core(&keys, replica, &recorder),
            recorder,
            keys,
            crashed: false,
            effects: Vec::new(),
            client: Client::new(config.quorum, 0),
            results: Vec::new(),
            reads: Vec::new(),
            disk: Records::default(),
            config,
        }
    }

    fn start(&mut self, replica: impl FnOnce(Config) -> Replica) {
        let replica = replica(self.config.clone());
        self.core = core(&self.keys, replica, &self.recorder);
        self.crashed = false;
    }

    /// A reply or an answer for the clients that the process speaks for.
    fn hear(&mut self, message: VerifiedMessage) {
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

/// The cluster and its network.
pub(crate) struct Network {
    now: Time,
    nodes: Vec<Node>,
    queue: VecDeque<Parcel>,
    held: Vec<Parcel>,
    cuts: BTreeSet<(u32, u32)>,
    rule: Box<dyn Fn(&Parcel) -> Fate>,
    /// The requests that the first replica to execute each slot executed there.
    agreed: BTreeMap<Sequence, Vec<Request>>,
    /// Whether replicas may execute different batches, because more than f are faulty.
    beyond_the_bound: bool,
}

impl Network {
    pub(crate) fn new(n: u32) -> Self {
        Self::with(n, |_| {})
    }

    pub(crate) fn with(n: u32, adjust: impl Fn(&mut Config)) -> Self {
        Self::in_cluster(ClusterId([1; 32]), n, adjust)
    }

    pub(crate) fn in_cluster(cluster: ClusterId, n: u32, adjust: impl Fn(&mut Config)) -> Self {
        let quorum = Quorum::of(n.try_into().expect("there are replicas"));
        let secrets: Vec<[u8; 32]> = (0..n)
            .map(|i| [u8::try_from(i + 1).expect("few replicas"); 32])
            .collect();
        let public: Vec<_> = secrets.iter().map(Keys::public_key).collect();
        let node = |(i, secret): (u32, &[u8; 32])| {
            let mut config = Config::new(ReplicaId(i), quorum);
            config.checkpoint_interval = K;
            config.window = L;
            config.view_timeout = VIEW_TIMEOUT;
            config.status_interval = STATUS_INTERVAL;
            adjust(&mut config);
            let keys = Keys::new(ReplicaId(i), *secret, &public, cluster);
            Node::new(config, keys.expect("the keys are good"))
        };
        let nodes = (0..).zip(&secrets).map(node).collect();
        let mut network = Self {
            now: Time(0),
            nodes,
            queue: VecDeque::new(),
            held: Vec::new(),
            cuts: BTreeSet::new(),
            rule: Box::new(|_| Fate::Deliver),
            agreed: BTreeMap::new(),
            beyond_the_bound: false,
        };
        for i in 0..n {
            network.turn(i);
        }
        network
    }

    pub(crate) fn n(&self) -> u32 {
        u32::try_from(self.nodes.len()).expect("few replicas")
    }

    pub(crate) const fn now(&self) -> Time {
        self.now
    }

    fn node(&self, i: u32) -> &Node {
        &self.nodes[i as usize]
    }

    fn node_mut(&mut self, i: u32) -> &mut Node {
        &mut self.nodes[i as usize]
    }
}

/// Inputs and effects of replicas.
impl Network {
    /// Gives a replica an input. Its own messages come back to it before this returns. Returns its effects, in order.
    fn give(&mut self, at: u32, input: impl FnOnce(&mut Core<Log>)) -> Vec<Effect> {
        let node = self.node_mut(at);
        if node.crashed {
            return Vec::new();
        }
        input(&mut node.core);
        self.turn(at)
    }

    /// Lets a replica handle what has come to it.
    fn turn(&mut self, at: u32) -> Vec<Effect> {
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

    /// A process's client got no answer, and wants another primary.
    pub(crate) fn distrust(&mut self, at: u32) {
        self.give(at, Core::distrust);
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

/// The network and the clock.
impl Network {
    /// Delivers messages until none is under way. No time passes.
    pub(crate) fn run(&mut self) {
        for _ in 0..100_000 {
            let Some(parcel) = self.queue.pop_front() else {
                return;
            };
            if self.cuts.contains(&(parcel.from, parcel.to)) {
                continue;
            }
            match (self.rule)(&parcel) {
                Fate::Deliver => drop(self.deliver(parcel.to, parcel.message)),
                Fate::Hold => self.held.push(parcel),
                Fate::Drop => {}
            }
        }
        panic!("the network never falls silent");
    }

    /// Jumps to the next timer and fires it.
    pub(crate) fn next_timer(&mut self) -> Option<(u32, Timer)> {
        let live = (0..).zip(&self.nodes).filter(|(_, node)| !node.crashed);
        let timers = live.flat_map(|(i, node)| {
            let set = move |timer| Some((node.core.timer(timer)?, i, timer));
            TIMERS.into_iter().filter_map(set)
        });
        let (at, i, timer) = timers.min()?;
        self.now = self.now.max(at);
        self.run_out(i, timer);
        Some((i, timer))
    }

    /// Delivers messages and fires timers for this time.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = self.now + span;
        self.run();
        while self.next_deadline().is_some_and(|at| at <= end) {
            self.next_timer();
            self.run();
        }
        self.now = end;
    }

    fn next_deadline(&self) -> Option<Time> {
        self.nodes
            .iter()
            .filter(|node| !node.crashed)
            .flat_map(|node| {
                TIMERS
                    .into_iter()
                    .filter_map(|timer| node.core.timer(timer))
            })
            .min()
    }

    /// Sets the clock, in microseconds.
    pub(crate) const fn now_is(&mut self, micros: u64) {
        self.now = Time(micros);
    }

    /// Fires one replica's timer, at the time for which it is set.
    pub(crate) fn fire(&mut self, i: u32, timer: Timer) -> Vec<Effect> {
        let at = self.timer(i, timer).expect("the timer is set");
        self.now = self.now.max(at);
        self.run_out(i, timer)
    }

    pub(crate) fn fire_if_set(&mut self, i: u32, timer: Timer) -> Vec<Effect> {
        if self.timer(i, timer).is_some() {
            self.fire(i, timer)
        } else {
            Vec::new()
        }
    }

    /// Whether a replica refused only messages that came too late. Senders cannot avoid that.
    pub(crate) fn only_late_rejects(&self, i: u32) -> bool {
        self.rejects(i).iter().all(|reject| {
            matches!(
                reject,
                Misbehaviour::WrongView { .. }
                    | Misbehaviour::OutsideWindow { .. }
                    | Misbehaviour::OldTimestamp { .. }
                    | Misbehaviour::UnwantedBody { .. }
            )
        })
    }

    /// The time for which a replica's timer is set.
    pub(crate) fn timer(&self, i: u32, timer: Timer) -> Option<Time> {
        self.node(i).core.timer(timer)
    }

    pub(crate) fn crash(&mut self, i: u32) {
        self.node_mut(i).crashed = true;
    }

    /// Starts a crashed replica again from its disk.
    pub(crate) fn restart(&mut self, i: u32) {
        let node = self.node_mut(i);
        let disk = node.disk.0.clone();
        node.start(|config| Replica::restore(config, disk));
        self.turn(i);
    }

    /// Starts a crashed replica again with an empty disk.
    pub(crate) fn restart_without_disk(&mut self, i: u32) {
        let node = self.node_mut(i);
        node.disk = Records::default();
        node.config.life += 1;
        node.start(Replica::rejoin);
        self.turn(i);
    }

    /// Gives the next parcel to its recipient, which writes its records. Kills the recipient before it sends anything.
    pub(crate) fn deliver_next_and_kill_before_it_sends(&mut self) -> Option<u32> {
        let parcel = self.queue.pop_front()?;
        let sent_before = self.queue.len();
        self.deliver(parcel.to, parcel.message);
        self.queue.truncate(sent_before);
        self.crash(parcel.to);
        Some(parcel.to)
    }

    /// Delivers one parcel, if one is under way.
    pub(crate) fn deliver_next(&mut self) -> bool {
        let parcel = self.queue.pop_front();
        let there_was = parcel.is_some();
        if let Some(parcel) = parcel {
            self.deliver(parcel.to, parcel.message);
        }
        there_was
    }

    pub(crate) fn cut(&mut self, i: u32, j: u32) {
        self.cuts.extend([(i, j), (j, i)]);
    }

    /// Cuts a replica off from all others.
    pub(crate) fn isolate(&mut self, i: u32) {
        for j in (0..self.n()).filter(|j| *j != i) {
            self.cut(i, j);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cuts.clear();
    }

    /// Sets what happens to parcels from now on.
    pub(crate) fn rule(&mut self, rule: impl Fn(&Parcel) -> Fate + 'static) {
        self.rule = Box::new(rule);
    }

    pub(crate) fn drop_if(&mut self, predicate: impl Fn(&Parcel) -> bool + 'static) {
        self.rule(move |parcel| {
            if predicate(parcel) {
                Fate::Drop
            } else {
                Fate::Deliver
            }
        });
    }

    pub(crate) fn hold_if(&mut self, predicate: impl Fn(&Parcel) -> bool + 'static) {
        self.rule(move |parcel| {
            if predicate(parcel) {
                Fate::Hold
            } else {
                Fate::Deliver
            }
        });
    }

    /// Removes the rule and releases the parcels that it held.
    pub(crate) fn release(&mut self) {
        self.rule = Box::new(|_| Fate::Deliver);
        self.queue.extend(self.held.drain(..));
    }

    /// Drops the parcels under way.
    pub(crate) fn discard(&mut self) {
        self.queue.clear();
    }
}

/// What can be seen from outside.
impl Network {
    pub(crate) fn status(&self, i: u32) -> Status {
        self.node(i).core.replica().status()
    }

    /// Whether a replica votes in its current view.
    pub(crate) fn votes(&self, i: u32) -> bool {
        self.node(i).core.replica().votes()
    }

    pub(crate) fn slot(&self, i: u32, sequence: u64) -> SlotStatus {
        self.node(i).core.replica().slot(Sequence(sequence))
    }

    pub(crate) fn view(&self, i: u32) -> (u64, bool) {
        let status = self.status(i);
        (status.view.0, status.active)
    }

    pub(crate) fn sizes(&self, i: u32) -> Sizes {
        self.node(i).core.replica().sizes()
    }

    /// The whole state of a replica, so that a test can see that nothing has changed.
    pub(crate) fn state(&self, i: u32) -> String {
        format!("{:?}", self.node(i).core.replica())
    }

    /// The requests that a replica has executed, as (client, timestamp).
    pub(crate) fn executed(&self, i: u32) -> Vec<(u32, u64)> {
        self.node(i)
            .core
            .service()
            .requests
            .iter()
            .map(|r| (number_of(r.client), r.timestamp.0))
            .collect()
    }

    /// The requests that a replica executed in each slot.
    pub(crate) fn slots(&self, i: u32) -> Vec<(u64, Vec<(u32, u64)>)> {
        slots(&self.node(i).effects)
    }

    pub(crate) fn rejects(&self, i: u32) -> Vec<Misbehaviour> {
        rejects(&self.node(i).effects)
    }

    pub(crate) fn accusations(&self, i: u32) -> Vec<Evidence> {
        accusations(&self.node(i).effects)
    }

    /// Whether no replica was accused.
    pub(crate) fn nobody_is_accused(&self) -> bool {
        (0..self.n()).all(|i| self.accusations(i).is_empty())
    }

    /// The messages that a replica has broadcast.
    pub(crate) fn said(&self, i: u32) -> Vec<Message> {
        broadcasts(&self.node(i).effects)
    }

    /// Allows replicas to disagree from now on.
    pub(crate) fn go_beyond_the_bound(&mut self) {
        self.beyond_the_bound = true;
    }

    pub(crate) fn commit_certificate(&self, i: u32, sequence: u64) -> Vec<Signed<Commit>> {
        self.node(i)
            .core
            .replica()
            .commit_certificate(Sequence(sequence))
            .to_vec()
    }

    /// The messages that a replica has sent to single others.
    pub(crate) fn sent(&self, i: u32) -> Vec<Message> {
        let pick = |effect: &Effect| match effect {
            Effect::Send { message, .. } => Some(message.clone()),
            _ => None,
        };
        self.node(i).effects.iter().filter_map(pick).collect()
    }

    /// The checkpoints at which a replica found that its state differs.
    pub(crate) fn diverged(&self, i: u32) -> Vec<Sequence> {
        let pick = |effect: &Effect| match effect {
            Effect::Diverged { sequence } => Some(*sequence),
            _ => None,
        };
        self.node(i).effects.iter().filter_map(pick).collect()
    }

    /// The manifest that some replica sent to this one.
    pub(crate) fn manifest_sent_to(&self, i: u32) -> Manifest {
        let pick = |effect: &Effect| match effect {
            Effect::Send {
                to,
                message:
                    Message::State(State {
                        piece: Piece::Manifest(manifest),
                        ..
                    }),
            } if to.0 == i => Some(manifest.clone()),
            _ => None,
        };
        self.nodes
            .iter()
            .flat_map(|node| &node.effects)
            .find_map(pick)
            .expect("somebody sent a manifest")
    }

    /// A manifest that the network holds.
    pub(crate) fn held_manifest(&self) -> SignedMessage {
        let is_manifest = |message: &SignedMessage| matches!(message, SignedMessage::State(state) if matches!(state.value().piece, Piece::Manifest(_)));
        self.held
            .iter()
            .map(|parcel| &parcel.message)
            .find(|message| is_manifest(message))
            .expect("a manifest is held")
            .clone()
    }

    /// Changes a replica's state without its knowledge.
    pub(crate) fn tamper(&mut self, i: u32) {
        self.node_mut(i).core.service_mut().requests.clear();
    }

    pub(crate) fn new_views(&self, i: u32) -> Vec<NewView> {
        let pick = |message| {
            if let Message::NewView(new_view) = message {
                Some(new_view)
            } else {
                None
            }
        };
        self.said(i).into_iter().filter_map(pick).collect()
    }

    pub(crate) fn view_changes(&self, i: u32) -> Vec<ViewChange> {
        let pick = |message| {
            if let Message::ViewChange(view_change) = message {
                Some(view_change)
            } else {
                None
            }
        };
        self.said(i).into_iter().filter_map(pick).collect()
    }

    pub(crate) fn checkpoints(&self, i: u32) -> Vec<Checkpoint> {
        let pick = |message| {
            if let Message::Checkpoint(checkpoint) = message {
                Some(checkpoint)
            } else {
                None
            }
        };
        self.said(i).into_iter().filter_map(pick).collect()
    }

    /// Whether every replica has executed exactly these requests, each once.
    pub(crate) fn all_executed(&self, expected: &[(u32, u64)]) -> bool {
        (0..self.n())
            .filter(|i| !self.node(*i).crashed)
            .all(|i| self.executed(i) == expected)
    }

    /// Makes a replica's service give other answers from the same state.
    pub(crate) fn set_accent(&mut self, i: u32, accent: &[u8]) {
        self.node_mut(i).core.service_mut().accent = accent.to_vec();
    }
}

/// Messages signed with any replica's key.
impl Network {
    pub(crate) fn sign<T: Signable>(&self, signer: u32, value: T) -> Signed<T> {
        self.node(signer).keys.sign(value).into_signed()
    }

    pub(crate) fn request(&self, client: u32, timestamp: u64) -> Signed<Request> {
        self.sign(client, the_request(client, timestamp))
    }

    /// A client's request, verified.
    pub(crate) fn verified_request(
        &self,
        speaker: u32,
        name: &str,
        timestamp: u64,
    ) -> Verified<Request> {
        let request = self.named_request(speaker, name, timestamp);
        self.node(speaker).keys.sign(request.value().clone())
    }

    /// A client's request, signed by the process that speaks for the client.
    pub(crate) fn named_request(
        &self,
        speaker: u32,
        name: &str,
        timestamp: u64,
    ) -> Signed<Request> {
        let client = ClientId::named(ReplicaId(speaker), name);
        let operation = format!("{name}/{timestamp}").into_bytes();
        self.sign(
            speaker,
            Request::new(client, Timestamp(timestamp), operation),
        )
    }

    pub(crate) fn cluster(&self) -> ClusterId {
        self.node(0).keys.cluster()
    }

    /// The request of a client with a key, carried by a process.
    pub(crate) fn keyed_request(
        &self,
        carrier: u32,
        name: &str,
        timestamp: u64,
    ) -> Signed<Request> {
        let operation = format!("{name}/{timestamp}").into_bytes();
        let key = key_of(name);
        let request = key.request(self.cluster(), Timestamp(timestamp), operation);
        self.sign(carrier, request)
    }

    /// A batch with one request.
    pub(crate) fn batch(&self, client: u32, timestamp: u64) -> Batch {
        Batch {
            requests: vec![self.request(client, timestamp)],
        }
    }

    pub(crate) fn proposal(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Signed<PrePrepare> {
        let (view, sequence) = (View(view), Sequence(sequence));
        self.sign(
            signer,
            PrePrepare {
                view,
                sequence,
                digest: batch.digest(),
            },
        )
    }

    pub(crate) fn pre_prepare(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> SignedMessage {
        let pre_prepare = self.proposal(signer, view, sequence, batch);
        SignedMessage::PrePrepare {
            pre_prepare,
            batch: batch.clone(),
        }
    }

    pub(crate) fn signed_prepare(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Signed<Prepare> {
        let (view, sequence) = (View(view), Sequence(sequence));
        self.sign(
            signer,
            Prepare {
                view,
                sequence,
                digest: batch.digest(),
            },
        )
    }

    pub(crate) fn prepare(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> SignedMessage {
        SignedMessage::Prepare(self.signed_prepare(signer, view, sequence, batch))
    }

    pub(crate) fn signed_commit(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Signed<Commit> {
        let (view, sequence) = (View(view), Sequence(sequence));
        self.sign(
            signer,
            Commit {
                view,
                sequence,
                digest: batch.digest(),
            },
        )
    }

    pub(crate) fn commit(
        &self,
        signer: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> SignedMessage {
        SignedMessage::Commit(self.signed_commit(signer, view, sequence, batch))
    }

    pub(crate) fn checkpoint(
        &self,
        signer: u32,
        sequence: u64,
        digest: Digest,
    ) -> Signed<Checkpoint> {
        self.sign(
            signer,
            Checkpoint {
                sequence: Sequence(sequence),
                digest,
            },
        )
    }

    pub(crate) fn certificate(
        &self,
        view: u64,
        sequence: u64,
        batch: &Batch,
        preparers: &[u32],
    ) -> PreparedCertificate {
        let primary = u32::try_from(view % u64::from(self.n())).expect("few replicas");
        PreparedCertificate {
            pre_prepare: self.proposal(primary, view, sequence, batch),
            prepares: preparers
                .iter()
                .map(|i| self.signed_prepare(*i, view, sequence, batch))
                .collect(),
        }
    }

    /// A VIEW-CHANGE without a stable checkpoint.
    pub(crate) fn wish(
        &self,
        signer: u32,
        view: u64,
        prepared: Vec<PreparedCertificate>,
    ) -> Signed<ViewChange> {
        self.wish_from(signer, view, 0, Vec::new(), prepared)
    }

    /// A VIEW-CHANGE with a stable checkpoint.
    pub(crate) fn wish_from(
        &self,
        signer: u32,
        view: u64,
        stable: u64,
        checkpoint_proof: Vec<Signed<Checkpoint>>,
        prepared: Vec<PreparedCertificate>,
    ) -> Signed<ViewChange> {
        let (view, stable) = (View(view), Sequence(stable));
        self.sign(
            signer,
            ViewChange {
                view,
                life: 0,
                stable,
                checkpoint_proof,
                prepared,
            },
        )
    }

    /// VIEW-CHANGEs without certificates.
    pub(crate) fn wishes(&self, signers: &[u32], view: u64) -> Vec<Signed<ViewChange>> {
        signers
            .iter()
            .map(|i| self.wish(*i, view, Vec::new()))
            .collect()
    }

    pub(crate) fn new_view(
        &self,
        signer: u32,
        view: u64,
        view_changes: Vec<Signed<ViewChange>>,
        chosen: &[(u64, Digest)],
    ) -> SignedMessage {
        let chosen = chosen
            .iter()
            .map(|(n, digest)| (Sequence(*n), *digest))
            .collect();
        let new_view = NewView {
            view: View(view),
            view_changes,
            chosen,
        };
        let pre_prepares = new_view
            .proposals()
            .map(|proposal| self.sign(signer, proposal))
            .collect();
        SignedMessage::NewView {
            new_view: self.sign(signer, new_view),
            pre_prepares,
        }
    }

    /// Makes one replica commit a batch, with the votes of all others.
    pub(crate) fn commit_at(
        &mut self,
        at: u32,
        view: u64,
        sequence: u64,
        batch: &Batch,
    ) -> Vec<Effect> {
        let primary = u32::try_from(view % u64::from(self.n())).expect("few replicas");
        let others: Vec<u32> = (0..self.n()).filter(|i| *i != at).collect();
        let mut effects = self.deliver(at, self.pre_prepare(primary, view, sequence, batch));
        for i in others.iter().filter(|i| **i != primary) {
            effects.extend(self.deliver(at, self.prepare(*i, view, sequence, batch)));
        }
        for i in &others {
            effects.extend(self.deliver(at, self.commit(*i, view, sequence, batch)));
        }
        effects
    }
}

/// The key of a client.
pub(crate) fn key_of(name: &str) -> ClientKey {
    let Digest(secret) = Digest::of(&[name.as_bytes()]);
    ClientKey::new(&secret)
}

/// The index of a client that is a process; 99 for a client outside.
fn number_of(client: ClientId) -> u32 {
    client.process().map_or(99, |process| process.0)
}

fn the_request(client: u32, timestamp: u64) -> Request {
    let operation = format!("{client}/{timestamp}").into_bytes();
    Request::new(ReplicaId(client).into(), Timestamp(timestamp), operation)
}

pub(crate) fn broadcasts(effects: &[Effect]) -> Vec<Message> {
    let pick = |effect: &Effect| {
        if let Effect::Broadcast(message) = effect {
            Some(message.clone())
        } else {
            None
        }
    };
    effects.iter().filter_map(pick).collect()
}

/// The records that these effects write to disk.
pub(crate) fn persisted(effects: &[Effect]) -> Vec<Record> {
    let pick = |effect: &Effect| {
        if let Effect::Persist(record) = effect {
            Some((**record).clone())
        } else {
            None
        }
    };
    effects.iter().filter_map(pick).collect()
}

pub(crate) fn rejects(effects: &[Effect]) -> Vec<Misbehaviour> {
    let pick = |effect: &Effect| {
        if let Effect::Reject(why) = effect {
            Some(why.clone())
        } else {
            None
        }
    };
    effects.iter().filter_map(pick).collect()
}

pub(crate) fn accusations(effects: &[Effect]) -> Vec<Evidence> {
    let pick = |effect: &Effect| {
        if let Effect::Accuse(evidence) = effect {
            Some((**evidence).clone())
        } else {
            None
        }
    };
    effects.iter().filter_map(pick).collect()
}

pub(crate) fn slots(effects: &[Effect]) -> Vec<(u64, Vec<(u32, u64)>)> {
    let pick = |effect: &Effect| {
        let Effect::Execute { sequence, requests } = effect else {
            return None;
        };
        Some((
            sequence.0,
            requests
                .iter()
                .map(|r| (number_of(r.client), r.timestamp.0))
                .collect(),
        ))
    };
    effects.iter().filter_map(pick).collect()
}

/// Whether this is a message of the normal case, in any view.
pub(crate) const fn is_normal(message: &SignedMessage) -> bool {
    matches!(
        message,
        SignedMessage::PrePrepare { .. } | SignedMessage::Prepare(_) | SignedMessage::Commit(_)
    )
}
