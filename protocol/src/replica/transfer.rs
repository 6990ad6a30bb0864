//! Fetching the state at a checkpoint that a quorum has signed, part by part (C5.3, rule 19).

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Checkpoint, FetchState, Message};
use crate::part::Part;
use crate::signature::Signed;
use crate::snapshot::{Manifest, Snapshot};

/// The most parts that are asked for at a time.
const PARTS_IN_FLIGHT: usize = 16;

/// A checkpoint that a quorum has signed.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) sequence: Sequence,
    pub(super) digest: Digest,
    pub(super) proof: Vec<Signed<Checkpoint>>,
}

/// The state that is being fetched.
#[derive(Clone, Debug)]
pub(super) struct Fetching {
    pub(super) target: Target,
    pub(super) manifest: Option<Manifest>,
    pub(super) parts: BTreeMap<Digest, Part>,
    /// The parts that were asked for and have not arrived.
    asked: BTreeSet<Digest>,
    /// The replicas that sent something wrong.
    refused: BTreeSet<ReplicaId>,
    /// The number of questions so far. It makes the sources take turns.
    turn: usize,
    /// Whether this replica's own state is known to be wrong. Then it must not execute until the right one is
    /// installed.
    repairs: bool,
}

/// What this replica knows about states that it does not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Transfer {
    /// The latest checkpoint above its own that a quorum has signed.
    latest: Option<Target>,
    pub(super) under_way: Option<Fetching>,
    /// The last slot that this replica had executed at the previous status timer.
    stood_at: Sequence,
}

impl Transfer {
    pub(super) fn repairs(&self) -> bool {
        self.under_way
            .as_ref()
            .is_some_and(|fetching| fetching.repairs)
    }

    pub(super) fn forget_through(&mut self, stable: Sequence) {
        self.latest.take_if(|target| target.sequence <= stable);
        self.under_way
            .take_if(|fetching| fetching.target.sequence <= stable);
    }
}

impl Replica {
    /// A quorum has signed a checkpoint that this replica has not reached. It may still reach it by executing, unless
    /// the checkpoint is above its window. Only then the fetch starts at once.
    pub(super) fn hear_of_state(&mut self, target: Target) {
        let known = self
            .transfer
            .latest
            .as_ref()
            .map_or(self.low_watermark(), |latest| latest.sequence);
        if target.sequence <= known {
            return;
        }
        let out_of_reach = target.sequence > self.high_watermark();
        self.transfer.latest = Some(target.clone());
        if out_of_reach && self.transfer.under_way.is_none() {
            self.fetch_state(target, false);
        }
    }

    /// Fetches the latest known state that this replica has not reached, unless a fetch is under way.
    pub(super) fn fetch_latest_state(&mut self) {
        let latest = self.transfer.latest.clone();
        if let Some(target) = latest.filter(|target| target.sequence > self.executed)
            && self.transfer.under_way.is_none()
        {
            self.fetch_state(target, false);
        }
    }

    /// Called at each status timer. Asks other sources again for what has not arrived. Starts a fetch if this replica
    /// makes no progress and others have a later state.
    pub(super) fn pursue_state(&mut self) {
        let stood_at = std::mem::replace(&mut self.transfer.stood_at, self.executed);
        if let Some(fetching) = &mut self.transfer.under_way {
            fetching.asked.clear();
            self.ask_for_state();
        } else if stood_at == self.executed {
            self.fetch_latest_state();
        }
    }

    /// Starts to fetch a state, or changes to a later one. Parts that have arrived, or that this replica's own states
    /// contain, are not fetched again.
    pub(super) fn fetch_state(&mut self, target: Target, repairs: bool) {
        let before = self.transfer.under_way.take();
        let (parts, refused, turn, repairs) = match before {
            Some(before) => (
                before.parts,
                before.refused,
                before.turn,
                repairs || before.repairs,
            ),
            None => (BTreeMap::new(), BTreeSet::new(), 0, repairs),
        };
        self.transfer.under_way = Some(Fetching {
            target,
            manifest: None,
            parts,
            asked: BTreeSet::new(),
            refused,
            turn,
            repairs,
        });
        self.ask_for_state();
    }

    /// Asks for the manifest, or for the missing parts that the manifest names. The sources take turns. Installs the
    /// state when nothing is missing.
    pub(super) fn ask_for_state(&mut self) {
        let own = self.own();
        let Some(fetching) = &mut self.transfer.under_way else {
            return;
        };
        let signers = || fetching.target.proof.iter().map(Signed::signer);
        let mut sources: Vec<_> = signers()
            .filter(|source| *source != own && !fetching.refused.contains(source))
            .collect();
        if sources.is_empty() {
            // All sources have sent something wrong, so more than f replicas are faulty. Ask them all again: there is
            // nobody else.
            sources = signers().filter(|source| *source != own).collect();
        }
        let sequence = fetching.target.sequence;
        let mut questions: Vec<Option<Digest>> = Vec::new();
        match &fetching.manifest {
            None => questions.push(None),
            Some(manifest) => {
                let mut missing = 0;
                for digest in manifest.parts() {
                    if fetching.parts.contains_key(&digest) {
                        continue;
                    }
                    if let Some(part) = self.checkpoints.part(digest) {
                        fetching.parts.insert(digest, part.clone());
                        continue;
                    }
                    missing += 1;
                    if fetching.asked.len() < PARTS_IN_FLIGHT && fetching.asked.insert(digest) {
                        questions.push(Some(digest));
                    }
                }
                if missing == 0 {
                    return self.install_state();
                }
            }
        }
        for part in questions {
            fetching.turn += 1;
            if let Some(to) = sources.get(fetching.turn % sources.len().max(1)) {
                self.effects.push(Effect::Send {
                    to: *to,
                    message: Message::FetchState(FetchState { sequence, part }),
                });
            }
        }
    }

    /// Stops asking a source that sent something wrong, and asks the others.
    pub(super) fn refuse_source(&mut self, source: ReplicaId) {
        if let Some(fetching) = &mut self.transfer.under_way {
            fetching.refused.insert(source);
            fetching.asked.clear();
        }
        self.ask_for_state();
    }

    pub(super) fn part_has_come(&mut self, part: Part) {
        let digest = part.digest();
        if let Some(fetching) = &mut self.transfer.under_way {
            fetching.asked.remove(&digest);
            fetching.parts.insert(digest, part);
        }
        self.ask_for_state();
    }

    /// Replaces this replica's state by the fetched one, and continues from there.
    fn install_state(&mut self) {
        let Some(fetching) = self.transfer.under_way.take() else {
            return;
        };
        let sequence = fetching.target.sequence;
        if self.executed >= sequence && !fetching.repairs {
            return;
        }
        let state = fetching
            .manifest
            .and_then(|manifest| {
                Snapshot::assemble(manifest, |digest| fetching.parts.get(&digest).cloned()).ok()
            })
            .and_then(|snapshot| Some((snapshot.replies().ok()?, snapshot)));
        let Some((replies, snapshot)) = state else {
            debug_assert!(false, "a quorum has signed a state that cannot be decoded");
            return;
        };
        self.effects.push(Effect::InstallState {
            sequence,
            parts: snapshot.service(),
        });
        let answered = self.requests.replace_replies(replies);
        self.tell(answered);
        self.checkpoints.replace_snapshots(sequence, snapshot);
        self.executed = sequence;
        self.last_proposed = self.last_proposed.max(sequence);
        self.stabilize(fetching.target);
        // The others see from this that this replica needs the committed slots above the state at once.
        self.say_standing();
        self.note_progress();
        self.execute_next();
        self.propose();
    }
}
