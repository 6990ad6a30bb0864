//! The one task that owns the replica, the exchange and the timers: everything that can happen comes to it, one thing at
//! a time.

use std::collections::VecDeque;

use anyhow::Context;
use quorate_fault::{Faulty, Say, behaviour};
use quorate_protocol::{
    ClientId, ClusterId, Config, Duration, Input, Keys, Quorum, Replica, ReplicaId, SignedMessage,
    Status,
};
use quorate_service::exchange::{Command, Exchange, Participant, Rules, Vote};
use quorate_service::session::Session;
use quorate_wire::method::{BallotStatus, RoundStatus, Traffic};
use quorate_wire::{Caller, Fault};
use tokio::sync::{mpsc, oneshot};

use crate::Ending;
use crate::config::NodeConfig;
use crate::outbox::{CALL_TIMEOUT, Outbox};
use crate::timers::Timers;

/// How many questions may wait for the runtime: two batches of each of 63 peers, and as many callers. Beyond, callers wait
/// and peers are told to try again.
pub(crate) const QUEUE: usize = 256;

/// What callers ask of the runtime.
#[derive(Debug)]
pub(crate) enum Question {
    /// Messages from a peer.
    Deliver(Vec<SignedMessage>),
    /// The process is to tell another its decision: what it says, in which round.
    Vote {
        recipient: ReplicaId,
        decision: String,
        round: Option<u64>,
        answer: oneshot::Sender<Result<Told, Fault>>,
    },
    /// Another process has told its decision.
    Hear(Heard, oneshot::Sender<Result<bool, Fault>>),
    /// A decision is wanted; the answer comes when there is one.
    Finalize {
        round: Option<u64>,
        answer: oneshot::Sender<Result<String, Fault>>,
    },
    /// Why there is no decision yet.
    Explain {
        round: Option<u64>,
        answer: oneshot::Sender<String>,
    },
    /// Where the process stands.
    Status(oneshot::Sender<(Status, RoundStatus, Traffic)>),
}

/// What a process says to another.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) round: u64,
    pub(crate) say: Say,
    /// The signed vote, if it says something.
    pub(crate) signature: Vec<u8>,
}

/// What a process heard from another.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) sender: ReplicaId,
    pub(crate) decision: String,
    pub(crate) round: Option<u64>,
    pub(crate) signature: Option<Vec<u8>>,
}

pub(crate) struct Runtime {
    pub(crate) own: ReplicaId,
    pub(crate) quorum: Quorum,
    pub(crate) keys: Keys,
    pub(crate) replica: Faulty,
    pub(crate) exchange: Exchange,
    pub(crate) participant: Participant,
    pub(crate) session: Session,
    pub(crate) timers: Timers,
    pub(crate) outboxes: Vec<Option<Outbox>>,
    pub(crate) inputs: VecDeque<Input>,
    pub(crate) traffic: Traffic,
    unsigned_votes: bool,
    waiting: Vec<(u64, oneshot::Sender<Result<String, Fault>>)>,
    commands: VecDeque<Command>,
    questions: mpsc::Receiver<Question>,
}

impl Runtime {
    /// `loopback`: whether this process listens on loopback only, and so takes unsigned votes.
    pub(crate) fn new(
        config: &NodeConfig,
        loopback: bool,
        questions: mpsc::Receiver<Question>,
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
        let mut protocol = Config::new(own, quorum);
        protocol.view_timeout = Duration::from_millis(config.view_timeout_ms);
        let behaviour = config
            .fault
            .as_deref()
            .map(|words| behaviour::parse(words, own, quorum.n()))
            .transpose()?;
        let rules = Rules {
            quorum,
            default_decision: config.default_decision.clone(),
        };
        Ok(Self {
            own,
            quorum,
            keys,
            replica: Faulty::new(Replica::new(protocol), behaviour),
            exchange: Exchange::new(rules),
            participant: Participant::default(),
            session: Session::new(ClientId::from(own)),
            timers: Timers::new(),
            outboxes: start_outboxes(config, own),
            inputs: VecDeque::from([Input::Start]),
            traffic: Traffic {
                messages_sent: 0,
                bytes_sent: 0,
                signatures_checked: 0,
            },
            unsigned_votes: loopback,
            waiting: Vec::new(),
            commands: VecDeque::new(),
            questions,
        })
    }

    /// Runs until nobody can ask any more, or until the process crashes as its fault has it.
    pub(crate) async fn run(mut self) -> Ending {
        loop {
            self.settle();
            if self
                .replica
                .behaviour()
                .is_some_and(|behaviour| behaviour.has_crashed())
            {
                return Ending::Crashed;
            }
            tokio::select! {
                question = self.questions.recv() => match question {
                    Some(question) => self.on_question(question),
                    None => return Ending::ShutDown,
                },
                () = self.timers.next() => {
                    while let Some(timer) = self.timers.take_due() {
                        self.inputs.push_back(Input::Timer(timer));
                    }
                }
            }
        }
    }

