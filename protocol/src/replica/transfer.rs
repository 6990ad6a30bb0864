//! Fetching the state at a checkpoint that a quorum has signed, part by part (C5.3, rule 19).

use std::collections::{BTreeMap, BTreeSet};

use super::Replica;
use crate::digest::Digest;
use crate::effect::Effect;
use crate::id::{ReplicaId, Sequence};
use crate::message::{Checkpoint, FetchState, Message};
use crate::mutant::Mutant;
use crate::part::Part;
use crate::signature::Signed;
use crate::snapshot::{Manifest, Snapshot};

/// The most parts that one source is asked for at a time.
const PARTS_PER_SOURCE: usize = 8;

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
    /// The parts that are here. If the target has changed, the parts of the earlier one too, until the manifest comes.
    pub(super) parts: BTreeMap<Digest, Part>,
    /// The parts that the manifest names, that are not here and that no source is asked for.
    missing: BTreeSet<Digest>,
    /// The parts that were asked for and have not arrived, and who was asked last.
    asked: BTreeMap<Digest, ReplicaId>,
    /// By source, the questions that it has not answered: the digests of parts, and of the states whose manifests were
    /// asked for. Those for earlier targets stay: the target may change so often that no target sees two status timers,
    /// and a source that is silent must be known as such.
    open: BTreeMap<ReplicaId, BTreeMap<Digest, Age>>,
    /// The replicas that sent something wrong.
    refused: BTreeSet<ReplicaId>,
    /// The replicas that have not answered in time. They are asked when there is nobody else.
    late: BTreeSet<ReplicaId>,
    /// The number of questions so far. It makes the sources take turns.
    turn: usize,
    /// Whether this replica's own state is known to be wrong. Then it must not execute until the right one is
    /// installed.
    repairs: bool,
}

/// Whether the status timer has run out since a question was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    New,
    BeforeTimer,
}

impl Fetching {
    const fn new(target: Target, repairs: bool) -> Self {
        Self {
            target,
            manifest: None,
            parts: BTreeMap::new(),
            missing: BTreeSet::new(),
            asked: BTreeMap::new(),
            open: BTreeMap::new(),
            refused: BTreeSet::new(),
            late: BTreeSet::new(),
            turn: 0,
            repairs,
        }
    }

    /// The same for a later target. The parts that are here are kept, and what is known of the sources.
    fn with_target(self, target: Target, repairs: bool) -> Self {
        Self {
            parts: self.parts,
            open: self.open,
            refused: self.refused,
            late: self.late,
            turn: self.turn,
            ..Self::new(target, repairs || self.repairs)
        }
    }

    /// Whether a source has not answered everything that it was asked, for this target or an earlier one.
    pub(super) fn is_owed_by(&self, source: ReplicaId) -> bool {
        self.open_questions(source) > 0
    }

    fn open_questions(&self, source: ReplicaId) -> usize {
        self.open.get(&source).map_or(0, BTreeMap::len)
    }

    /// Notes that a source has answered a question. Returns whether it was asked this one.
    pub(super) fn note_answer(&mut self, source: ReplicaId, digest: Digest) -> bool {
        let was_open = self.close_question(source, digest);
        if was_open {
            self.late.remove(&source);
        }
        was_open
    }

    /// Returns whether the question was open.
    fn close_question(&mut self, source: ReplicaId, digest: Digest) -> bool {
        let open = self.open.get_mut(&source);
        open.is_some_and(|open| open.remove(&digest).is_some())
    }

    /// Takes the manifest, which says what is missing. Parts of an earlier target that it does not name are dropped;
    /// `own` finds parts in this replica's own states.
    pub(super) fn take_manifest(
        &mut self,
        manifest: Manifest,
        own: impl Fn(Digest) -> Option<Part>,
    ) {
        let mut before = std::mem::take(&mut self.parts);
        self.missing.clear();
        self.asked.clear();
        for digest in manifest.parts() {
            match before.remove(&digest).or_else(|| own(digest)) {
                Some(part) => {
                    self.parts.insert(digest, part);
                }
                None if self.parts.contains_key(&digest) => {}
                None => {
                    self.missing.insert(digest);
                }
            }
        }
        self.manifest = Some(manifest);
    }

