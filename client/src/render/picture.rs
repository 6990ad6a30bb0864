//! The exchange as a sequence diagram.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_diagram::{Arrow, Diagram, Key, Lane, Style};

use crate::render::proofs::proofs;
use crate::transcript::{Message, Transcript};
use crate::verdict::{Outcome, enumerate};

/// Votes that a process is asked to send within this time are drawn as one broadcast.
const ONE_BROADCAST: Duration = Duration::from_millis(50);

/// The picture: votes as arrows, then the slots as bands, then what each process decided.
pub(crate) fn picture(transcript: &Transcript) -> Diagram {
    let mut picture = Diagram::new(caption(transcript), lanes(transcript));
    explain(&mut picture);
    picture.broadcast_within(ONE_BROADCAST);
    for message in &transcript.messages {
        picture.arrow(arrow(message, transcript));
    }
    let (bands, end) = (bands(transcript), last_answer(transcript));
    for (text, left) in bands.iter().zip((1..=bands.len()).rev()) {
        // A process does not report when it executed a slot, only in which order.
        let before = Duration::from_micros(left as u64);
        picture.band(end.saturating_sub(before), text);
    }
    for process in &transcript.finalized {
        let text = match &process.outcome {
            Outcome::Decided(decision) if process.is_correct => format!("decides '{decision}'"),
            Outcome::Decided(decision) => decision.clone(),
            Outcome::NoDecision(_) => "no decision".to_owned(),
            Outcome::Unreachable(_) => "unreachable".to_owned(),
        };
        picture.note(&process.process, end, text);
    }
    picture
}

fn caption(transcript: &Transcript) -> String {
    let fact = transcript.verdict.agreement_fact();
    format!("Round {}: {fact}", transcript.round)
}

/// A lane per process. A process is marked if it is proved faulty, or says that it is.
fn lanes(transcript: &Transcript) -> Vec<Lane> {
    let proofs = proofs(transcript);
    let lane = |process: &crate::transcript::Finalized| {
        let lane = Lane::new(&process.process);
        let proof = proofs.iter().find(|proof| proof.accused == process.process);
        let status = process.status.as_ref();
        match (proof, status) {
            (Some(_), _) => lane.marked("proved faulty"),
            (None, Some(status)) if !process.is_correct => lane.marked(&status.fault),
            _ => lane,
        }
    };
    transcript.finalized.iter().map(lane).collect()
}

fn explain(picture: &mut Diagram) {
    picture.explain(
        Key::Style(Style::Plain),
        "a vote as the client asked for it",
    );
    picture.explain(Key::Style(Style::Altered), "a vote for another decision");
    picture.explain(Key::Lost, "a vote that was not told");
}

fn arrow(message: &Message, transcript: &Transcript) -> Arrow {
    let mut processes = transcript.finalized.iter();
    let asked = processes.find(|one| one.process == message.from);
    let asked = asked.map_or("", |one| one.asked.as_str());
    let told = message.told.as_deref();
    let label = told.unwrap_or(asked);
    let arrow = Arrow::new(&message.from, &message.to, label, message.asked_at)
        .arrives(message.answered_at)
        .tooltip(&message.text);
    match told {
        None => arrow.lost(short(message)),
        Some(told) if told != asked => arrow.style(Style::Altered),
        Some(_) => arrow,
    }
}

/// Why a vote was not told, in one word.
fn short(message: &Message) -> &'static str {
    if message.text.contains(" denied communication ") {
        "denied"
    } else if message.text.contains(" kept silent ") {
        "silent"
    } else {
        "not reached"
    }
}

/// View changes, Close and ballots, in the order of the slots.
fn bands(transcript: &Transcript) -> Vec<String> {
    let mut bands = Vec::new();
    let mut views: BTreeMap<u64, (String, Vec<String>)> = BTreeMap::new();
    for process in transcript.finalized.iter().filter(|one| one.is_correct) {
        let Some(status) = &process.status else {
            continue;
        };
        for change in &status.view_changes {
            if change.started && process.view_before.is_none_or(|view| change.view > view) {
                let view = views.entry(change.view);
                let (_, names) = view.or_insert((change.primary.clone(), Vec::new()));
                names.push(process.process.clone());
            }
        }
    }
    bands.extend(views.iter().map(|(view, (primary, names))| {
        format!(
            "view change: {} start view {view} with primary {primary}",
            enumerate(names)
        )
    }));
    let Some(record) = transcript.facts.record() else {
        return bands;
    };
    if record.close_sequence_number != 0 {
        bands.push(format!(
            "slot {}: Close of round {}",
            record.close_sequence_number, record.round
        ));
    }
    bands.extend(record.ballots.iter().map(|ballot| {
        let end = if ballot.counts() {
            ""
        } else {
            " (does not count)"
        };
        format!(
            "slot {}: ballot of {} for '{}'{end}",
            ballot.sequence_number, ballot.process, ballot.decision
        )
    }));
    bands
}

fn last_answer(transcript: &Transcript) -> Duration {
    let answered = transcript.finalized.iter().map(|one| one.answered_at);
    answered.max().unwrap_or_default()
}
