//! Seen lies are proved: once a correct process has both halves of a lie, it proves the lie at once.
//!
//! What two correct processes have seen of a lie counts as soon as one of them tells the other: a VIEW-CHANGE and a
//! NEW-VIEW carry the proposals and PREPAREs of their certificates, and these are compared too. Halves that stay apart
//! prove nothing. A primary that tells every backup something else, so that nothing prepares, is left, but nobody can show
//! two of its proposals: a PREPARE does not carry the proposal that it answers. After a disagreement the COMMITs that
//! prove both executions bring the halves together, and [`super::culprits`] looks at those.
//!
//! A process need not keep everything, so not every pair counts here (rules 8, 24 and 27):
//!
//! * A statement for a slot counts while the slot is in the window of the process. Of a signer's statements of one kind for
//!   one slot those of three views are kept for good.
//! * A proposal or PREPARE of a view that has not started at the process does not count: the view may never start.
//! * Of the VIEW-CHANGEs of a signer the one for the highest view is kept, until all slots that it can name are stable. A
//!   correct replica never asks for a lower view than before.
//! * A proposal is compared with the NEW-VIEW of its view while the process is in that view.
//! * A process that starts again knows what is on its disk, and nothing of it counts.
//! * A process does not look into what it disregards, because it has proved the sender faulty (rule 30).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_host::Event;
use quorate_protocol::certificate::check_view_change;
use quorate_protocol::message::{Commit, NewView, PrePrepare, Prepare, ViewChange};
use quorate_protocol::{
    Config, Evidence, ReplicaId, Sequence, Signed, SignedMessage, Status, View,
};

use crate::process::Packet;

/// The rule.
pub const RULE: &str =
    "rule 24: a correct process that has taken two messages that contradict each other proves it";

/// How many views a replica keeps for good, of one signer's statements of one kind for one slot.
const VIEWS: usize = 3;

/// A lie that nobody proved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} has seen {evidence} of {of}, and does not prove it")]
pub struct Unproved {
    /// Who has seen both halves.
    pub by: ReplicaId,
    /// Whose lie it is.
    pub of: ReplicaId,
    /// The lie, in words.
    pub evidence: String,
}

/// A message on its way into a correct process.
#[derive(Debug)]
pub(crate) struct Heard {
    /// Where the process was before.
    pub(crate) before: Status,
    /// What came.
    pub(crate) message: Arc<SignedMessage>,
}

/// What each correct process has taken from each process that nobody has proved faulty yet.
#[derive(Debug)]
pub(crate) struct Seen {
    config: Config,
    correct: BTreeSet<ReplicaId>,
    proved: BTreeSet<ReplicaId>,
    /// The processes against which each correct process has a proof.
    convicted: BTreeSet<(ReplicaId, ReplicaId)>,
    said: BTreeMap<(ReplicaId, ReplicaId), Said>,
    /// The NEW-VIEW of the view that each process has entered last.
    starts: BTreeMap<ReplicaId, Signed<NewView>>,
}

/// What one process has taken from another.
#[derive(Debug, Default)]
struct Said {
    slots: BTreeMap<Sequence, Vec<Statement>>,
    wish: Option<Signed<ViewChange>>,
}

#[derive(Clone, Debug)]
enum Statement {
    PrePrepare(Signed<PrePrepare>),
    Prepare(Signed<Prepare>),
    Commit(Signed<Commit>),
}

impl Statement {
    fn of(&self) -> ReplicaId {
        match self {
            Self::PrePrepare(one) => one.signer(),
            Self::Prepare(one) => one.signer(),
            Self::Commit(one) => one.signer(),
        }
    }

    fn place(&self) -> (View, Sequence) {
        match self {
            Self::PrePrepare(one) => (one.value().view, one.value().sequence),
            Self::Prepare(one) => (one.value().view, one.value().sequence),
            Self::Commit(one) => (one.value().view, one.value().sequence),
        }
    }

