//! Jobs and the results of their parts.

use std::collections::BTreeSet;

use quorate_protocol::{ReplicaId, Sequence};

use super::super::answer::{Answer, Refusal};
use super::super::choice::Choice;
use super::super::closing::Phase;
use super::super::command::Task;
use super::super::happening::{Happening, Misdeed};
use super::super::offer::Activity;
use super::super::once::Fate;
use super::super::word::Name;
use super::super::work::{Job, assigned};
use super::{Gathering, Thing, find, find_mut, open};

impl Gathering {
    /// Who does a part of a job, counted from 0.
    #[must_use]
    pub fn assigned(&self, part: u32) -> BTreeSet<ReplicaId> {
        let members = self.choice().and_then(Choice::members);
        let quorum = self.membership.quorum();
        members.map_or_else(BTreeSet::new, |members| assigned(members, part, quorum))
    }

    pub(super) fn open_job(
        &mut self,
        slot: Sequence,
        by: ReplicaId,
        job: Name,
        task: Task,
    ) -> Result<Answer, Refusal> {
        self.check_part(by, Activity::Work)?;
        self.check_room(by, &self.jobs, &job)?;
        let thing = Thing {
            name: job.clone(),
            by,
            slot,
            what: Job::new(task),
        };
        let answer = open(&mut self.jobs, thing, |open, new| open.task == new.task)?;
        if answer == Answer::Counted {
            self.log.add(slot, Happening::JobOpened { job, by, task });
        }
        Ok(answer)
    }

    /// Takes the result of a part, counted from 1.
    pub(super) fn result(
        &mut self,
        slot: Sequence,
        member: ReplicaId,
        name: &Name,
        part: u32,
        value: u64,
    ) -> Result<Answer, Refusal> {
        self.check_part(member, Activity::Work)?;
        let parts = find(&self.jobs, name)?.what.task.parts;
        let index = part.checked_sub(1).filter(|index| *index < parts);
        let index = index.filter(|index| self.assigned(*index).contains(&member));
        let index = index.ok_or_else(|| Refusal::NotAssigned {
            member,
            job: name.clone(),
            part,
        })?;
        let quorum = self.membership.quorum();
        let job = &mut find_mut(&mut self.jobs, name)?.what;
        let before = job.value(index, quorum);
        let fate = job.result(member, slot, index, value);
        let late = Misdeed::LateResult(name.clone());
        let second = |first| Misdeed::SecondResult {
            job: name.clone(),
            part,
            first,
        };
        let phase = Phase::Results(name.clone());
        let answer = self.once(slot, member, fate, phase, late, second);
        if fate == Fate::Counts {
            self.judge(slot, name, part, before.is_none())?;
        }
        Ok(answer)
    }

    /// Names those whose result of a part is wrong, once f+1 members have given the same one. `is_new` says that no result
    /// counted before.
    fn judge(
        &mut self,
        slot: Sequence,
        name: &Name,
        part: u32,
        is_new: bool,
    ) -> Result<(), Refusal> {
        let quorum = self.membership.quorum();
        let job = &find(&self.jobs, name)?.what;
        let (task, total) = (job.task, job.total(quorum));
        let (Some(right), Some(results)) = (
            job.value(part - 1, quorum),
            job.parts.get(part as usize - 1),
        ) else {
            return Ok(());
        };
        let (mut by, mut wrong) = (Vec::new(), Vec::new());
        for (member, result) in results {
            if result.what == right {
                by.push(*member);
            } else {
                wrong.push((*member, result.what));
            }
        }
        let job = || name.clone();
        if is_new {
            let done = Happening::PartDone {
                job: job(),
                part,
                value: right,
                by,
            };
            self.log.add(slot, done);
        }
        for (member, value) in wrong {
            let misdeed = Misdeed::WrongResult {
                job: job(),
                part,
                value,
                right,
            };
            self.note(slot, member, misdeed);
        }
        if let Some(total) = total.filter(|_| is_new) {
            let job = job();
            self.log.add(slot, Happening::JobDone { job, task, total });
        }
        Ok(())
    }

    /// Ends a job. Parts that are not done stay so.
    pub(super) fn results_closed(&mut self, slot: Sequence, name: &Name) -> Result<(), Refusal> {
        let undone = find(&self.jobs, name)?
            .what
            .undone(self.membership.quorum());
        if !undone.is_empty() {
            let happening = Happening::JobEnded {
                job: name.clone(),
                undone: undone.into_iter().map(|part| part + 1).collect(),
            };
            self.log.add(slot, happening);
        }
        Ok(())
    }
}
