use quorate_protocol::message::{
    Batch, Checkpoint, Commit, Fetch, FetchState, Memory, Message, PrePrepare, Prepare, Proved,
    Query, Standing, ViewChange,
};
use quorate_protocol::{Digest, Duration, Effect, ReplicaId, Sequence, Time, View};

use super::{Behaviour, Entry};
use crate::dice::Dice;
use crate::scene::Scene;
use crate::scope::Moment;

pub(super) const ENTRY: Entry = Entry {
    name: "spam",
    argument: "",
    what: "floods the others with signed but meaningless messages",
    example: "spam",
    needs: Scene::Order,
    make: |_, setting| {
        Ok(Box::new(Spam {
            own: setting.own(),
            n: setting.n(),
            window: setting.config.window,
            dice: setting.dice(b"spam"),
            moment: Moment::default(),
            next: None,
        }))
    },
};

/// The time between two bursts.
const PAUSE: Duration = Duration::from_millis(40);

/// The messages in a burst for each other process.
const BURST: u64 = 6;

/// Sends bursts of messages to each other process: VIEW-CHANGEs for the next views, votes for any slot, and needless
/// questions. It sends none to itself.
#[derive(Clone, Debug)]
struct Spam {
    own: ReplicaId,
    n: u32,
    window: u64,
    dice: Dice,
    moment: Moment,
    next: Option<Time>,
}

impl Spam {
    fn nonsense(&mut self) -> Message {
        let view = View(self.moment.view.0 + self.dice.below(4));
        let sequence = Sequence(self.moment.slot.0 + self.dice.below(self.window));
        let digest = Digest::of(&[b"spam", &self.dice.below(u64::MAX).to_le_bytes()]);
        match self.dice.below(10) {
            0..3 => Message::ViewChange(ViewChange {
                view: view.next(),
                life: 0,
                stable: Sequence(0),
                checkpoint_proof: Vec::new(),
                prepared: Vec::new(),
            }),
            3 => Message::Prepare(Prepare {
                view,
                sequence,
                digest,
            }),
            4 => Message::Commit(Commit {
                view,
                sequence,
                digest,
            }),
            5 => Message::Checkpoint(Checkpoint { sequence, digest }),
            6 => Message::PrePrepare(
                PrePrepare {
                    view,
                    sequence,
                    digest: Batch::null().digest(),
                },
                Batch::null(),
            ),
            7 => Message::Fetch(Fetch { digest }),
            8 => Message::FetchState(FetchState {
                sequence,
                part: self.dice.chance(500).then_some(digest),
            }),
            _ if self.dice.chance(500) => Message::Query(Query {
                number: self.dice.below(u64::MAX),
                operation: digest.0.to_vec(),
            }),
            _ => Message::Standing(Standing {
                view,
                active: self.dice.chance(500),
                executed: sequence,
                stable: Sequence(0),
                memory: if self.dice.chance(500) {
                    Memory::Lost { life: 0 }
                } else {
                    Memory::Whole
                },
                proved: Proved::none(),
            }),
        }
    }
}

impl Behaviour for Spam {
    fn tick(&mut self, moment: Moment) {
        self.moment = moment;
        self.next.get_or_insert(moment.now);
    }

    fn acts_at(&self) -> Option<Time> {
        self.next
    }

    fn act(&mut self) -> Vec<Effect> {
        self.next = Some(self.moment.now + PAUSE);
        let others = (0..self.n).map(ReplicaId).filter(|to| *to != self.own);
        others
            .collect::<Vec<_>>()
            .into_iter()
            .flat_map(|to| (0..BURST).map(move |_| to))
            .map(|to| Effect::Send {
                to,
                message: self.nonsense(),
            })
            .collect()
    }
}
