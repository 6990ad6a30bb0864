use std::collections::VecDeque;

use quorate_protocol::message::{
    Answer, Batch, Body, Checkpoint, Commit, Fetch, FetchState, Memory, Message, Piece, Prepare,
    Proved, Query, Request, Standing, State, ViewChange,
};
use quorate_protocol::{
    ClientId, Digest, Duration, Effect, ReplicaId, Sequence, Time, Timestamp, VerifiedMessage, View,
};

use super::{Behaviour, Entry, Setting};
use crate::dice::Dice;
use crate::scene::Scene;
use crate::scope::Moment;

pub(super) const ENTRY: Entry = Entry {
    name: "flood",
    argument: "",
    what: "asks and sends as much as it may, of many kinds of message",
    example: "flood",
    needs: Scene::Order,
    make: |_, setting| Ok(Box::new(Flood::new(setting))),
};

/// The time between two bursts.
const PAUSE: Duration = Duration::from_millis(20);
/// The messages in a burst for each other process.
const BURST: u64 = 40;
/// The bytes of a large message.
const LARGE: usize = 32 * 1024;
/// The most messages of others that it remembers, to send them again.
const REMEMBERED: usize = 64;
/// What it sends is drawn from so many kinds.
const KINDS: u64 = 15;

/// Sends each other process as many messages as it can: requests, votes, questions, pieces of a state and
/// messages of others. All have a valid signature and the right shape, so each message costs its recipient as much as it
/// can. Votes of the flood contradict those of its own replica, which proves it faulty.
#[derive(Clone, Debug)]
struct Flood {
    own: ReplicaId,
    n: u32,
    window: u64,
    interval: u64,
    dice: Dice,
    moment: Moment,
    next: Option<Time>,
    requests: u64,
    /// The batch that was proposed last. It asks for it again and again.
    proposed: Option<Digest>,
    heard: VecDeque<VerifiedMessage>,
}

impl Flood {
    fn new(setting: &Setting) -> Self {
        Self {
            own: setting.own(),
            n: setting.n(),
            window: setting.config.window,
            interval: setting.config.checkpoint_interval,
            dice: setting.dice(b"flood"),
            moment: Moment::default(),
            next: None,
            requests: 0,
            proposed: None,
            heard: VecDeque::new(),
        }
    }

    fn send(&mut self, to: ReplicaId) -> Effect {
        let kind = self.dice.below(KINDS);
        if kind < 2
            && let Some(again) = self.again(to)
        {
            return again;
        }
        let message = self.message(kind);
        Effect::Send { to, message }
    }

    /// A message of another process, which costs no signature.
    fn again(&mut self, to: ReplicaId) -> Option<Effect> {
        let place = self.dice.below(self.heard.len() as u64);
        let heard = self.heard.get(usize::try_from(place).ok()?)?;
        let message = Box::new(heard.clone().into_signed());
        Some(Effect::Forward { to, message })
    }

    fn message(&mut self, kind: u64) -> Message {
        let view = self.moment.view;
        let sequence = Sequence(self.moment.slot.0 + self.dice.below(self.window));
        let digest = Digest::of(&[b"flood", &sequence.0.to_le_bytes()]);
        match kind {
            2 => Message::Ask(self.request(1)),
            3 => Message::Ask(self.request(LARGE)),
            4 => Message::Prepare(Prepare {
                view,
                sequence,
                digest,
            }),
            5 => Message::Commit(Commit {
                view,
                sequence,
                digest,
            }),
            6 => {
                let sequence = Sequence(sequence.0.next_multiple_of(self.interval.max(1)));
                Message::Checkpoint(Checkpoint { sequence, digest })
            }
            7 => Message::ViewChange(ViewChange {
                view: view.next(),
                life: 0,
                stable: Sequence(0),
                checkpoint_proof: Vec::new(),
                prepared: Vec::new(),
            }),
            8 => Message::Fetch(Fetch {
                digest: self.proposed.unwrap_or(digest),
            }),
            9 => Message::FetchState(FetchState {
                sequence: Sequence(self.moment.slot.0 / self.interval.max(1) * self.interval),
                part: self.dice.chance(500).then_some(digest),
            }),
            10 => Message::Query(Query {
                number: self.dice.below(u64::MAX),
                operation: digest.0.to_vec(),
            }),
            11 => Message::State(State {
                sequence,
                piece: Piece::Part(vec![1; LARGE].into()),
            }),
            12 => Message::Body(Body {
                batch: Batch::null(),
            }),
            13 => Message::Answer(Answer {
                number: self.dice.below(u64::MAX),
                query: Digest::of(&[b"flood"]),
                result: vec![1; LARGE],
            }),
            _ => self.standing(view),
        }
    }

    /// It says that it has executed nothing, so that the others send it all that they have.
    const fn standing(&self, view: View) -> Message {
        Message::Standing(Standing {
            view,
            active: self.moment.slot.0 > 0,
            executed: Sequence(0),
            stable: Sequence(0),
            memory: Memory::Whole,
            proved: Proved::none(),
        })
    }

    /// A request of a client that it speaks for, which no service understands.
    fn request(&mut self, bytes: usize) -> Request {
        self.requests += 1;
        let client = ClientId::session(self.own, u64::MAX - self.requests);
        Request::new(client, Timestamp(1), vec![255; bytes])
    }
}

impl Behaviour for Flood {
    fn tick(&mut self, moment: Moment) {
        self.moment = moment;
        self.next.get_or_insert(moment.now);
    }

    fn see(&mut self, message: &VerifiedMessage) {
        if let VerifiedMessage::PrePrepare { pre_prepare, .. } = message {
            self.proposed = Some(pre_prepare.value().digest);
        }
        if message.signer() != self.own {
            self.heard.push_back(message.clone());
        }
        if self.heard.len() > REMEMBERED {
            self.heard.pop_front();
        }
    }

    fn acts_at(&self) -> Option<Time> {
        self.next
    }

    fn act(&mut self) -> Vec<Effect> {
        self.next = Some(self.moment.now + PAUSE);
        let others: Vec<_> = (0..self.n)
            .map(ReplicaId)
            .filter(|to| *to != self.own)
            .collect();
        (0..BURST)
            .flat_map(|_| others.clone())
            .map(|to| self.send(to))
            .collect()
    }
}
