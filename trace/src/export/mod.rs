//! A trace in the forms of other tools.
//!
//! * `order`: the events of all processes, causes first. `words`: an event in a few words.
//! * `perfetto`, `shiviz`, `mermaid`: the forms.

mod mermaid;
mod order;
mod perfetto;
mod shiviz;
mod words;

pub use order::causes_first;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use crate::file::Trace;

/// What a trace can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON Lines, as docs/trace.md has them.
    Jsonl,
    /// Chrome's JSON trace format, which ui.perfetto.dev shows.
    Perfetto,
    /// A log with vector clocks, which bestchai.bitbucket.io/shiviz shows.
    Shiviz,
    /// A sequence diagram of Mermaid, for slides and Markdown.
    Mermaid,
}

/// A name of no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownForm;

/// More events than that take ShiViz minutes.
const MANY_FOR_SHIVIZ: usize = 5_000;
/// More processes than that do not fit into its window.
const WIDE_FOR_SHIVIZ: u32 = 13;
/// More events than that exceed what Mermaid draws without a setting of its own (50,000 characters).
const MANY_FOR_MERMAID: usize = 1_000;

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Jsonl, Self::Perfetto, Self::Shiviz, Self::Mermaid];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Perfetto => "perfetto",
            Self::Shiviz => "shiviz",
            Self::Mermaid => "mermaid",
        }
    }

    /// Why the tool may not be able to show this trace.
    #[must_use]
    pub fn warning(self, trace: &Trace) -> Option<String> {
        let (events, n) = (trace.events.len(), trace.header.n);
        match self {
            Self::Shiviz if events > MANY_FOR_SHIVIZ || n > WIDE_FOR_SHIVIZ => Some(format!(
                "{events} events of {n} processes: ShiViz takes minutes for more than {MANY_FOR_SHIVIZ} events or {WIDE_FOR_SHIVIZ} processes"
            )),
            Self::Mermaid if events > MANY_FOR_MERMAID => Some(format!(
                "{events} events: Mermaid refuses more than 50,000 characters unless its maxTextSize is raised"
            )),
            _ => None,
        }
    }

    /// Writes the trace in this form.
    ///
    /// # Errors
    /// The bytes cannot be written.
    pub fn write(self, trace: &Trace, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Jsonl => trace.write(to),
            Self::Perfetto => perfetto::write(trace, to),
            Self::Shiviz => shiviz::write(trace, to),
            Self::Mermaid => mermaid::write(trace, to),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(name: &str) -> Result<Self, UnknownForm> {
        let named = Self::ALL.into_iter().find(|form| form.name() == name);
        named.ok_or(UnknownForm)
    }
}

impl fmt::Display for UnknownForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the forms are {}", Form::ALL.map(Form::name).join(", "))
    }
}

impl std::error::Error for UnknownForm {}