    /// Takes a part. Returns whether the manifest names it.
    pub(super) fn take_part(&mut self, from: ReplicaId, part: Part) -> bool {
        let digest = part.digest();
        self.note_answer(from, digest);
        let asked = self.asked.remove(&digest);
        if let Some(source) = asked {
            self.close_question(source, digest);
        }
        let wanted = self.missing.remove(&digest) || asked.is_some();
        if wanted {
            self.late.remove(&from);
            self.parts.insert(digest, part);
        }
        wanted || self.parts.contains_key(&digest)
    }

    /// Takes a part before the manifest is here. It answers a question about an earlier target, and may be of this one too.
    pub(super) fn take_early_part(&mut self, from: ReplicaId, part: Part) {
        let digest = part.digest();
        if self.note_answer(from, digest) {
            self.parts.insert(digest, part);
        }
    }

    fn is_complete(&self) -> bool {
        self.manifest.is_some() && self.missing.is_empty() && self.asked.is_empty()
    }

    /// The signers that can be asked: those that have sent nothing wrong and were in time, if there are such. If all
    /// have sent something wrong, more than f replicas are faulty, and there is nobody else to ask.
    fn sources(&self, own: ReplicaId) -> Vec<ReplicaId> {
        let signers = || {
            let signers = self.target.proof.iter().map(Signed::signer);
            signers.filter(|source| *source != own)
        };
        let right = || signers().filter(|source| !self.refused.contains(source));
        let in_time = || right().filter(|source| !self.late.contains(source));
        [in_time().collect(), right().collect(), signers().collect()]
            .into_iter()
            .find(|sources: &Vec<_>| !sources.is_empty())
            .unwrap_or_default()
    }

    /// The next source to ask: the one with the fewest open questions. Those with equally many take turns. `None` if each
    /// has as many as it may have.
    fn next_source(&mut self, sources: &[ReplicaId]) -> Option<ReplicaId> {
        let turn = self.turn + 1;
        let in_turn =
            (0..sources.len()).filter_map(|place| sources.get((turn + place) % sources.len()));
        let (source, open) = in_turn
            .map(|source| (*source, self.open_questions(*source)))
            .min_by_key(|(_, open)| *open)?;
        self.turn = turn;
        (open < PARTS_PER_SOURCE).then_some(source)
    }

    /// The next part to ask for, and its source.
    fn next_question(&mut self, sources: &[ReplicaId]) -> Option<(ReplicaId, Digest)> {
        if self.missing.is_empty() {
            return None;
        }
        let source = self.next_source(sources)?;
        let digest = self.missing.pop_first()?;
        self.asked.insert(digest, source);
        self.note_question(source, digest);
        Some((source, digest))
    }

    /// The next source to ask for the manifest.
    fn next_manifest_question(&mut self, sources: &[ReplicaId]) -> Option<ReplicaId> {
        let source = self.next_source(sources)?;
        self.note_question(source, self.target.digest);
        Some(source)
    }

    fn note_question(&mut self, source: ReplicaId, digest: Digest) {
        let open = self.open.entry(source).or_default();
        open.entry(digest).or_insert(Age::New);
    }

    /// Called at each status timer. What was asked before the last one, and has not come, is asked elsewhere.
    fn give_up_on_late(&mut self) {
        for (source, questions) in std::mem::take(&mut self.open) {
            for (digest, age) in questions {
                if age == Age::BeforeTimer {
                    self.late.insert(source);
                    self.ask_elsewhere(source, digest);
                } else {
                    let open = self.open.entry(source).or_default();
                    open.insert(digest, Age::BeforeTimer);
                }
            }
        }
    }

    /// Stops asking a source that sent something wrong. What it was asked for is asked elsewhere.
    fn refuse(&mut self, source: ReplicaId) {
        self.refused.insert(source);
        for digest in self.open.remove(&source).unwrap_or_default().into_keys() {
            self.ask_elsewhere(source, digest);
        }
    }

