//! What the processes report about the round after it has ended.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use quorate_wire::method::{Round, RoundStatus, SlotStatus, Status, StatusAnswer};

use crate::grace::Grace;
use crate::target::{Process, Target};
use crate::transcript::{Facts, Finalized, Message, OtherVote};
use crate::verdict::Outcome;

/// Asks each process for its record of the round, and one correct process for the slots.
pub(super) async fn gather(
    target: &Target,
    round: u64,
    messages: &[Message],
    finalized: &[Finalized],
) -> Facts {
    let answered = target.processes.iter().zip(finalized);
    let answered = answered.filter(|(_, finalized)| finalized.status.is_some());
    let answered: Vec<_> = answered.collect();
    let correct = answered
        .iter()
        .filter(|(_, finalized)| finalized.is_correct);
    let grace = Grace::new(correct.count());
    let asked = answered
        .iter()
        .map(|(process, finalized)| grace.wait(finalized.is_correct, ask(process, round)));
    let rounds = join_all(asked).await.into_iter().flatten();
    let rounds: BTreeMap<_, _> = rounds.flatten().collect();
    let has_decided = |one: &&Finalized| matches!(one.outcome, Outcome::Decided(_));
    let correct = || {
        let correct = finalized.iter().filter(|one| one.is_correct);
        correct.filter(|one| rounds.contains_key(&one.process))
    };
    let witness = correct().find(has_decided).or_else(|| correct().next());
    let witness = witness.map(|one| one.process.clone());
    let record = witness.as_ref().and_then(|name| rounds.get(name));
    let slots = match (&witness, record) {
        (Some(name), Some(record)) => slots(target, name, record).await,
        _ => Vec::new(),
    };
    let others = record.map_or_else(Vec::new, |record| others(record, messages, finalized));
    Facts {
        others,
        rounds,
        witness,
        slots,
    }
}

async fn ask(process: &Process, round: u64) -> Option<(String, RoundStatus)> {
    let answer = process.call(Round { round: Some(round) }).await;
    let status = answer.ok().filter(|status| status.round == round)?;
    Some((process.name.clone(), status))
}

async fn slots(target: &Target, witness: &str, record: &RoundStatus) -> Vec<SlotStatus> {
    let mut processes = target.processes.iter();
    let Some(process) = processes.find(|process| process.name == witness) else {
        return Vec::new();
    };
    let ballots = record.ballots.iter().map(|ballot| ballot.sequence_number);
    let mut numbers: Vec<_> = ballots.chain([record.close_sequence_number]).collect();
    numbers.retain(|number| *number != 0);
    numbers.sort_unstable();
    numbers.dedup();
    let calls = numbers.into_iter().map(|number| {
        process.call(Status {
            sequence_number: Some(number),
        })
    });
    let answers = join_all(calls).await.into_iter().filter_map(Result::ok);
    answers.filter_map(StatusAnswer::into_slot).collect()
}

/// The votes of correct processes, in ballots of correct processes, that this client did not ask for.
fn others(record: &RoundStatus, messages: &[Message], finalized: &[Finalized]) -> Vec<OtherVote> {
    let correct = |name: &str| {
        let mut correct = finalized.iter().filter(|one| one.is_correct);
        correct.find(|one| one.process == name)
    };
    let said = |from: &str, heard: &str| {
        let mut sent = messages.iter().filter(|message| message.from == from);
        sent.any(|message| message.told.as_deref() == Some(heard))
    };
    let mut others = Vec::new();
    for ballot in record
        .ballots
        .iter()
        .filter(|ballot| correct(&ballot.process).is_some())
    {
        for vote in &ballot.votes {
            let Some(voter) = correct(&vote.process) else {
                continue;
            };
            if voter.asked == vote.decision || said(&vote.process, &vote.decision) {
                continue;
            }
            let other = OtherVote {
                process: vote.process.clone(),
                asked: voter.asked.clone(),
                heard: vote.decision.clone(),
            };
            if !others.contains(&other) {
                others.push(other);
            }
        }
    }
    others
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use quorate_wire::method::{BallotStatus, VoteStatus};

    use super::*;

    fn finalized(process: &str, is_correct: bool) -> Finalized {
        Finalized {
            process: process.into(),
            port: 1,
            is_correct,
            asked: "attack".into(),
            outcome: Outcome::Unreachable(None),
            time_taken: Duration::ZERO,
            answered_at: Duration::ZERO,
            view_before: None,
            status: None,
        }
    }

    fn ballot(process: &str, votes: &[(&str, &str)]) -> BallotStatus {
        let votes = votes.iter().map(|(process, decision)| VoteStatus {
            process: (*process).into(),
            decision: (*decision).into(),
        });
        BallotStatus {
            process: process.into(),
            sequence_number: 2,
            votes: votes.collect(),
            tie: false,
            decision: "attack".into(),
            refused: String::new(),
        }
    }

    #[test]
    fn votes_of_another_client_show_in_ballots_of_correct_processes() {
        let all = [
            finalized("P", true),
            finalized("Q", true),
            finalized("R", false),
        ];
        let record = RoundStatus {
            round: 1,
            close_sequence_number: 1,
            ballots: vec![
                ballot("P", &[("P", "attack"), ("Q", "retreat"), ("R", "wait")]),
                ballot("R", &[("P", "wait")]),
            ],
            tally: Vec::new(),
            tie: false,
            decision: String::new(),
        };
        let found = others(&record, &[], &all);
        assert_eq!(
            found,
            [OtherVote {
                process: "Q".into(),
                asked: "attack".into(),
                heard: "retreat".into(),
            }]
        );
    }
}
