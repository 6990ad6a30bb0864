//! The lines under one command, gathered by replica. Replicas that do the same share a line.

use std::collections::BTreeMap;

use quorate_protocol::message::Request;
use quorate_protocol::{ReplicaId, Sequence, Time};

use super::order::Names;

/// The longest line, in characters.
const WIDTH: usize = 118;

/// What a page tells of one replica.
#[derive(Clone, Debug)]
enum Note {
    Execute(Sequence, Vec<Request>),
    Stable(Sequence),
    /// A client of the process gets its answer.
    Answer(String),
    /// It refuses a message that came too late through no fault of its sender.
    RefuseLate,
    Words(String),
}

/// The actions since the previous page.
#[derive(Debug, Default)]
pub(super) struct Page {
    notes: Vec<(Time, ReplicaId, Note)>,
    /// How many messages were sent, one for each recipient. Status messages are not counted, because replicas send them all
    /// the time.
    pub(super) messages: u64,
    /// Whether each sent message is written as an action.
    pub(super) shows_messages: bool,
}

impl Page {
    /// An action in words.
    pub(super) fn words(&mut self, now: Time, who: ReplicaId, words: String) {
        self.notes.push((now, who, Note::Words(words)));
    }

    /// A slot executes.
    pub(super) fn execute(
        &mut self,
        now: Time,
        who: ReplicaId,
        slot: Sequence,
        requests: Vec<Request>,
    ) {
        self.notes.push((now, who, Note::Execute(slot, requests)));
    }

    /// A checkpoint is stable.
    pub(super) fn stable(&mut self, now: Time, who: ReplicaId, slot: Sequence) {
        self.notes.push((now, who, Note::Stable(slot)));
    }

    /// A client has its answer.
    pub(super) fn answer(&mut self, now: Time, who: ReplicaId, request: String) {
        self.notes.push((now, who, Note::Answer(request)));
    }

    /// A message came too late.
    pub(super) fn refuse_late(&mut self, now: Time, who: ReplicaId) {
        self.notes.push((now, who, Note::RefuseLate));
    }

    /// The number of actions.
    pub(super) const fn len(&self) -> usize {
        self.notes.len()
    }

    /// A new page.
    pub(super) fn clear(&mut self) {
        self.notes.clear();
        self.messages = 0;
    }

    /// Writes the page and begins another. With `by_moment`, actions at different times are on different lines.
    pub(super) fn write(&mut self, names: &Names, by_moment: bool) -> Vec<String> {
        let mut by_line: BTreeMap<(Option<Time>, ReplicaId), Vec<Note>> = BTreeMap::new();
        for (time, who, note) in self.notes.drain(..) {
            let moment = by_moment.then_some(time);
            by_line.entry((moment, who)).or_default().push(note);
        }
        let mut alike: Vec<(Option<Time>, Vec<String>, Vec<ReplicaId>)> = Vec::new();
        for ((moment, who), notes) in by_line {
            let phrases = phrases(&notes, names);
            let same = |(other, known, _): &&mut (Option<Time>, Vec<String>, _)| {
                *other == moment && *known == phrases
            };
            match alike.iter_mut().find(same) {
                Some((_, _, all)) => all.push(who),
                None => alike.push((moment, phrases, vec![who])),
            }
        }
        let mut lines = Vec::new();
        for (moment, phrases, who) in alike {
            let moment = moment.map(|time| format!("{} ", seconds(time)));
            let start = format!("{}{}:", moment.unwrap_or_default(), list(&who));
            fill(&mut lines, start, &phrases);
        }
        match std::mem::take(&mut self.messages) {
            0 => {}
            1 => lines.push("(1 message)".to_owned()),
            count => lines.push(format!("({count} messages)")),
        }
        lines
    }
}

/// Processes as `P,Q`.
pub(super) fn list(processes: &[ReplicaId]) -> String {
    let names: Vec<_> = processes.iter().map(ReplicaId::to_string).collect();
    names.join(",")
}

fn seconds(time: Time) -> String {
    format!("{}.{:03}s", time.0 / 1_000_000, time.0 / 1000 % 1000)
}

/// Actions in words. Equal actions in a row are written once, and all progress between other actions is written together.
fn phrases(notes: &[Note], names: &Names) -> Vec<String> {
    let mut phrases: Vec<(String, usize)> = Vec::new();
    let mut add = |words: String| match phrases.iter_mut().find(|(known, _)| *known == words) {
        Some((_, times)) => *times += 1,
        None => phrases.push((words, 1)),
    };
    let is_word = |note: &Note| matches!(note, Note::Words(_));
    for run in notes.chunk_by(|one, other| is_word(one) == is_word(other)) {
        for note in run {
            if let Note::Words(words) = note {
                add(words.clone());
            }
        }
        progress(run, names).into_iter().for_each(&mut add);
    }
    let late = notes.iter().filter(|note| matches!(note, Note::RefuseLate));
    late.for_each(|_| add("refuses what came too late".to_owned()));
    let times = |(words, times)| match times {
        1 => words,
        _ => format!("{words} ({times} times)"),
    };
    phrases.into_iter().map(times).collect()
}

/// The progress of a replica: executed slots, consecutive ones together, then stable checkpoints, then answers.
fn progress(notes: &[Note], names: &Names) -> Vec<String> {
    let (mut slots, mut stable, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for note in notes {
        match note {
            Note::Execute(slot, requests) => slots.push((slot.0, requests.as_slice())),
            Note::Stable(slot) => stable.push(slot.0.to_string()),
            Note::Answer(request) => answers.push(request.as_str()),
            Note::RefuseLate | Note::Words(_) => {}
        }
    }
    let in_a_row = |a: &(u64, &[Request]), b: &(u64, &[Request])| {
        a.0 + 1 == b.0 && a.1.is_empty() == b.1.is_empty()
    };
    let mut words = Vec::new();
    for run in slots.chunk_by(in_a_row) {
        let requests = names.requests(run.iter().flat_map(|(_, requests)| *requests));
        match run {
            [(slot, _)] => words.push(format!("executes slot {slot} {requests}")),
            [(first, _), .., (last, _)] => {
                words.push(format!("executes slots {first} to {last} {requests}"));
            }
            [] => {}
        }
    }
    if !stable.is_empty() {
        words.push(format!("makes slot {} stable", stable.join(", ")));
    }
    match answers[..] {
        [] => {}
        [one] => words.push(format!("has the answer to {one}")),
        [first, .., last] => {
            words.push(format!("has {} answers, {first} to {last}", answers.len()));
        }
    }
    words
}

/// Adds the phrases as lines that are not too long. A line ends after a phrase if possible, otherwise after a word.
fn fill(lines: &mut Vec<String>, start: String, phrases: &[String]) {
    const INDENT: &str = "   ";
    let mut line = start;
    for (index, phrase) in phrases.iter().enumerate() {
        let end = if index + 1 < phrases.len() { ";" } else { "" };
        let phrase = format!("{phrase}{end}");
        if index > 0 && line.len() + phrase.len() >= WIDTH {
            lines.push(std::mem::replace(&mut line, INDENT.to_owned()));
        }
        for word in phrase.split(' ') {
            if line.len() + word.len() >= WIDTH {
                lines.push(std::mem::replace(&mut line, INDENT.to_owned()));
            }
            line = format!("{line} {word}");
        }
    }
    lines.push(line);
}
