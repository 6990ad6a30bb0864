//! The one task that owns the replica, the service and the timers. All events come to it, one at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use quorate_fault::{Faulty, Setting, grammar};
use quorate_protocol::{
    ClientId, ClusterId, Config, Duration, Input, Keys, Quorum, Record, Replica, ReplicaId,
    SignedMessage, Timer, Timestamp,
};
use quorate_service::Replicated;
use quorate_service::exchange::{Command, Participant, Rules};
use quorate_service::session::Session;
use quorate_wire::method::Traffic;
use quorate_wire::{Caller, Fault, Seldom};

use crate::Ending;
use crate::config::NodeConfig;
use crate::desk::Desk;
use crate::loss::Loss;
use crate::outbox::{CALL_TIMEOUT, Head, Outbox};
use crate::proofs::Proofs;
use crate::question::{AtRuntime, CORRECT, Question, Reply, SlotVotes, Standing};
use crate::storage::{self, Past, Storage};
use crate::timers::Timers;
use crate::views::{ViewLog, names};
use crate::web::Web;

pub(crate) struct Runtime {
    pub(crate) own: ReplicaId,
    pub(crate) quorum: Quorum,
    pub(crate) keys: Keys,
    pub(crate) replica: Faulty,
    pub(crate) service: Replicated,
    pub(crate) participant: Participant,
    pub(crate) session: Session,
    pub(crate) timers: Timers,
    pub(crate) outboxes: Vec<Option<Outbox>>,
    pub(crate) inputs: VecDeque<Input>,
    /// The answers that the replica waits for. It gets them before any other input, in the order in which it asked.
    pub(crate) answers: VecDeque<Input>,
    pub(crate) traffic: Traffic,
    /// Whether this process listens on loopback only. Then it trusts its callers: they may play another process and
    /// make this one faulty.
    pub(crate) loopback: bool,
    /// The replicas already proved faulty. Proofs may come a hundred times a second, but people need to read it only
    /// once.
    pub(crate) proofs: Proofs,
    /// Why this process changed the view.
    pub(crate) views: ViewLog,
    /// The callers that wait for a decision, with their rounds.
    pub(crate) waiting: Vec<(u64, Reply<String>)>,
    /// The exchange's commands for the next request.
    pub(crate) commands: VecDeque<Command>,
    /// The clients outside the cluster that this process speaks for.
    pub(crate) desk: Desk,
    /// What it needs for PBFT over HTTP/JSON.
    pub(crate) web: Option<Web>,
    /// The fault of this process, in words.
    fault: Option<String>,
    /// What a behaviour is made with.
    setting: Setting,
    storage: Option<Storage>,
    /// Records that must be on disk before anything in `unsent` is sent (rule 22).
    pub(crate) unwritten: Vec<Record>,
    /// Encoded messages to send, and to whom.
    pub(crate) unsent: Vec<(ReplicaId, Arc<[u8]>)>,
    /// Requests over HTTP whose replies must be posted.
    pub(crate) unposted: Vec<String>,
    /// Decides which messages are lost on purpose.
    pub(crate) loss: Loss,
    /// The log lines about bad batches, by the peer whose name they have.
    bad_batches: Seldom<ReplicaId>,
    asked: AtRuntime,
}