    /// Lets another source be asked for a part, if this one was the last and the part is needed for this target.
    fn ask_elsewhere(&mut self, source: ReplicaId, digest: Digest) {
        if self.asked.get(&digest) == Some(&source) {
            self.asked.remove(&digest);
            self.missing.insert(digest);
        }
    }
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

    /// The bytes of the parts that are here of the state that is being fetched.
    pub(super) fn part_bytes(&self) -> usize {
        let parts = self.under_way.iter().flat_map(|one| one.parts.values());
        parts.map(|part| part.len()).sum()
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
            fetching.give_up_on_late();
            self.ask_for_state();
        } else if stood_at == self.executed {
            self.fetch_latest_state();
        }
    }

    /// Starts to fetch a state, or changes to a later one. Parts that have arrived, or that this replica's own states
    /// contain, are not fetched again.
    pub(super) fn fetch_state(&mut self, target: Target, repairs: bool) {
        if self.transfer.under_way.is_some() && self.is_mutant(Mutant::OldTargetKept) {
            return;
        }
        let before = self.transfer.under_way.take();
        self.transfer.under_way = Some(match before {
            Some(mut before) => {
                if self.config.is_mutant(Mutant::SilenceForgotten) {
                    before.open.clear();
                }
                before.with_target(target, repairs)
            }
            None => Fetching::new(target, repairs),
        });
        self.ask_for_state();
    }

    /// Asks for the manifest, or for the missing parts that the manifest names. Installs the state when nothing is
    /// missing.
    pub(super) fn ask_for_state(&mut self) {
        let own = self.own();
        let Some(fetching) = &mut self.transfer.under_way else {
            return;
        };
        if fetching.is_complete() {
            return self.install_state();
        }
        let sources = fetching.sources(own);
        let mut questions = Vec::new();
        if fetching.manifest.is_none() {
            let source = fetching.next_manifest_question(&sources);
            questions.extend(source.map(|source| (source, None)));
        }
        while let Some((source, digest)) = fetching.next_question(&sources) {
            questions.push((source, Some(digest)));
        }
        let sequence = fetching.target.sequence;
        for (to, part) in questions {
            let message = Message::FetchState(FetchState { sequence, part });
            self.effects.push(Effect::Send { to, message });
        }
    }

    /// Stops asking a source that sent something wrong, and asks the others.
    pub(super) fn refuse_source(&mut self, source: ReplicaId) {
        if let Some(fetching) = &mut self.transfer.under_way {
            fetching.refuse(source);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ClusterId;
    use crate::replies::Replies;
    use crate::signature::Keys;

    const OWN: ReplicaId = ReplicaId(3);

    fn state(parts: u32) -> Snapshot {
        let parts = (0..parts).map(|part| Part::from(&part.to_le_bytes()[..]));
        Snapshot::new(&Replies::default(), parts.collect())
    }

    /// A replica that fetches a state which replicas 0, 1 and 2 have signed, and has its manifest.
    fn fetching(state: &Snapshot) -> Fetching {
        let (sequence, digest) = (Sequence(8), state.digest());
        let sign = |signer| {
            let keys = Keys::simulated(ReplicaId(signer), 4, ClusterId([7; 32]));
            let signed = keys.sign(Checkpoint { sequence, digest });
            signed.into_signed()
        };
        let mut fetching = Fetching::new(
            Target {
                sequence,
                digest,
                proof: (0..3).map(sign).collect(),
            },
            false,
        );
        fetching.take_manifest(state.manifest().clone(), |_| None);
        fetching
    }

    fn ask(fetching: &mut Fetching) -> Vec<(ReplicaId, Digest)> {
        let sources = fetching.sources(OWN);
        std::iter::from_fn(|| fetching.next_question(&sources)).collect()
    }

    #[test]
    fn each_source_has_a_few_open_questions_and_answers_bring_new_ones() {
        let state = state(1000);
        let mut fetching = fetching(&state);
        let mut open = ask(&mut fetching);
        assert_eq!(open.len(), 3 * PARTS_PER_SOURCE);
        let mut questions = open.len();
        while let Some((source, digest)) = open.pop() {
            let part = state.part(digest).unwrap().clone();
            assert!(fetching.take_part(source, part.clone()));
            assert!(fetching.take_part(source, part), "a part may come twice");
            let more = ask(&mut fetching);
            assert!(more.len() <= 1, "one answer, one question");
            questions += more.len();
            open.extend(more);
        }
        assert!(fetching.is_complete());
        assert_eq!(questions, 1000, "no part is asked for twice");
    }

    #[test]
    fn a_source_that_is_silent_holds_nobody_up() {
        let state = state(1000);
        let mut fetching = fetching(&state);
        let silent = ReplicaId(1);
        let mut asked_silent = 0;
        let mut timers = 0;
        while !fetching.is_complete() {
            let mut open = ask(&mut fetching);
            while let Some((source, digest)) = open.pop() {
                if source == silent {
                    asked_silent += 1;
                } else {
                    fetching.take_part(source, state.part(digest).unwrap().clone());
                    open.extend(ask(&mut fetching));
                }
            }
            fetching.give_up_on_late();
            timers += 1;
        }
        assert_eq!((asked_silent, timers), (PARTS_PER_SOURCE, 3));
    }

    #[test]
    fn what_a_source_owes_is_not_forgotten_with_the_target() {
        let states = [state(4), state(5)];
        let mut fetching = fetching(&states[0]);
        let silent = ReplicaId(1);
        ask(&mut fetching);
        for state in states.iter().cycle().take(8) {
            assert!(!fetching.late.contains(&silent));
            for digest in state.manifest().parts() {
                fetching.note_answer(ReplicaId(0), digest);
                fetching.note_answer(ReplicaId(2), digest);
            }
            let target = Target {
                digest: state.digest(),
                ..fetching.target.clone()
            };
            fetching = fetching.with_target(target, false);
            fetching.take_manifest(state.manifest().clone(), |_| None);
            ask(&mut fetching);
        }
        let most = fetching.open.values().map(BTreeMap::len).max();
        assert!(most <= Some(PARTS_PER_SOURCE), "{most:?}");
        fetching.give_up_on_late();
        fetching.give_up_on_late();
        assert!(fetching.late.contains(&silent));
    }

    #[test]
    fn an_answer_that_comes_after_the_target_has_changed_counts_and_its_part_is_kept() {
        let (before, after) = (state(2), state(3));
        let mut fetching = fetching(&before);
        let asked = ask(&mut fetching);
        let target = Target {
            digest: after.digest(),
            ..fetching.target.clone()
        };
        fetching = fetching.with_target(target, false);
        for (source, digest) in &asked {
            let part = before.part(*digest).unwrap().clone();
            fetching.take_early_part(*source, part);
        }
        fetching.take_early_part(ReplicaId(0), Part::from(&b"nobody asked for it"[..]));
        assert_eq!(fetching.parts.len(), asked.len());
        fetching.give_up_on_late();
        fetching.give_up_on_late();
        assert!(fetching.late.is_empty(), "all have answered");
        fetching.take_manifest(after.manifest().clone(), |_| None);
        assert_eq!(fetching.missing.len(), 1, "only what is new");
    }

    #[test]
    fn a_later_target_needs_only_the_parts_that_are_new() {
        let (before, after) = (state(100), state(103));
        let mut fetching = fetching(&before);
        for digest in before.manifest().parts() {
            fetching.take_part(ReplicaId(0), before.part(digest).unwrap().clone());
        }
        fetching.take_manifest(after.manifest().clone(), |_| None);
        assert_eq!((fetching.missing.len(), fetching.parts.len()), (3, 100));
        fetching.take_manifest(state(2).manifest().clone(), |_| None);
        assert_eq!(fetching.parts.len(), 2, "what no manifest names is dropped");
    }

    #[test]
    fn a_part_that_the_manifest_does_not_name_is_wrong() {
        let mut fetching = fetching(&state(3));
        assert!(!fetching.take_part(ReplicaId(0), Part::from(&b"wrong"[..])));
        let asked = ask(&mut fetching).len();
        fetching.refuse(ReplicaId(0));
        let again = ask(&mut fetching);
        assert_eq!((asked, again.len()), (3, 1));
        assert!(again.iter().all(|(source, _)| *source != ReplicaId(0)));
    }
}
