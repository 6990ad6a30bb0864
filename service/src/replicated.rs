//! The state of a process, behind one [`Service`]: the exchange, the key-value store, the ledger and the gathering.

use std::fmt;

#[cfg(feature = "mutants")]
use quorate_protocol::Mutant;
use quorate_protocol::message::Request;
use quorate_protocol::{Part, Sequence};
use serde::{Deserialize, Serialize};

use crate::encode::{decode, encode};
use crate::exchange::{self, Exchange, Rules};
use crate::gathering::{self, Gathering, Membership};
use crate::kv::{self, Store};
use crate::ledger::{self, Entry, Ledger};
use crate::snapshot::read_part;
use crate::{BadSnapshot, Service};

/// An operation. Postcard numbers the variants in this order: add new ones at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// Commands of the exchange, executed in order.
    Exchange(Vec<exchange::Command>),
    /// The text of a [`kv::Command`].
    KeyValue(String),
    /// Any text. A [`kv::Command`] is executed; other texts are only ordered.
    Text(String),
    /// The JSON of a request over HTTP, unchanged. Its `data` is executed as [`Operation::Text`] is, and the request enters
    /// the ledger, once for each id. Several processes may order the same request: a client that asks again sends it with
    /// another timestamp, and perhaps to another process.
    Request(String),
    /// The text of a [`gathering::Command`], or of a question about the gathering: see [`Gathering::query`].
    Gathering(String),
}

impl Operation {
    /// Decodes an operation. `None` if the bytes are not one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }

    /// Encodes the operation.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode(self)
    }
}

/// The fields of an HTTP request that matter once it is decided.
#[derive(Deserialize)]
struct Decided {
    id: (u64, u64),
    timestamp: f64,
    data: String,
}

/// The answer to an operation. Postcard numbers the variants in this order: add new ones at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The exchange has executed its commands. Their results are in its rounds.
    Exchange,
    /// The store's answer.
    KeyValue(kv::Answer),
    /// The bytes are not an [`Operation`]. Nothing has changed.
    Unreadable,
    /// The text is ordered. The store does not know it as a command.
    Ordered,
    /// The answer to a request over HTTP.
    Request(Box<Answer>),
    /// A request over HTTP with this id and this data has executed before. Nothing has changed.
    Again,
    /// A request over HTTP with this id and other data has executed before. Nothing has changed.
    IdTaken,
    /// The operation has executed long ago, and the replicas have forgotten its answer. No service gives this answer.
    Forgotten,
    /// The gathering's answer.
    Gathering(gathering::Answer),
}

impl Answer {
    /// Decodes what [`Service::execute`] and [`Service::query`] return. `None` if the bytes are not an answer.
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
            Self::Forgotten => f.write_str("done long ago; its answer is forgotten"),
            Self::IdTaken => f.write_str("refused: another request has this id"),
            Self::KeyValue(answer) => answer.fmt(f),
            Self::Gathering(answer) => answer.fmt(f),
            Self::Unreadable => write!(f, "refused: {}", kv::GRAMMAR),
        }
    }
}

/// The exchange, the key-value store, the ledger and the gathering.
#[derive(Clone, Debug)]
pub struct Replicated {
    exchange: Exchange,
    store: Store,
    ledger: Ledger,
    gathering: Gathering,
    #[cfg(feature = "mutants")]
    mutant: Option<Mutant>,
}