impl Runtime {
    /// `loopback`: whether this process listens on loopback only, and therefore trusts its callers.
    pub(crate) fn new(
        config: &NodeConfig,
        loopback: bool,
        asked: AtRuntime,
    ) -> anyhow::Result<Self> {
        let own = ReplicaId(config.index);
        let n = u32::try_from(config.addresses.len())
            .ok()
            .and_then(std::num::NonZeroU32::new);
        let quorum = Quorum::of(n.context("there must be at least one process")?);
        let keys = Keys::new(
            own,
            config.secret_key,
            &config.public_keys,
            ClusterId(config.cluster),
        )?;
        let view_timeout = Duration::from_millis(config.view_timeout_ms);
        let mut protocol = Config::new(own, quorum).with_view_timeout(view_timeout);
        protocol.batch_limit = config.batch_limit as usize;
        if let Some(interval) = config.checkpoint_interval {
            protocol.checkpoint_interval = interval;
            protocol.window = 2 * interval;
        }
        if let Some(interval) = config.status_interval_ms {
            protocol.status_interval = Duration::from_millis(interval);
        }
        let setting = Setting {
            config: protocol.clone(),
            seed: config.dice_seed(),
        };
        let mut behaviour = config
            .fault
            .as_deref()
            .map(|words| grammar::parse(words, &setting))
            .transpose()?;
        let (mut storage, mut past) = storage::begin(config, &mut protocol)?;
        let lived = !matches!(past, Past::None);
        let forgets = behaviour
            .as_mut()
            .is_some_and(|behaviour| behaviour.forgets());
        if forgets {
            past = Past::None;
            if let Some(storage) = &mut storage {
                storage.forget()?;
            }
        }
        let replica = match past {
            Past::None => Replica::new(protocol),
            Past::Kept(records) => Replica::restore(protocol, records),
            Past::Lost => {
                tracing::warn!(
                    "what this process knew is lost: it does not vote until nothing can contradict it"
                );
                Replica::rejoin(protocol)
            }
        };
        // An earlier life of this process may have numbered requests up to now. The clock gives greater timestamps than
        // any of those.
        let last = replica.last_timestamp(ClientId::from(own)).0;
        let started = if lived {
            micros_since_1970().max(last + 1)
        } else {
            0
        };
        let rules = Rules {
            quorum,
            default_decision: config.default_decision.clone(),
        };
        Ok(Self {
            own,
            quorum,
            keys,
            replica: Faulty::new(replica, behaviour),
            service: Replicated::new(rules),
            participant: Participant::default(),
            session: Session::new(ClientId::from(own), Timestamp(started)),
            timers: Timers::new(),
            outboxes: start_outboxes(config, own),
            inputs: VecDeque::from([Input::Start]),
            answers: VecDeque::new(),
            traffic: Traffic {
                messages_sent: 0,
                bytes_sent: 0,
                signatures_checked: 0,
            },
            loopback,
            proofs: Proofs::default(),
            views: ViewLog::new(),
            waiting: Vec::new(),
            commands: VecDeque::new(),
            desk: Desk::new(own, quorum, started),
            web: config
                .web
                .as_ref()
                .map(|web| Web::start(web, own))
                .transpose()?,
            loss: Loss::new(config),
            fault: config.fault.clone(),
            setting,
            storage,
            unwritten: Vec::new(),
            unsent: Vec::new(),
            unposted: Vec::new(),
            bad_batches: Seldom::default(),
            asked,
        })
    }

    /// Runs until nobody can ask any more, or until the process crashes as its fault says. If a record cannot be
    /// written, ends the whole process before it sends anything that depends on the record.
    pub(crate) async fn run(mut self) -> Ending {
        loop {
            self.settle();
            if let Err(error) = self.write() {
                // Exit at once, so that no caller gets an answer that is already made.
                tracing::error!("a record cannot be written to disk: {error:#}; this process ends");
                std::process::exit(1);
            }
            self.send_all();
            if self.replica.has_crashed() {
                return Ending::Crashed;
            }
            let wake_at = self.replica.wake_at();
            tokio::select! {
                question = self.asked.questions.recv() => match question {
                    Some(question) => self.on_question(question),
                    None => return Ending::ShutDown,
                },
                (peer, messages) = self.asked.batches.next() => self.on_deliver(peer, messages),
                () = self.timers.next() => {
                    while let Some(timer) = self.timers.take_due() {
                        if timer == Timer::Status {
                            self.ask_again();
                        }
                        self.inputs.push_back(Input::Timer(timer));
                    }
                }
                () = self.timers.reach(wake_at) => self.wake(),
            }
        }
    }

    /// Steps the replica until nothing is left to do, and orders the exchange's commands.
    fn settle(&mut self) {
        loop {
            while let Some(input) = self.answers.pop_front().or_else(|| self.inputs.pop_front()) {
                let now = self.timers.now();
                self.views.on_input(&input);
                for effect in self.replica.step(now, input) {
                    self.perform(effect);
                }
            }
            self.answer_decided();
            let ordered = self.order();
            if !self.submit_waiting() && !ordered {
                return;
            }
        }
    }

    /// Writes the new records to disk.
    fn write(&mut self) -> anyhow::Result<()> {
        let records = std::mem::take(&mut self.unwritten);
        let Some(storage) = self.storage.as_mut().filter(|_| !records.is_empty()) else {
            return Ok(());
        };
        if records.iter().any(Record::compacts) {
            storage.replace(&self.replica.replica().records())
        } else {
            storage.add(&records)
        }
    }

    /// Sends everything that the replica and the service have produced since the last time.
    fn send_all(&mut self) {
        for (to, message) in std::mem::take(&mut self.unsent) {
            if let Some(outbox) = self.outboxes.get(to.0 as usize).and_then(Option::as_ref) {
                outbox.push(message);
            }
        }
        for json in std::mem::take(&mut self.unposted) {
            self.post_reply(&json);
        }
        self.dump_requests();
    }

    /// Does what a faulty replica does late or without input.
    fn wake(&mut self) {
        for effect in self.replica.wake(self.timers.now()) {
            self.perform(effect);
        }
    }

