//! What can be seen of the replicas from outside.

use quorate_protocol::message::{Checkpoint, Commit, NewView, Piece, Proof, State, ViewChange};
use quorate_protocol::snapshot::Manifest;
use quorate_protocol::{
    Effect, Evidence, Message, Misbehaviour, Record, Replica, Sequence, Signed, SignedMessage,
    Sizes, SlotStatus, Status,
};

use super::Network;
use super::sign::number_of;

impl Network {
    pub(crate) fn status(&self, i: u32) -> Status {
        self.node(i).core.replica().status()
    }

    /// Whether a replica votes in its current view.
    /// A replica, read-only.
    pub(crate) fn replica(&self, i: u32) -> &Replica {
        self.node(i).core.replica()
    }

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

    /// How many signatures a process has checked.
    pub(crate) fn checked(&mut self, i: u32) -> u64 {
        self.node_mut(i).core.keys().checked()
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

pub(crate) fn broadcasts(effects: &[Effect]) -> Vec<Message> {
    let pick = |effect: &Effect| match effect {
        Effect::Broadcast(Message::Proof(_)) => None,
        Effect::Broadcast(message) => Some(message.clone()),
        _ => None,
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

/// What a replica does once it has seen a lie.
pub(crate) fn convicts(evidence: Evidence) -> [Effect; 3] {
    let (record, accused) = (Box::new(evidence.clone()), Box::new(evidence.clone()));
    [
        Effect::Persist(Box::new(Record::Proof(record))),
        Effect::Accuse(accused),
        Effect::Broadcast(Message::Proof(Proof { evidence })),
    ]
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