    /// Steps the replica until nothing is left to do, and orders what the exchange wants.
    fn settle(&mut self) {
        loop {
            while let Some(input) = self.inputs.pop_front() {
                let now = self.timers.now();
                for effect in self.replica.step(now, input) {
                    self.perform(effect);
                }
            }
            self.answer_decided();
            if !self.order() {
                return;
            }
        }
    }

    /// Orders everything that waits, as one request, if none is under way.
    fn order(&mut self) -> bool {
        for command in self.participant.take_commands(&self.exchange) {
            let command = self.misreport(command);
            self.commands.push_back(command);
        }
        if self.commands.is_empty() || !self.session.is_free() {
            return false;
        }
        let commands: Vec<Command> = self.commands.drain(..).collect();
        let request = self.session.request(encode_commands(&commands));
        self.inputs
            .push_back(Input::Submit(self.keys.sign(request)));
        true
    }

    /// A liar's ballot says what it wants everyone to have voted.
    fn misreport(&mut self, command: Command) -> Command {
        let lie = self
            .replica
            .behaviour()
            .and_then(|behaviour| behaviour.ballot());
        match (command, lie) {
            (Command::Ballot { round, .. }, Some(value)) => {
                let votes = (0..self.quorum.n())
                    .map(|i| (ReplicaId(i), value.clone()))
                    .collect();
                Command::Ballot { round, votes }
            }
            (command, _) => command,
        }
    }

    fn answer_decided(&mut self) {
        for (round, answer) in std::mem::take(&mut self.waiting) {
            if answer.is_closed() {
                continue;
            }
            match self.exchange.decision(round) {
                Some(decision) => drop(answer.send(Ok(decision.to_owned()))),
                None if !self.exchange.in_window(round) => {
                    drop(answer.send(Err(self.out_of_window(round))));
                }
                None => self.waiting.push((round, answer)),
            }
        }
    }

    fn on_question(&mut self, question: Question) {
        // A caller that hung up is no longer interested in the answer: a failed send is no error.
        match question {
            Question::Deliver(messages) => self.on_deliver(messages),
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
            Question::Status(answer) => {
                self.traffic.signatures_checked = self.keys.checked();
                let _ = answer.send((
                    self.replica.status(),
                    self.round_status(),
                    self.traffic.clone(),
                ));
            }
        }
    }

    fn on_deliver(&mut self, messages: Vec<SignedMessage>) {
        for message in messages {
            match self.keys.verify_message(message) {
                Ok(message) => self.inputs.push_back(Input::Message(message)),
                Err(misbehaviour) => {
                    // A correct peer's batch holds no such message, so the rest of this one is not worth the work.
                    tracing::warn!(%misbehaviour, "a message was refused, and the rest of its batch with it");
                    return;
                }
            }
        }
    }

    fn vote(
        &mut self,
        recipient: ReplicaId,
        decision: String,
        round: Option<u64>,
    ) -> Result<Told, Fault> {
        let round = round.unwrap_or_else(|| Participant::current(&self.exchange));
        let say = match self.replica.behaviour() {
            Some(behaviour) => behaviour.say(recipient, &decision),
            None => Say::Decision(decision.clone()),
        };
        self.participant
            .hear(&self.exchange, round, self.own, decision)
            .map_err(vote_refused)?;
        let signature = match &say {
            Say::Decision(decision) => {
                let vote = Vote {
                    round,
                    recipient,
                    decision: decision.clone(),
                };
                encode_vote(&self.keys.sign(vote).into_signed())
            }
            Say::Deny | Say::Nothing => Vec::new(),
        };
        Ok(Told {
            round,
            say,
            signature,
        })
    }

    /// Whether the vote was kept; a process that denies the sender keeps nothing.
    fn hear(&mut self, heard: Heard) -> Result<bool, Fault> {
        let Heard {
            sender,
            decision,
            round,
            signature,
        } = heard;
        if self
            .replica
            .behaviour()
            .is_some_and(|behaviour| !behaviour.hears(sender))
        {
            return Ok(false);
        }
        let round = round.unwrap_or_else(|| Participant::current(&self.exchange));
        match signature {
            Some(signature) => self.check_vote(sender, &decision, round, &signature)?,
            None if self.unsigned_votes => {}
            None => return Err(Fault::new(Fault::UNSIGNED_VOTE, UNSIGNED)),
        }
        self.participant
            .hear(&self.exchange, round, sender, decision)
            .map_err(vote_refused)?;
        Ok(true)
    }

