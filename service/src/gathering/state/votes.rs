//! Questions and ballots.

use quorate_protocol::{ReplicaId, Sequence};

use super::super::answer::{Answer, Refusal};
use super::super::closing::Phase;
use super::super::command::Rule;
use super::super::happening::{Happening, Misdeed};
use super::super::offer::Activity;
use super::super::vote::Question;
use super::super::word::Name;
use super::{Gathering, Thing, find, find_mut, open};

impl Gathering {
    pub(super) fn open_question(
        &mut self,
        slot: Sequence,
        by: ReplicaId,
        question: Name,
        rule: Rule,
        options: Vec<Name>,
    ) -> Result<Answer, Refusal> {
        self.check_part(by, Activity::Vote)?;
        self.check_room(by, &self.questions, &question)?;
        let thing = Thing {
            name: question.clone(),
            by,
            slot,
            what: Question::new(rule, options.clone()),
        };
        let answer = open(&mut self.questions, thing, |open, new| {
            (open.rule, &open.options) == (new.rule, &new.options)
        })?;
        if answer == Answer::Counted {
            let happening = Happening::QuestionOpened {
                question,
                by,
                rule,
                options,
            };
            self.log.add(slot, happening);
        }
        Ok(answer)
    }

    pub(super) fn ballot(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        name: &Name,
        options: &[Name],
    ) -> Result<Answer, Refusal> {
        self.check_part(member, Activity::Vote)?;
        let question = &mut find_mut(&mut self.questions, name)?.what;
        let ballot = question.places(options);
        let ballot = ballot.ok_or_else(|| Refusal::Ballot(name.clone()))?;
        let fate = question.vote(member, slot, ballot);
        let late = Misdeed::LateBallot(name.clone());
        let second = |first| Misdeed::SecondBallot {
            question: name.clone(),
            first,
        };
        let phase = Phase::Ballots(name.clone());
        Ok(self.once(slot, member, fate, phase, late, second))
    }

    /// Counts the ballots.
    pub(super) fn ballots_closed(&mut self, slot: Sequence, name: &Name) -> Result<(), Refusal> {
        let question = &find(&self.questions, name)?.what;
        let happening = Happening::Voted {
            question: name.clone(),
            ballots: u32::try_from(question.ballots.len()).unwrap_or(u32::MAX),
            tally: question.tally(),
            winner: question.winner(&self.membership, self.head.epoch, name),
        };
        self.log.add(slot, happening);
        Ok(())
    }
}
