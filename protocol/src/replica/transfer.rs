//! Fetching the state at a checkpoint that a quorum vouches for, part by part (C5.3, rule 19).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Replica;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Checkpoint, FetchState, Message};
use crate::signature::Signed;
use crate::snapshot::{Manifest, Snapshot};

/// How many parts are asked for at a time.
const PARTS_IN_FLIGHT: usize = 16;

/// A checkpoint that a quorum vouches for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) sequence: Sequence,
    pub(super) digest: Digest,
    pub(super) proof: Vec<Signed<Checkpoint>>,
}

/// What is being fetched.
#[derive(Clone, Debug)]
pub(super) struct Fetching {
    pub(super) target: Target,
    pub(super) manifest: Option<Manifest>,
    pub(super) parts: BTreeMap<Digest, Arc<[u8]>>,
    /// What was asked for and has not come.
    asked: BTreeSet<Digest>,
    /// Who sent something wrong.
    refused: BTreeSet<ReplicaId>,
    /// Counts questions, so that they go round.
    turn: usize,
    /// Whether this replica's own state is known to be wrong, so that it must not execute on.
    repairs: bool,
}

/// What this replica knows of states that it does not have.
#[derive(Clone, Debug, Default)]
pub(super) struct Transfer {
    /// The latest checkpoint above its own that a quorum vouches for.
    latest: Option<Target>,
    pub(super) under_way: Option<Fetching>,
    /// How far this replica had executed at the last status timer.
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
    /// A quorum vouches for a checkpoint that this replica has not reached. It may well reach it by itself; if it is a
    /// whole window behind, it cannot.
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

    /// Fetches the latest state that this replica has heard of and not reached.
    pub(super) fn fetch_latest_state(&mut self) {
        let latest = self.transfer.latest.clone();
        if let Some(target) = latest.filter(|target| target.sequence > self.executed)
            && self.transfer.under_way.is_none()
        {
            self.fetch_state(target, false);
        }
    }

    /// Now and then: goes on with what is under way, asking others; begins if this replica stands still below a state
    /// that others have.
    pub(super) fn pursue_state(&mut self) {
        let stood_at = std::mem::replace(&mut self.transfer.stood_at, self.executed);
        if let Some(fetching) = &mut self.transfer.under_way {
            fetching.asked.clear();
            self.ask_for_state();
        } else if stood_at == self.executed {
            self.fetch_latest_state();
        }
    }

    /// Begins to fetch a state, or goes over to a later one; parts that have come, or that this replica's own states
    /// hold, are not fetched again.
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

    /// Asks for the manifest, or for the parts that it names and that are missing, of one source after the other;
    /// installs the state when none is missing.
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
            // More than f of them have sent something wrong: whoever is left to ask, it is one of these.
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
                        fetching.parts.insert(digest, Arc::clone(part));
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

    /// Asks others from now on than one that sent something wrong.
    pub(super) fn refuse_source(&mut self, source: ReplicaId) {
        if let Some(fetching) = &mut self.transfer.under_way {
            fetching.refused.insert(source);
            fetching.asked.clear();
        }
        self.ask_for_state();
    }

    pub(super) fn part_has_come(&mut self, digest: Digest, part: Arc<[u8]>) {
        if let Some(fetching) = &mut self.transfer.under_way {
            fetching.asked.remove(&digest);
            fetching.parts.insert(digest, part);
        }
        self.ask_for_state();
    }

    /// Puts the state that was fetched in the place of this replica's own, and goes on from there.
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
            .and_then(|manifest| Snapshot::assemble(manifest, &fetching.parts))
            .and_then(|snapshot| Some((snapshot.replies().ok()?, snapshot)));
        let Some((replies, snapshot)) = state else {
            debug_assert!(false, "a quorum vouches for a state that cannot be read");
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
        // The others see by it that what was committed above the state is wanted at once.
        self.say_standing();
        self.note_progress();
        self.execute_next();
        self.propose();
    }
}