    fn check_vote(
        &mut self,
        sender: ReplicaId,
        decision: &str,
        round: u64,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let bad = || {
            Fault::new(
                Fault::BAD_SIGNATURE,
                format!("{sender} did not sign this vote to {}", self.own),
            )
        };
        let signed: quorate_protocol::Signed<Vote> =
            postcard::from_bytes(bytes).map_err(|_| bad())?;
        let expected = Vote {
            round,
            recipient: self.own,
            decision: decision.to_owned(),
        };
        if signed.signer() != sender || *signed.value() != expected {
            return Err(bad());
        }
        let refused = bad();
        self.keys.verify(signed).map(drop).map_err(|_| refused)
    }

    fn finalize(&mut self, round: Option<u64>, answer: oneshot::Sender<Result<String, Fault>>) {
        let round = self.meant(round);
        if let Some(decision) = self.exchange.decision(round) {
            let _ = answer.send(Ok(decision.to_owned()));
        } else if self.exchange.in_window(round) {
            self.participant.close(&self.exchange, round);
            self.waiting.push((round, answer));
        } else {
            let _ = answer.send(Err(self.out_of_window(round)));
        }
    }

    /// The round that a question without one means: the next if somebody has voted in it, else the latest decided.
    fn meant(&self, round: Option<u64>) -> u64 {
        let current = Participant::current(&self.exchange);
        let latest = self.exchange.latest();
        round.unwrap_or(if latest > 0 && self.participant.heard(current) == 0 {
            latest
        } else {
            current
        })
    }

    fn out_of_window(&self, round: u64) -> Fault {
        let latest = self.exchange.latest();
        Fault::new(
            Fault::ROUND_OUT_OF_WINDOW,
            format!("round {round} is out of the window; the latest decided round is {latest}"),
        )
    }

    fn explain(&self, round: Option<u64>) -> String {
        let round = self.meant(round);
        let enough = self.exchange.rules().enough();
        let heard = self.participant.heard(round);
        let record = self.exchange.round(round);
        let ballots = record.map_or(0, |record| record.ballots.len());
        let own = self.own;
        match record.and_then(|record| record.closed_at) {
            None => format!(
                "round {round} is not decided: no quorum of {} processes has ordered its close; {own} has heard {heard} of {enough} votes",
                self.quorum.size()
            ),
            Some(_) => format!(
                "round {round} is not decided: {ballots} of {enough} ballots are in, and {own} has heard {heard} of {enough} votes"
            ),
        }
    }

    fn round_status(&self) -> RoundStatus {
        let latest = self.exchange.latest();
        let number = if self.exchange.round(latest + 1).is_some() {
            latest + 1
        } else {
            latest
        };
        let Some(record) = self.exchange.round(number) else {
            return RoundStatus {
                round: number,
                close_sequence_number: 0,
                ballots: Vec::new(),
                decision: String::new(),
            };
        };
        let ballots = record.ballots.iter().map(|ballot| BallotStatus {
            process: ballot.process.to_string(),
            sequence_number: ballot.sequence.0,
            decision: ballot.decision.clone(),
        });
        RoundStatus {
            round: number,
            close_sequence_number: record.closed_at.unwrap_or_default().0,
            ballots: ballots.collect(),
            decision: record.decision.clone().unwrap_or_default(),
        }
    }
}

const UNSIGNED: &str = "an unsigned vote is taken only while the process listens on loopback only; sign it with the sender's key";

fn start_outboxes(config: &NodeConfig, own: ReplicaId) -> Vec<Option<Outbox>> {
    let peers = (0..).map(ReplicaId).zip(&config.addresses);
    peers
        .map(|(peer, address)| {
            (peer != own).then(|| Outbox::start(peer, &Caller::new(*address, CALL_TIMEOUT)))
        })
        .collect()
}

fn vote_refused(refused: quorate_service::exchange::VoteRefused) -> Fault {
    use quorate_service::exchange::VoteRefused;
    let code = match refused {
        VoteRefused::Decided(_) => Fault::ROUND_DECIDED,
        VoteRefused::OutOfWindow { .. } => Fault::ROUND_OUT_OF_WINDOW,
    };
    Fault::new(code, refused.to_string())
}

#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
fn encode_commands(commands: &[Command]) -> Vec<u8> {
    postcard::to_stdvec(commands).expect("plain data encodes")
}

#[expect(
    clippy::expect_used,
    reason = "encoding plain data into a growing buffer cannot fail"
)]
fn encode_vote(vote: &quorate_protocol::Signed<Vote>) -> Vec<u8> {
    postcard::to_stdvec(vote).expect("plain data encodes")
}
