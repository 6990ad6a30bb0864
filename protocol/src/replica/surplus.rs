//! Votes for what has its quorum already. They decide nothing, so nobody checks their signatures. They are kept as they came, and
//! checked once they may be evidence against their signer (rules 24 and 28).

use super::Replica;
use super::compare::against_commit;
use super::on_pre_prepare::Timeliness;
use super::testimony::{Said, Statement};
use crate::effect::Effect;
use crate::evidence::Evidence;
use crate::id::ReplicaId;
use crate::message::{SignedMessage, Surplus, Unchecked, ViewChange};
use crate::mutant::Mutant;
use crate::signature::Signed;

impl Replica {
    /// The vote in a message, if it decides nothing and agrees with all that its signer has said: a PREPARE for a slot that is
    /// prepared, or a COMMIT for one that is committed. Its signature need not be checked then, and the vote is for
    /// [`crate::Input::Surplus`].
    ///
    /// `sender` is who has sent the message, without a doubt. A vote that somebody else passes on is never surplus: a false one
    /// could keep out the true one. So is a second one of its kind.
    #[must_use]
    pub fn surplus(&self, sender: ReplicaId, message: &SignedMessage) -> Option<Surplus> {
        let vote = match message {
            SignedMessage::Prepare(vote) => Unchecked::Prepare(vote.clone()),
            SignedMessage::Commit(vote) => Unchecked::Commit(vote.clone()),
            _ => return None,
        };
        let surplus = message.signer() == sender && self.is_surplus(&statement_of(vote.clone()));
        surplus.then_some(Surplus(vote))
    }

    fn is_surplus(&self, vote: &Statement) -> bool {
        let (view, sequence, signer) = (vote.view(), vote.sequence(), vote.signer());
        let Some(slot) = self.log.slot(sequence) else {
            return false;
        };
        let decided = match vote {
            Statement::Prepare(_) => slot.is_prepared_in(view) && signer != self.primary(),
            Statement::Commit(_) => slot.committed.is_some(),
            Statement::PrePrepare(_) => false,
        };
        let agrees = |known: Said<'_>| known.contradiction(vote.said()).is_none();
        let mut kept = slot.surplus.iter().filter(|one| one.signer() == signer);
        matches!(self.timeliness(view), Timeliness::Current)
            && self.in_window(sequence)
            && decided
            && slot.proposed() == Some(vote.said().digest())
            && slot
                .committed
                .is_none_or(|digest| digest == vote.said().digest())
            && !slot.has_vote(vote)
            && !kept.any(|one| one.said().is_like(vote.said()))
            && slot.statements_of(signer).all(agrees)
            && !matches!(vote, Statement::Commit(commit) if self.wishes_against(commit).is_some())
    }

    pub(super) fn on_surplus(&mut self, Surplus(vote): Surplus) {
        let vote = statement_of(vote);
        if !self.is_mutant(Mutant::SurplusForgotten) {
            self.log.slot_mut(vote.sequence()).surplus.push(vote);
        }
    }

    /// Suspects the signer of a statement whose surplus votes contradict it.
    pub(super) fn suspect(&mut self, statement: Said<'_>) {
        let slot = self.log.slot_mut(statement.sequence());
        let lies = contradictions(&mut slot.surplus, |vote| {
            vote.said().contradiction(statement)
        });
        self.effects.extend(lies);
    }

    /// Suspects the sender of a VIEW-CHANGE whose surplus votes contradict it.
    pub(super) fn suspect_wish(&mut self, wish: &Signed<ViewChange>) {
        for slot in self.log.slots_mut_after(self.checkpoints.stable()) {
            let lies = contradictions(&mut slot.surplus, |vote| match vote {
                Statement::Commit(vote) if vote.signer() == wish.signer() => {
                    against_commit(wish, vote)
                }
                _ => None,
            });
            self.effects.extend(lies);
        }
    }
}

fn statement_of(vote: Unchecked) -> Statement {
    match vote {
        Unchecked::Prepare(vote) => Statement::Prepare(vote),
        Unchecked::Commit(vote) => Statement::Commit(vote),
    }
}

/// Takes out the votes that are evidence with something else. If a signature is false, the vote is worth nothing; if none is,
/// its signer is proved faulty, and the vote is not needed any more.
fn contradictions(
    surplus: &mut Vec<Statement>,
    evidence: impl Fn(&Statement) -> Option<Evidence>,
) -> Vec<Effect> {
    let mut suspected = Vec::new();
    surplus.retain(|vote| match evidence(vote) {
        Some(evidence) => {
            suspected.push(Effect::Suspect(Box::new(evidence)));
            false
        }
        None => true,
    });
    suspected
}