impl Replicated {
    /// The first state: no round is closed, no key has a value, and the cluster with these members is not founded.
    #[must_use]
    pub fn new(rules: Rules, membership: Membership) -> Self {
        Self {
            exchange: Exchange::new(rules),
            store: Store::default(),
            ledger: Ledger::default(),
            gathering: Gathering::new(membership),
            #[cfg(feature = "mutants")]
            mutant: None,
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

    /// The gathering, to look at.
    #[must_use]
    pub const fn gathering(&self) -> &Gathering {
        &self.gathering
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
        match self.ledger.has(id, &data) {
            Some(true) => Answer::Again,
            Some(false) => Answer::IdTaken,
            None => {
                let answer = self.text(&data);
                let number = ledger::number(timestamp, id.1);
                self.ledger.add(Entry { id, data }, number);
                Answer::Request(Box::new(answer))
            }
        }
    }
}

#[cfg(feature = "mutants")]
impl Replicated {
    /// This service with a known bug.
    #[must_use]
    pub fn with_mutant(mut self, mutant: Option<Mutant>) -> Self {
        self.mutant = mutant;
        self
    }

    /// What a mutant makes of a command.
    fn misread(&self, text: String) -> String {
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["cas", key, _, new] if self.mutant == Some(Mutant::CasSetsAlways) => {
                format!("set {key}={new}")
            }
            _ => text,
        }
    }

    /// What a mutant makes of the commands of an operation.
    fn shortened(&self, mut commands: Vec<exchange::Command>) -> Vec<exchange::Command> {
        if self.mutant == Some(Mutant::OneCommandOnly) {
            commands.truncate(1);
        }
        commands
    }

    /// What a mutant makes of a state that it takes over.
    fn half_restored(&self, restored: Self) -> Self {
        let store = if self.mutant == Some(Mutant::StoreNotRestored) {
            self.store.clone()
        } else {
            restored.store
        };
        Self { store, ..restored }
    }
}

impl Service for Replicated {
    /// Executes an encoded [`Operation`] and gives an encoded [`Answer`].
    fn execute(&mut self, sequence: Sequence, request: &Request) -> Vec<u8> {
        let answer = match decode(&request.operation) {
            Some(Operation::Exchange(commands)) => {
                // Only processes take part in the exchange. Commands from other clients do nothing.
                if let Some(process) = request.client.process() {
                    #[cfg(feature = "mutants")]
                    let commands = self.shortened(commands);
                    self.exchange.execute(sequence, process, commands);
                }
                Answer::Exchange
            }
            Some(Operation::KeyValue(text)) => {
                #[cfg(feature = "mutants")]
                let text = self.misread(text);
                Answer::KeyValue(self.store.execute(&text))
            }
            Some(Operation::Text(text)) => self.text(&text),
            Some(Operation::Request(json)) => self.request(&json),
            Some(Operation::Gathering(text)) => {
                let known = self.gathering.query(&text);
                let execute = || self.gathering.execute(sequence, request.client, &text);
                Answer::Gathering(known.unwrap_or_else(execute))
            }
            None => Answer::Unreadable,
        };
        encode(&answer)
    }

    fn query(&self, operation: &[u8]) -> Option<Vec<u8>> {
        let answer = match decode(operation)? {
            Operation::KeyValue(text) => Answer::KeyValue(self.store.query(&text)?),
            Operation::Gathering(text) => Answer::Gathering(self.gathering.query(&text)?),
            Operation::Exchange(_) | Operation::Text(_) | Operation::Request(_) => return None,
        };
        Some(encode(&answer))
    }

    /// The first part counts the parts of the exchange, of the ledger and of the gathering. These parts follow, then the store's.
    fn snapshot(&self) -> Vec<Part> {
        let rounds = self.exchange.snapshot();
        let entries = self.ledger.snapshot();
        let gathered = self.gathering.snapshot();
        let mut parts = vec![encode(&(rounds.len(), entries.len(), gathered.len())).into()];
        parts.extend(rounds);
        parts.extend(entries);
        parts.extend(gathered);
        parts.extend(self.store.snapshot());
        parts
    }

    fn restore(&mut self, parts: &[Part]) -> Result<(), BadSnapshot> {
        let (rounds, entries, gathered): (usize, usize, usize) = read_part(parts.first())?;
        let rest = parts.get(1..).unwrap_or_default();
        let (rounds, rest) = rest.split_at_checked(rounds).ok_or(BadSnapshot::Missing)?;
        let (entries, rest) = rest.split_at_checked(entries).ok_or(BadSnapshot::Missing)?;
        let (gathered, keys) = rest
            .split_at_checked(gathered)
            .ok_or(BadSnapshot::Missing)?;
        let restored = Self {
            exchange: Exchange::restored(self.exchange.rules().clone(), rounds)?,
            ledger: Ledger::restored(entries)?,
            gathering: Gathering::restored(self.gathering.membership().clone(), gathered)?,
            store: Store::restored(keys)?,
            #[cfg(feature = "mutants")]
            mutant: self.mutant,
        };
        // The same counts can be encoded with other bytes.
        if restored.snapshot().first() != parts.first() {
            return Err(BadSnapshot::NotCanonical);
        }
        #[cfg(feature = "mutants")]
        let restored = self.half_restored(restored);
        *self = restored;
        Ok(())
    }
}
