//! The round as a story. Each sentence comes from the status of a process, or from a call of this client and its answer.

use std::collections::BTreeMap;

use quorate_wire::method::{
    BallotStatus, ProcessStatus, RoundStatus, ViewChangeReason, ViewChangeStatus,
};

use crate::render::proofs::{accusations, proofs, suspicions};
use crate::render::table::tie;
use crate::transcript::{Message, Transcript};
use crate::verdict::enumerate;

/// About ten sentences.
pub(crate) fn story(transcript: &Transcript) -> Vec<String> {
    let mut story = vec![asked(transcript)];
    story.extend(untold(transcript));
    story.extend(views(transcript));
    match transcript.facts.record().filter(|record| record.round > 0) {
        None => story.push("No correct process has a record of the round.".to_owned()),
        Some(record) => story.extend(ballots(transcript, record)),
    }
    let proofs = proofs(transcript);
    if proofs.is_empty() {
        story.push("No process has proof of a fault.".to_owned());
    }
    story.extend(accusations(&proofs).into_iter().map(|(accused, what, by)| {
        let verb = if by.len() == 1 { "has" } else { "have" };
        format!(
            "{} {verb} proof against {accused}. It signed {what}.",
            enumerate(by)
        )
    }));
    story.extend(suspicions(transcript));
    story
}

/// `This is round 1. The client asked P, Q, R and S to say 'attack'.`
fn asked(transcript: &Transcript) -> String {
    let mut asked: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for process in &transcript.finalized {
        let names = asked.entry(&process.asked).or_default();
        names.push(process.process.clone());
    }
    let parts = asked
        .iter()
        .map(|(decision, names)| format!("{} to say '{decision}'", enumerate(names)));
    format!(
        "This is round {}. The client asked {}.",
        transcript.round,
        parts.collect::<Vec<_>>().join(", and ")
    )
}

/// The votes that were not sent as the client asked: denied, lost, or for another decision.
fn untold(transcript: &Transcript) -> Vec<String> {
    let mut groups: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for message in &transcript.messages {
        if let Some(what) = odd(message, transcript) {
            let group = groups.entry((message.from.clone(), what)).or_default();
            group.push(message.to.clone());
        }
    }
    groups
        .into_iter()
        .map(|((from, what), to)| format!("{from} {what} {}.", enumerate(&to)))
        .collect()
}

fn odd(message: &Message, transcript: &Transcript) -> Option<String> {
    let mut processes = transcript.finalized.iter();
    let asked = &processes.find(|one| one.process == message.from)?.asked;
    match &message.told {
        Some(told) if told == asked => None,
        Some(told) => Some(format!("told '{told}', not '{asked}', to")),
        None => {
            let text = message
                .text
                .strip_prefix(&message.from)
                .unwrap_or(&message.text);
            let what = text.trim().strip_suffix(&message.to);
            Some(what.map_or_else(
                || "did not tell its decision to".to_owned(),
                |what| what.trim().to_owned(),
            ))
        }
    }
}

/// Why the view changed during the exchange. Processes that say the same share a sentence.
fn views(transcript: &Transcript) -> Vec<String> {
    let mut views: BTreeMap<u64, View> = BTreeMap::new();
    for (status, change) in changes(transcript) {
        let view = views.entry(change.view).or_default();
        let follows = matches!(
            change.reason,
            ViewChangeReason::Joined | ViewChangeReason::Followed
        );
        let reason = (follows, reason(status, change));
        let names = view.reasons.entry(reason).or_default();
        names.push(status.process.clone());
        if change.started {
            view.started.get_or_insert(change);
        }
    }
    views.values().flat_map(View::sentences).collect()
}

/// Why processes asked for one view, and how it started.
#[derive(Default)]
struct View<'a> {
    /// Who had which reason. Those that follow others come after these.
    reasons: BTreeMap<(bool, String), Vec<String>>,
    started: Option<&'a ViewChangeStatus>,
}

impl View<'_> {
    fn sentences(&self) -> Vec<String> {
        let reasons = self.reasons.iter();
        let reasons = reasons.map(|((_, reason), names)| format!("{} {reason}.", enumerate(names)));
        let started = self.started.map(|change| {
            format!(
                "{}, the primary of view {}, started it with the VIEW-CHANGEs of {}.",
                change.primary,
                change.view,
                enumerate(&change.asked_by)
            )
        });
        reasons.chain(started).collect()
    }
}

/// The view changes of correct processes since the exchange began.
fn changes(transcript: &Transcript) -> impl Iterator<Item = (&ProcessStatus, &ViewChangeStatus)> {
    let correct = transcript.finalized.iter().filter(|one| one.is_correct);
    let statuses = correct.filter_map(|one| Some((one.view_before, one.status.as_ref()?)));
    statuses.flat_map(|(before, status)| {
        let changes = status.view_changes.iter();
        let recent = changes.filter(move |change| before.is_none_or(|view| change.view > view));
        recent.map(move |change| (status, change))
    })
}

