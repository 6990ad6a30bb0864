//! The words of one command, taken from the left.

use std::collections::VecDeque;

use quorate_protocol::{Duration, ReplicaId};

use super::order::Order;

/// The words of a command that are not read yet.
pub(super) struct Cursor {
    words: VecDeque<String>,
}

impl Cursor {
    /// The words of a text; brackets are words of their own.
    pub(super) fn new(text: &str) -> Self {
        let spaced = text.replace('[', " [ ").replace(']', " ] ");
        Self {
            words: spaced.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether this word is next.
    pub(super) fn sees(&self, word: &str) -> bool {
        self.words.front().is_some_and(|next| next == word)
    }

    /// Takes this word if it is next.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        let sees = self.sees(word);
        if sees {
            self.words.pop_front();
        }
        sees
    }

    /// Takes the next word.
    ///
    /// # Errors
    /// No word is left. `what` says what is expected.
    pub(super) fn word(&mut self, what: &str) -> Result<String, String> {
        self.words
            .pop_front()
            .ok_or_else(|| format!("{what} is missing at the end"))
    }

    /// Takes exactly this word.
    ///
    /// # Errors
    /// Another word is next.
    pub(super) fn expect(&mut self, word: &str) -> Result<(), String> {
        let next = self.word(&format!("'{word}'"))?;
        if next == word {
            Ok(())
        } else {
            Err(format!("expected '{word}', got '{next}'"))
        }
    }

    /// Takes a number.
    ///
    /// # Errors
    /// The next word is not a number.
    pub(super) fn number(&mut self, what: &str) -> Result<u64, String> {
        let word = self.word(what)?;
        word.parse()
            .map_err(|_| format!("'{word}' is not a number: expected {what}"))
    }

    /// Takes a span of time: `1s` or `250ms`.
    ///
    /// # Errors
    /// The next word is not a span of time up to an hour.
    pub(super) fn span(&mut self) -> Result<Duration, String> {
        let word = self.word("a time")?;
        let millis = match word.strip_suffix("ms") {
            Some(number) => number.parse::<u64>().ok(),
            None => word
                .strip_suffix('s')
                .and_then(|number| number.parse::<u64>().ok())
                .and_then(|seconds| seconds.checked_mul(1000)),
        };
        millis
            .filter(|millis| *millis <= 3_600_000)
            .map(Duration::from_millis)
            .ok_or_else(|| format!("'{word}' is not a time: write 250ms or 10s, up to an hour"))
    }

    /// Takes a process.
    ///
    /// # Errors
    /// The next word does not name a process.
    pub(super) fn process(&mut self) -> Result<ReplicaId, String> {
        process(&self.word("a process")?)
    }

    /// Takes a list of processes, as `P,Q`.
    ///
    /// # Errors
    /// A word in the list does not name a process.
    pub(super) fn processes(&mut self) -> Result<Vec<ReplicaId>, String> {
        self.word("a process")?.split(',').map(process).collect()
    }

    /// Takes a batch, as `[P/1 c/1@Q]`.
    ///
    /// # Errors
    /// The next words are not a batch.
    pub(super) fn batch(&mut self) -> Result<Vec<Order>, String> {
        self.expect("[")?;
        let mut orders = Vec::new();
        while !self.takes("]") {
            orders.extend(Order::read(&self.word("']'")?)?);
        }
        Ok(orders)
    }

    /// Checks that no word is left.
    ///
    /// # Errors
    /// A word is left.
    pub(super) fn end(mut self) -> Result<(), String> {
        match self.words.pop_front() {
            None => Ok(()),
            Some(word) => Err(format!("'{word}' has no meaning here: delete it")),
        }
    }
}

fn process(name: &str) -> Result<ReplicaId, String> {
    name.parse::<ReplicaId>().map_err(|error| error.to_string())
}