    /// What this statement and another one may prove.
    fn against(&self, other: &Self) -> Option<Evidence> {
        match (self.clone(), other.clone()) {
            (Self::PrePrepare(a), Self::PrePrepare(b)) => Some(Evidence::TwoPrePrepares(a, b)),
            (Self::Prepare(a), Self::Prepare(b)) => Some(Evidence::TwoPrepares(a, b)),
            (Self::Commit(a), Self::Commit(b)) => Some(Evidence::TwoCommits(a, b)),
            (Self::PrePrepare(a), Self::Commit(b)) | (Self::Commit(b), Self::PrePrepare(a)) => {
                Some(Evidence::CommittedOtherProposal(a, b))
            }
            (Self::Prepare(a), Self::Commit(b)) | (Self::Commit(b), Self::Prepare(a)) => {
                Some(Evidence::CommittedOtherPrepare(a, b))
            }
            (Self::PrePrepare(_), Self::Prepare(_)) | (Self::Prepare(_), Self::PrePrepare(_)) => {
                None
            }
        }
    }

    /// Whether it is kept beside the others of its slot.
    fn is_kept_beside(&self, others: &[Self]) -> bool {
        let kind = std::mem::discriminant(self);
        let alike = others
            .iter()
            .filter(|one| std::mem::discriminant(*one) == kind);
        let known: BTreeSet<View> = alike.map(|one| one.place().0).collect();
        !known.contains(&self.place().0) && known.len() < VIEWS
    }
}

/// Where a process is while it takes a message: it may run out of patience first, and the slots before may become stable.
#[derive(Clone, Copy)]
struct Standpoint {
    by: ReplicaId,
    before: Status,
    after: Status,
    /// Whether it has said that it refuses what came.
    refuses: bool,
}

impl Standpoint {
    fn has_in_window(self, sequence: Sequence) -> bool {
        self.after.low_watermark < sequence && sequence <= self.before.high_watermark
    }

    fn is_in(self, view: View) -> bool {
        [self.before, self.after]
            .iter()
            .all(|status| status.active && status.view == view)
    }

    fn enters(self, view: View) -> bool {
        self.after.active && self.after.view == view && !self.is_in(view)
    }

    const fn has_started(self, view: View) -> bool {
        view.0 < self.before.view.0 || view.0 == self.before.view.0 && self.before.active
    }
}

impl Seen {
    /// Nothing seen yet; these processes are correct.
    pub(crate) fn new(config: Config, correct: &[ReplicaId]) -> Self {
        Self {
            config,
            correct: correct.iter().copied().collect(),
            proved: BTreeSet::new(),
            convicted: BTreeSet::new(),
            said: BTreeMap::new(),
            starts: BTreeMap::new(),
        }
    }

    /// A correct process proves another one faulty. What that one said is of no interest any more.
    pub(crate) fn accused(&mut self, by: ReplicaId, evidence: &Evidence) {
        self.proves(by, evidence.accused());
    }

    fn proves(&mut self, by: ReplicaId, accused: ReplicaId) {
        self.convicted.insert((by, accused));
        if self.proved.insert(accused) {
            self.said.retain(|(_, of), _| *of != accused);
        }
    }

    /// A process starts again. Its disk has proofs against these processes: it may have ended before it told of them.
    pub(crate) fn restarted(&mut self, by: ReplicaId, proved: BTreeSet<ReplicaId>) {
        self.convicted.retain(|(who, _)| *who != by);
        for accused in proved {
            self.proves(by, accused);
        }
        self.said.retain(|(who, _), _| *who != by);
        self.starts.remove(&by);
    }

    /// A correct process has handled a message, and has done this.
    ///
    /// # Errors
    /// It has both halves of a lie, and nobody has proved its sender faulty.
    pub(crate) fn taken(
        &mut self,
        by: ReplicaId,
        heard: &Heard,
        after: Status,
        events: &[(Event, Option<Arc<Packet>>)],
    ) -> Result<(), Unproved> {
        if self.convicted.contains(&(by, heard.message.signer())) {
            return Ok(());
        }
        let mut refuses = false;
        for (event, _) in events {
            match event {
                Event::RefusedBatch { .. } => return Ok(()),
                Event::Refused(_) => refuses = true,
                _ => {}
            }
        }
        let before = heard.before;
        let at = Standpoint {
            by,
            before,
            after,
            refuses,
        };
        self.message(at, &heard.message)
    }