/// Why a process left the previous view: `waited 500 ms in vain for P, the primary of view 0, and asked for view 1`.
fn reason(status: &ProcessStatus, change: &ViewChangeStatus) -> String {
    let (view, before) = (change.view, change.view.saturating_sub(1));
    let mut changes = status.view_changes.iter();
    let had_started = changes
        .find(|other| other.view == before)
        .is_none_or(|other| other.started);
    match change.reason {
        ViewChangeReason::Timer if had_started => {
            let primary = primary_before(status, change);
            format!(
                "waited {} ms in vain for {primary}, the primary of view {before}, and asked for view {view}",
                change.waited_ms
            )
        }
        ViewChangeReason::Timer => format!(
            "waited {} ms in vain for view {before} to start, and asked for view {view}",
            change.waited_ms
        ),
        ViewChangeReason::Joined => {
            format!("asked for view {view} because f+1 others had asked for it")
        }
        ViewChangeReason::Client => {
            format!("asked for view {view} because a client wanted another primary")
        }
        ViewChangeReason::Slow => {
            format!(
                "asked for view {view} because the primary of view {before} was slow again and again"
            )
        }
        ViewChangeReason::BadNewView => {
            format!("asked for view {view} because the NEW-VIEW for view {before} was wrong")
        }
        ViewChangeReason::Proved => {
            format!("asked for view {view} because the primary of view {before} was proved faulty")
        }
        ViewChangeReason::Restarted => format!("was in view {view} when it was restarted"),
        ViewChangeReason::Followed => {
            format!("took over view {view} from its NEW-VIEW without having asked for it")
        }
    }
}

/// The primary of a view is the process with the index `view mod n`, so the previous primary has the previous index.
fn primary_before(status: &ProcessStatus, change: &ViewChangeStatus) -> String {
    let place = change.view.saturating_sub(1) % status.processes.max(1);
    u32::try_from(place).map_or_else(|_| "?".to_owned(), quorate_server::name_of)
}

fn ballots(transcript: &Transcript, record: &RoundStatus) -> Vec<String> {
    let mut story = Vec::new();
    let witness = transcript.facts.witness.clone().unwrap_or_default();
    if record.close_sequence_number == 0 {
        story.push(format!("At {witness} no Close of the round has executed."));
    } else {
        story.push(close(transcript, record, &witness));
    }
    story.extend(record.ballots.iter().map(ballot));
    if !record.tally.is_empty() {
        let tally = record.tally.iter();
        let parts: Vec<_> = tally
            .map(|part| {
                let verb = if part.ballots == 1 { "is" } else { "are" };
                format!("{} {verb} for '{}'", part.ballots, part.decision)
            })
            .collect();
        story.push(format!("Of the ballots that count, {}.", enumerate(&parts)));
    }
    story.extend(tie(record));
    story.push(format!("So {}.", transcript.verdict.agreement_fact()));
    story
}

fn close(transcript: &Transcript, record: &RoundStatus, witness: &str) -> String {
    let number = record.close_sequence_number;
    let by = transcript.facts.slot(number).map(|slot| &slot.committed_by);
    match by.filter(|by| !by.is_empty()) {
        Some(by) => format!(
            "The round was closed in slot {number}: {witness} has the COMMITs of {} for it.",
            enumerate(by)
        ),
        None => format!(
            "The round was closed in slot {number}; {witness} does not keep its COMMITs any more."
        ),
    }
}

fn ballot(ballot: &BallotStatus) -> String {
    let heard = heard(ballot);
    let BallotStatus {
        process,
        sequence_number,
        decision,
        ..
    } = ballot;
    let value = match (decision.as_str(), ballot.tie) {
        ("", _) => "without a value".to_owned(),
        (decision, true) => format!("for '{decision}', the default after a tie"),
        (decision, false) => format!("for '{decision}'"),
    };
    let end = if ballot.counts() {
        String::new()
    } else {
        format!(" It does not count: {}.", ballot.refused)
    };
    format!(
        "Slot {sequence_number} has {process}'s ballot {value}: {process} says that it heard {heard}.{end}"
    )
}

/// `'attack' from Q, R and S, 'retreat' from P`.
fn heard(ballot: &BallotStatus) -> String {
    let mut heard: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for vote in &ballot.votes {
        let names = heard.entry(&vote.decision).or_default();
        names.push(vote.process.clone());
    }
    let parts: Vec<_> = heard
        .iter()
        .map(|(decision, names)| format!("'{decision}' from {}", enumerate(names)))
        .collect();
    if parts.is_empty() {
        return "nothing that is kept".to_owned();
    }
    parts.join(", ")
}
