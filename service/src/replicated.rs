//! What a process replicates: the exchange, the key-value store and the ledger behind one [`Service`].

use std::fmt;
use std::sync::Arc;

use quorate_protocol::{ClientId, Sequence};
use serde::{Deserialize, Serialize};

use crate::encode::{decode, encode};
use crate::exchange::{self, Exchange, Rules};
use crate::kv::{self, Store};
use crate::ledger::{self, Entry, Ledger};
use crate::snapshot::read_part;
use crate::{BadSnapshot, Service};

/// What can be ordered. Variants are numbered in this order on the wire, so a new one goes to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Commands of the exchange, executed in order.
    Exchange(Vec<exchange::Command>),
    /// The text of a [`kv::Command`].
    KeyValue(String),
    /// Any text: executed if it is a [`kv::Command`], and otherwise only given its place in the order.
    Text(String),
    /// The JSON of a request over HTTP, as it came in: its `data` is executed as [`Operation::Text`], and it gets a place in the
    /// ledger, once for its id. Any process may put it before the others, and several may: a client that asks again does so
    /// with another timestamp, and perhaps at another process.
    Request(String),
}

impl Operation {
    /// Reads the bytes that are ordered; `None` if they are no operation.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }

    /// The bytes that are ordered.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// What counts of a request over HTTP.
#[derive(Deserialize)]
struct Decided {
    id: (u64, u64),
    timestamp: f64,
    data: String,
}

/// What an operation gives. Variants are numbered in this order on the wire, so a new one goes to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The exchange has seen its commands; what they led to is in its rounds.
    Exchange,
    /// What the store says.
    KeyValue(kv::Answer),
    /// The bytes are no [`Operation`]; nothing has changed.
    Unreadable,
    /// The text has its place in the order, and means nothing to the store.
    Ordered,
    /// What a request over HTTP came to.
    Request(Box<Answer>),
    /// A request over HTTP with this id and this data has executed before; nothing has changed.
    Again,
    /// A request over HTTP with this id and other data has executed before; nothing has changed.
    IdTaken,
}

impl Answer {
    /// Reads the bytes that [`Service::execute`] and [`Service::query`] give; `None` if they are no answer.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange | Self::Ordered | Self::Again => f.write_str("ok"),
            Self::Request(answer) => answer.fmt(f),
            Self::IdTaken => f.write_str("refused: another request has this id"),
            Self::KeyValue(answer) => answer.fmt(f),
            Self::Unreadable => write!(f, "refused: {}", kv::GRAMMAR),
        }
    }
}

/// The exchange, the key-value store and the ledger.
#[derive(Debug)]
pub struct Replicated {
    exchange: Exchange,
    store: Store,
    ledger: Ledger,
}

impl Replicated {
    /// No round has closed and no key has a value.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            exchange: Exchange::new(rules),
            store: Store::default(),
            ledger: Ledger::default(),
        }
    }

    /// The exchange, to look at.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The key-value store, to look at.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The requests over HTTP that are decided, to look at.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn text(&mut self, text: &str) -> Answer {
        match self.store.execute(text) {
            kv::Answer::Refused(_) => Answer::Ordered,
            answer => Answer::KeyValue(answer),
        }
    }

    fn request(&mut self, json: &str) -> Answer {
        let Ok(Decided {
            id,
            timestamp,
            data,
        }) = serde_json::from_str(json)
        else {
            return Answer::Unreadable;
        };
        match self.ledger.data_of(id) {
            Some(known) if known == data => Answer::Again,
            Some(_) => Answer::IdTaken,
            None => {
                let answer = self.text(&data);
                let number = ledger::number(timestamp, id.1);
                self.ledger.add(Entry { id, data }, number);
                Answer::Request(Box::new(answer))
            }
        }
    }
}

impl Service for Replicated {
    /// Executes an encoded [`Operation`] and gives an encoded [`Answer`].
    fn execute(&mut self, sequence: Sequence, client: ClientId, operation: &[u8]) -> Vec<u8> {
        let answer = match decode(operation) {
            Some(Operation::Exchange(commands)) => {
                // Only a process takes part in the exchange; what others order of it does nothing.
                if let ClientId::Process(process) = client {
                    self.exchange.execute(sequence, process, commands);
                }
                Answer::Exchange
            }
            Some(Operation::KeyValue(text)) => Answer::KeyValue(self.store.execute(&text)),
            Some(Operation::Text(text)) => self.text(&text),
            Some(Operation::Request(json)) => self.request(&json),
            None => Answer::Unreadable,
        };
        encode(&answer)
    }

    fn query(&self, operation: &[u8]) -> Option<Vec<u8>> {
        let Operation::KeyValue(text) = decode(operation)? else {
            return None;
        };
        Some(encode(&Answer::KeyValue(self.store.query(&text)?)))
    }

    /// First how many parts are the exchange's and how many the ledger's, then these, then the store's.
    fn snapshot(&self) -> Vec<Arc<[u8]>> {
        let rounds = self.exchange.snapshot();
        let entries = self.ledger.snapshot();
        let mut parts = vec![encode(&(rounds.len(), entries.len())).into()];
        parts.extend(rounds);
        parts.extend(entries);
        parts.extend(self.store.snapshot());
        parts
    }

    fn restore(&mut self, parts: &[Arc<[u8]>]) -> Result<(), BadSnapshot> {
        let (rounds, entries): (usize, usize) = read_part(parts.first())?;
        let rest = parts.get(1..).unwrap_or_default();
        let (rounds, rest) = rest.split_at_checked(rounds).ok_or(BadSnapshot::Missing)?;
        let (entries, keys) = rest.split_at_checked(entries).ok_or(BadSnapshot::Missing)?;
        let restored = Self {
            exchange: Exchange::restored(self.exchange.rules().clone(), rounds)?,
            ledger: Ledger::restored(entries)?,
            store: Store::restored(keys)?,
        };
        // The counts may have been written in another way.
        if restored.snapshot().first() != parts.first() {
            return Err(BadSnapshot::NotCanonical);
        }
        *self = restored;
        Ok(())
    }
}