    fn message(&mut self, at: Standpoint, message: &SignedMessage) -> Result<(), Unproved> {
        match message {
            SignedMessage::PrePrepare { pre_prepare, .. } => {
                let view = pre_prepare.value().view;
                self.against_new_view(at, pre_prepare)?;
                // A proposal without its body is compared, and not kept. One that comes late is refused and kept.
                let keeps = view < at.before.view || !at.refuses;
                self.statement(at, &Statement::PrePrepare(pre_prepare.clone()), keeps)
            }
            SignedMessage::Prepare(prepare) => {
                if self.is_of_interest(prepare.signer()) {
                    let as_primary = Evidence::PrimaryPrepared(prepare.clone());
                    if as_primary.holds(&self.config) {
                        return Err(unproved(at.by, &as_primary));
                    }
                }
                self.statement(at, &Statement::Prepare(prepare.clone()), true)
            }
            SignedMessage::Commit(commit) => self.commit(at, commit),
            SignedMessage::ViewChange(wish) => self.view_change(at, wish),
            SignedMessage::NewView { new_view, .. } => {
                let compares = new_view.value().view.next() >= at.after.view;
                if compares && self.is_of_interest(new_view.signer()) {
                    let wrong = Evidence::WrongNewView(new_view.clone());
                    if wrong.holds(&self.config) {
                        return Err(unproved(at.by, &wrong));
                    }
                }
                if at.enters(new_view.value().view) {
                    self.starts.insert(at.by, new_view.clone());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn is_of_interest(&self, of: ReplicaId) -> bool {
        !self.correct.contains(&of) && !self.proved.contains(&of)
    }

    /// A proposal came to a process, which is in its view since a NEW-VIEW.
    fn against_new_view(
        &self,
        at: Standpoint,
        pre_prepare: &Signed<PrePrepare>,
    ) -> Result<(), Unproved> {
        let PrePrepare { view, sequence, .. } = *pre_prepare.value();
        let compares = at.is_in(view) && at.has_in_window(sequence);
        let compares = compares && self.is_of_interest(pre_prepare.signer());
        let start = self.starts.get(&at.by).filter(|_| compares);
        let evidence = start
            .map(|start| Evidence::ProposedAgainstNewView(start.clone(), pre_prepare.clone()))
            .filter(|evidence| evidence.holds(&self.config));
        match evidence {
            Some(evidence) => Err(unproved(at.by, &evidence)),
            None => Ok(()),
        }
    }

    /// A proposal or PREPARE came by itself.
    fn statement(
        &mut self,
        at: Standpoint,
        statement: &Statement,
        keeps: bool,
    ) -> Result<(), Unproved> {
        if !at.has_started(statement.place().0) {
            return Ok(());
        }
        self.compare(at, statement, keeps)
    }

    fn commit(&mut self, at: Standpoint, commit: &Signed<Commit>) -> Result<(), Unproved> {
        if let Some(said) = self.said.get(&(at.by, commit.signer()))
            && let Some(wish) = &said.wish
            && let Some(evidence) = self.omission(at, commit, wish)
        {
            return Err(unproved(at.by, &evidence));
        }
        self.compare(at, &Statement::Commit(commit.clone()), true)
    }

    fn compare(
        &mut self,
        at: Standpoint,
        statement: &Statement,
        keeps: bool,
    ) -> Result<(), Unproved> {
        let (of, sequence) = (statement.of(), statement.place().1);
        if !self.is_of_interest(of) || !at.has_in_window(sequence) {
            return Ok(());
        }
        let said = self.said.entry((at.by, of)).or_default();
        said.slots.retain(|slot, _| *slot > at.after.low_watermark);
        let known = said.slots.entry(sequence).or_default();
        let mut lies = known.iter().filter_map(|one| one.against(statement));
        if let Some(evidence) = lies.find(|evidence| evidence.holds(&self.config)) {
            return Err(unproved(at.by, &evidence));
        }
        if keeps && statement.is_kept_beside(known) {
            known.push(statement.clone());
        }
        Ok(())
    }

    fn view_change(&mut self, at: Standpoint, wish: &Signed<ViewChange>) -> Result<(), Unproved> {
        if at.refuses || check_view_change(&self.config, wish).is_err() {
            return Ok(());
        }
        for certificate in &wish.value().prepared {
            let proposal = Statement::PrePrepare(certificate.pre_prepare.clone());
            self.compare(at, &proposal, true)?;
            for prepare in &certificate.prepares {
                self.compare(at, &Statement::Prepare(prepare.clone()), true)?;
            }
        }
        let of = wish.signer();
        if !self.is_of_interest(of) {
            return Ok(());
        }
        let said = self.said.entry((at.by, of)).or_default();
        let slots = said.slots.range(at.after.low_watermark.next()..);
        let commits = slots.flat_map(|(_, statements)| statements);
        let commits: Vec<_> = commits.filter_map(commit_of).cloned().collect();
        let before = said.wish.clone();
        let newer = before.as_ref().is_none_or(|before| {
            at.has_started(before.value().view) || wish.value().view > before.value().view
        });
        if newer && !at.has_started(wish.value().view) {
            said.wish = Some(wish.clone());
        }
        let twice = before
            .filter(|before| self.keeps(at, before))
            .map(|before| {
                let (before, wish) = (before, wish.clone());
                Evidence::TwoViewChanges(before, wish)
            });
        let omissions = commits
            .iter()
            .filter_map(|commit| self.omission(at, commit, wish));
        let mut lies = twice.into_iter().chain(omissions);
        match lies.find(|evidence| evidence.holds(&self.config)) {
            Some(evidence) => Err(unproved(at.by, &evidence)),
            None => Ok(()),
        }
    }

    /// The proof of a VIEW-CHANGE that leaves out a COMMIT, or of a COMMIT that comes after a VIEW-CHANGE that settles its slot.
    fn omission(
        &self,
        at: Standpoint,
        commit: &Signed<Commit>,
        wish: &Signed<ViewChange>,
    ) -> Option<Evidence> {
        let (commit, wish) = (commit.clone(), wish.clone());
        let forgotten = Evidence::ForgottenCommit(commit.clone(), wish.clone());
        let settled = Evidence::CommitBelowCheckpoint(commit, wish.clone());
        let mut both = [forgotten, settled].into_iter();
        both.find(|one| self.keeps(at, &wish) && one.holds(&self.config))
    }

    /// Whether a process still has a VIEW-CHANGE to compare with.
    fn keeps(&self, at: Standpoint, wish: &Signed<ViewChange>) -> bool {
        self.config.high_watermark(wish.value().stable) > at.after.low_watermark
    }
}

const fn commit_of(statement: &Statement) -> Option<&Signed<Commit>> {
    match statement {
        Statement::Commit(commit) => Some(commit),
        _ => None,
    }
}

fn unproved(by: ReplicaId, evidence: &Evidence) -> Unproved {
    Unproved {
        by,
        of: evidence.accused(),
        evidence: evidence.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::num::NonZeroU32;
    use std::sync::Arc;

    use quorate_host::Event;
    use quorate_protocol::certificate::PreparedCertificate;
    use quorate_protocol::message::{Batch, Commit, NewView, PrePrepare, Prepare, ViewChange};
    use quorate_protocol::{
        ClusterId, Config, Digest, Evidence, Keys, Message, Misbehaviour, Quorum, ReplicaId,
        Sequence, SignedMessage, Status, View,
    };

    use super::{Heard, Seen, Unproved};

    const LIAR: ReplicaId = ReplicaId(0);
    const BY: ReplicaId = ReplicaId(2);

    fn seen() -> Seen {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let correct = [1, 2, 3].map(ReplicaId);
        Seen::new(Config::new(BY, quorum), &correct)
    }

    fn status(view: u64, low: u64) -> Status {
        Status {
            view: View(view),
            active: true,
            primary: ReplicaId(1),
            low_watermark: Sequence(low),
            high_watermark: Sequence(low + 8),
            executed: Sequence(low),
            last_slot: Sequence(low),
        }
    }

    fn signed(by: ReplicaId, message: Message) -> SignedMessage {
        let mut keys = Keys::simulated(by, 7, ClusterId([7; 32]));
        keys.sign_message(message).unwrap().into_signed()
    }

    fn prepare(by: ReplicaId, view: u64, slot: u64, digest: u8) -> SignedMessage {
        let prepare = Prepare {
            view: View(view),
            sequence: Sequence(slot),
            digest: Digest([digest; 32]),
        };
        signed(by, Message::Prepare(prepare))
    }

    fn commit(view: u64, slot: u64, digest: u8) -> SignedMessage {
        let commit = Commit {
            view: View(view),
            sequence: Sequence(slot),
            digest: Digest([digest; 32]),
        };
        signed(LIAR, Message::Commit(commit))
    }

    fn take(seen: &mut Seen, status: Status, message: SignedMessage) -> Result<(), Unproved> {
        take_with(seen, status, message, Vec::new())
    }

    fn take_with(
        seen: &mut Seen,
        status: Status,
        message: SignedMessage,
        events: Vec<Event>,
    ) -> Result<(), Unproved> {
        let heard = Heard {
            before: status,
            message: Arc::new(message),
        };
        let events: Vec<_> = events.into_iter().map(|event| (event, None)).collect();
        seen.taken(BY, &heard, status, &events)
    }

    #[test]
    fn two_votes_that_one_process_has_taken_must_be_proved() {
        let (mut seen, now) = (seen(), status(1, 0));
        assert_eq!(take(&mut seen, now, prepare(LIAR, 1, 1, 1)), Ok(()));
        assert_eq!(take(&mut seen, now, prepare(LIAR, 1, 1, 1)), Ok(()));
        assert_eq!(
            take(&mut seen, now, prepare(LIAR, 1, 2, 2)),
            Ok(()),
            "another slot"
        );
        let unproved = take(&mut seen, now, commit(1, 1, 2)).unwrap_err();
        assert_eq!((unproved.by, unproved.of), (BY, LIAR));
        assert!(take(&mut seen, now, prepare(LIAR, 1, 1, 2)).is_err());
        let honest = ReplicaId(3);
        assert_eq!(take(&mut seen, now, prepare(honest, 1, 1, 1)), Ok(()));
        assert_eq!(
            take(&mut seen, now, prepare(honest, 1, 1, 2)),
            Ok(()),
            "other rules look at correct processes"
        );
        let proof = Evidence::PrimaryPrepared(match prepare(LIAR, 0, 1, 1) {
            SignedMessage::Prepare(prepare) => prepare,
            other => panic!("{other:?}"),
        });
        seen.accused(BY, &proof);
        assert_eq!(
            take(&mut seen, now, prepare(LIAR, 1, 1, 2)),
            Ok(()),
            "proved"
        );
    }

    #[test]
    fn what_a_process_disregards_need_not_be_proved() {
        let other = ReplicaId(1);
        for (by, restarts, is_fine) in [
            (Some(BY), None, true),
            (Some(other), None, false),
            (None, Some(LIAR), true),
            (None, Some(other), false),
        ] {
            let mut seen = Seen::new(
                Config::new(BY, Quorum::of(NonZeroU32::new(7).unwrap())),
                &[1, 2, 3, 4, 5].map(ReplicaId),
            );
            let (now, other_liar) = (status(1, 0), ReplicaId(6));
            assert_eq!(take(&mut seen, now, prepare(other_liar, 0, 1, 1)), Ok(()));
            let as_primary = match prepare(LIAR, 0, 1, 1) {
                SignedMessage::Prepare(prepare) => Evidence::PrimaryPrepared(prepare),
                other => panic!("{other:?}"),
            };
            if let Some(by) = by {
                seen.accused(by, &as_primary);
            }
            if let Some(on_disk) = restarts {
                seen.restarted(BY, BTreeSet::from([on_disk]));
                assert_eq!(take(&mut seen, now, prepare(other_liar, 0, 1, 1)), Ok(()));
            }
            let vote = |by: u32| match prepare(ReplicaId(by), 0, 1, 2) {
                SignedMessage::Prepare(prepare) => prepare,
                other => panic!("{other:?}"),
            };
            let keys = Keys::simulated(LIAR, 7, ClusterId([7; 32]));
            let proposal = PrePrepare {
                view: View(0),
                sequence: Sequence(1),
                digest: Digest([2; 32]),
            };
            let certificate = PreparedCertificate {
                pre_prepare: keys.sign(proposal).into_signed(),
                prepares: [3, 4, 5, 6].map(vote).to_vec(),
            };
            let wish = ViewChange {
                view: View(2),
                life: 0,
                stable: Sequence(0),
                checkpoint_proof: Vec::new(),
                prepared: vec![certificate],
            };
            let shown = take(&mut seen, now, signed(LIAR, Message::ViewChange(wish)));
            assert_eq!(shown.is_ok(), is_fine, "{by:?} {restarts:?}: {shown:?}");
        }
    }

    #[test]
    fn what_a_process_need_not_keep_need_not_be_proved() {
        let (mut seen, now) = (seen(), status(1, 0));
        assert_eq!(take(&mut seen, now, prepare(LIAR, 1, 9, 1)), Ok(()));
        assert_eq!(
            take(&mut seen, now, prepare(LIAR, 1, 9, 2)),
            Ok(()),
            "above"
        );
        assert_eq!(take(&mut seen, now, prepare(LIAR, 2, 1, 1)), Ok(()));
        assert_eq!(
            take(&mut seen, now, prepare(LIAR, 2, 1, 2)),
            Ok(()),
            "early"
        );
        assert_eq!(take(&mut seen, now, prepare(LIAR, 1, 1, 1)), Ok(()));
        let moved = status(1, 1);
        assert_eq!(
            take(&mut seen, moved, prepare(LIAR, 1, 1, 2)),
            Ok(()),
            "stable"
        );
        assert_eq!(take(&mut seen, now, prepare(LIAR, 1, 3, 1)), Ok(()));
        let why = Misbehaviour::BadSignature { signer: LIAR };
        let refused = Event::RefusedBatch {
            sender: LIAR,
            misbehaviour: why,
        };
        let forged = take_with(&mut seen, now, prepare(LIAR, 1, 3, 2), vec![refused]);
        assert_eq!(forged, Ok(()), "refused");
        seen.restarted(BY, BTreeSet::new());
        assert_eq!(
            take(&mut seen, now, prepare(LIAR, 1, 3, 2)),
            Ok(()),
            "forgotten"
        );
        seen.restarted(BY, BTreeSet::from([LIAR]));
        assert_eq!(take(&mut seen, now, prepare(LIAR, 1, 3, 2)), Ok(()));
        assert_eq!(
            take(&mut seen, now, prepare(LIAR, 1, 3, 1)),
            Ok(()),
            "the proof is on its disk"
        );
    }

    #[test]
    fn a_proposal_against_the_new_view_of_the_view_that_a_process_is_in_must_be_proved() {
        let (view, sequence) = (View(4), Sequence(1));
        let keys = |by| Keys::simulated(ReplicaId(by), 4, ClusterId([7; 32]));
        let proposal = |view, digest| {
            let digest = Digest([digest; 32]);
            let proposal = PrePrepare {
                view,
                sequence,
                digest,
            };
            keys(0).sign(proposal).into_signed()
        };
        let vote = |by| {
            let prepare = Prepare {
                view: View(0),
                sequence,
                digest: Digest([1; 32]),
            };
            keys(by).sign(prepare).into_signed()
        };
        let certificate = PreparedCertificate {
            pre_prepare: proposal(View(0), 1),
            prepares: [1, 3].map(vote).to_vec(),
        };
        let wish = |by| {
            let wish = ViewChange {
                view,
                life: 0,
                stable: Sequence(0),
                checkpoint_proof: Vec::new(),
                prepared: vec![certificate.clone()],
            };
            keys(by).sign(wish).into_signed()
        };
        let start = NewView {
            view,
            view_changes: [1, 2, 3].map(wish).to_vec(),
            chosen: vec![(sequence, Digest([1; 32]))],
        };
        let start = signed(LIAR, Message::NewView(start));
        let propose = |digest| SignedMessage::PrePrepare {
            pre_prepare: proposal(view, digest),
            batch: Batch::null(),
        };
        let (mut seen, now) = (seen(), status(4, 0));
        assert_eq!(
            take(&mut seen, now, propose(3)),
            Ok(()),
            "the NEW-VIEW is unknown"
        );
        let before = Status {
            active: false,
            ..now
        };
        let heard = Heard {
            before,
            message: Arc::new(start),
        };
        assert_eq!(seen.taken(BY, &heard, now, &[]), Ok(()));
        assert_eq!(take(&mut seen, status(5, 0), propose(3)), Ok(()), "left");
        let unproved = take(&mut seen, now, propose(3)).unwrap_err();
        assert_eq!(
            unproved.evidence,
            "a proposal against its NEW-VIEW for slot 1 in view 4"
        );
    }

    #[test]
    fn a_prepare_of_the_primary_and_a_view_change_without_a_commit_must_be_proved() {
        let (mut seen, now) = (seen(), status(1, 0));
        assert!(take(&mut seen, now, prepare(LIAR, 0, 1, 1)).is_err());
        assert_eq!(take(&mut seen, now, commit(1, 1, 1)), Ok(()));
        let wish = ViewChange {
            view: View(2),
            life: 0,
            stable: Sequence(0),
            checkpoint_proof: Vec::new(),
            prepared: Vec::new(),
        };
        let wish = signed(LIAR, Message::ViewChange(wish));
        assert!(take(&mut seen, now, wish).is_err());
    }
}