    fn on_question(&mut self, question: Question) {
        match question {
            Question::Vote {
                recipient,
                decision,
                round,
                answer,
            } => {
                let _ = answer.send(self.vote(recipient, decision, round));
            }
            Question::Hear(heard, answer) => {
                let _ = answer.send(self.hear(heard));
            }
            Question::Finalize { round, answer } => self.finalize(round, answer),
            Question::Explain { round, answer } => {
                let _ = answer.send(self.explain(round));
            }
            Question::Submit {
                operation,
                request,
                answer,
            } => self.submit(&operation, request, answer),
            Question::Read { key, answer } => self.read(&key, answer),
            Question::Slot(sequence, answer) => {
                let replica = self.replica.replica();
                let _ = answer.send(SlotVotes {
                    status: replica.slot(sequence),
                    prepared_by: names(&replica.prepared_by(sequence)),
                    committed_by: names(&replica.committed_by(sequence)),
                });
            }
            Question::Request {
                proposal,
                json,
                answer,
            } => {
                let _ = answer.send(self.request(&proposal, json));
            }
            Question::Distrust(answer) => {
                self.inputs.push_back(Input::Distrust);
                let _ = answer.send(self.replica.replica().status().view);
            }
            Question::Ledger(answer) => {
                let _ = answer.send(self.service.ledger().since(0).cloned().collect());
            }
            Question::SetFault(words, answer) => {
                let _ = answer.send(self.set_fault(words));
            }
            Question::Fault(answer) => {
                let _ = answer.send(self.fault_in_words());
            }
            Question::Sizes(answer) => {
                let replica = self.replica.replica();
                let _ = answer.send((replica.sizes(), replica.votes()));
            }
            Question::Status(answer) => {
                let _ = answer.send(self.standing());
            }
            Question::Round(round, answer) => {
                let _ = answer.send(self.round_status(round));
            }
        }
    }

    fn standing(&mut self) -> Standing {
        self.traffic.signatures_checked = self.keys.checked();
        let replica = self.replica.replica();
        let status = replica.status();
        let asking = replica.asked_for(status.view);
        Standing {
            status,
            round: self.round_status(None),
            proofs: self.proofs.status(),
            view_changes: self.views.status(self.quorum, &asking),
            traffic: self.traffic.clone(),
        }
    }

    /// Sets the fault of this process, in words. `None` makes it correct.
    fn set_fault(&mut self, words: Option<String>) -> Result<String, Fault> {
        if !self.loopback {
            return Err(Fault::new(
                Fault::NOT_FROM_ELSEWHERE,
                "faults can be set only at a process that listens on loopback alone: start the server with --faulty",
            ));
        }
        let parsed = words
            .as_deref()
            .map(|words| grammar::parse(words, &self.setting))
            .transpose();
        let mut behaviour =
            parsed.map_err(|error| Fault::new(Fault::BAD_BEHAVIOUR, error.to_string()))?;
        if behaviour
            .as_mut()
            .is_some_and(|behaviour| behaviour.forgets())
        {
            return Err(Fault::new(
                Fault::BAD_BEHAVIOUR,
                "amnesia acts when a process starts again, but a fault that is set now is gone by then: start the server with --faulty",
            ));
        }
        for effect in self.replica.change(self.timers.now(), behaviour) {
            self.perform(effect);
        }
        self.fault = words;
        let words = self.fault_in_words();
        tracing::info!(fault = words, "behaves in another way from now on");
        Ok(words)
    }

    fn fault_in_words(&self) -> String {
        self.fault.clone().unwrap_or_else(|| CORRECT.to_owned())
    }

    fn on_deliver(&mut self, peer: ReplicaId, messages: Vec<SignedMessage>) {
        for message in messages {
            match self.keys.verify_message(message) {
                Ok(message) => self.inputs.push_back(Input::Message(message)),
                Err(misbehaviour) => {
                    // A correct peer's batch contains no invalid message, so the rest of this batch is not worth
                    // checking.
                    if let Some(left_out) = self.bad_batches.line(peer) {
                        tracing::warn!(%peer, %misbehaviour, left_out, "a message was refused, and the rest of its batch with it");
                    }
                    return;
                }
            }
        }
    }
}

fn micros_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

fn start_outboxes(config: &NodeConfig, own: ReplicaId) -> Vec<Option<Outbox>> {
    let head = Head {
        cluster: ClusterId(config.cluster),
        sender: own,
    };
    let peers = (0..).map(ReplicaId).zip(&config.addresses);
    peers
        .map(|(peer, address)| {
            (peer != own).then(|| Outbox::start(head, peer, &Caller::new(*address, CALL_TIMEOUT)))
        })
        .collect()
}
