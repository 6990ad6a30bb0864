//! Transcripts: a scenario as a text that reads like a story, and what the replicas do in it.
//!
//! A line that begins with `>` is a command, one with `#` a remark. Every other line was written by the player: what each
//! replica did at the command above it. Playing a text again writes these lines anew, so a text is its own expectation.
//!
//! * [`play`]: a text in, the text as it would be written now out. [`difference`]: the difference of two texts.
//! * `cursor`, `command`, `filter`, `forge`: the words of a command. `order`: requests and batches by name.
//! * `stage`: replicas, each with its service (`log`) and its disk; `network`: the messages (`parcel`) under way. `act`:
//!   carries out a command; `pass`: messages arrive and time passes; `events`: what follows.
//! * `page`, `say`: what the replicas did, in few words. `sketch`: the same for a picture.
//!
//! Time is virtual and nothing is random, so a text plays alike on every machine.

mod act;
mod command;
mod cursor;
mod difference;
mod events;
mod filter;
mod forge;
mod log;
mod network;
mod order;
mod page;
mod parcel;
mod pass;
mod say;
mod sign;
mod sketch;
mod stage;

pub use command::{COMMANDS, Entry, WORDS};
pub use difference::difference;
use difference::lines;

use crate::picture::{Frame, Picture};
use command::Command;
use stage::Stage;

/// A command that cannot be read or carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TranscriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Plays a text, and returns it with the replicas' actions under each command.
///
/// # Errors
/// The first command that cannot be read or carried out.
pub fn play(text: &str) -> Result<String, TranscriptError> {
    play_in(text, None).map(|played| played.text)
}

/// A text that was played.
#[derive(Debug)]
pub struct Played {
    /// The text with the actions of this run.
    pub text: String,
    /// A picture for each cluster of the text, if pictures were asked for.
    pub pictures: Vec<Picture>,
}

/// Plays a text, with pictures of what the frame shows.
///
/// # Errors
/// The first command that cannot be read or carried out.
pub fn play_in(text: &str, frame: Option<&Frame>) -> Result<Played, TranscriptError> {
    let mut pictures = Vec::new();
    let mut written = String::new();
    let mut stage: Option<Stage> = None;
    for (number, line) in (1..).zip(lines(text)) {
        let failed = |what| TranscriptError { line: number, what };
        if line.is_empty() || line.starts_with('#') {
            add(&mut written, line);
        } else if let Some(command) = line.strip_prefix('>') {
            add(&mut written, line);
            let lines = match (Command::read(command).map_err(failed)?, &mut stage) {
                (Command::Cluster(setting), _) => {
                    let started = Stage::new(&setting, frame).map_err(failed)?;
                    let before = stage.replace(started);
                    pictures.extend(before.and_then(Stage::into_picture));
                    Vec::new()
                }
                (command, Some(stage)) => stage.act(&command).map_err(failed)?,
                (_, None) => {
                    return Err(failed("a story begins with: cluster 4".to_owned()));
                }
            };
            lines.iter().for_each(|line| add(&mut written, line));
        }
    }
    pictures.extend(stage.and_then(Stage::into_picture));
    Ok(Played {
        text: written,
        pictures,
    })
}

/// Whether a text holds actions of replicas, so that it can be compared with a run.
#[must_use]
pub fn is_recorded(text: &str) -> bool {
    let is_written = |line: &str| !line.is_empty() && !line.starts_with(['#', '>']);
    lines(text).any(is_written)
}

fn add(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
