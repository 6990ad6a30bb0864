//! The state of a process, behind one [`Service`]: the exchange, the key-value store, the ledger and the gathering.

use std::fmt;

#[cfg(feature = "mutants")]
use quorate_protocol::Mutant;
use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Limits, Part, Sequence};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

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
    /// Encoded operations, executed in order in one slot. At most [`Operation::MOST`], and none of them may be a list itself.
    #[serde(deserialize_with = "at_most")]
    Several(Vec<Vec<u8>>),
}

/// The bytes of an encoded [`Operation::Several`] beside its operations, at most: the number of the variant, and the count.
const AROUND_ALL: usize = 4;
/// The bytes of an encoded [`Operation::Several`] beside each operation, at most: the operation's length.
const AROUND_EACH: usize = 3;

impl Operation {
    /// The most operations of a list. A list takes memory and time for each of its operations, however short they are.
    pub const MOST: usize = 1024;

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

    /// The encoded operations of which an encoded operation consists: those of a list, or the operation itself.
    #[must_use]
    pub fn parts(bytes: &[u8]) -> Vec<Vec<u8>> {
        match Self::decode(bytes) {
            Some(Self::Several(operations)) => operations,
            _ => vec![bytes.to_vec()],
        }
    }

    /// How many of the first operations, given by their encoded lengths, fit a list of so many bytes; at least one.
    pub fn fitting(lengths: impl IntoIterator<Item = usize>, bytes: usize) -> usize {
        let mut left = bytes.saturating_sub(AROUND_ALL);
        let fits = lengths.into_iter().take(Self::MOST).take_while(|length| {
            let rest = left.checked_sub(length + AROUND_EACH);
            left = rest.unwrap_or_default();
            rest.is_some()
        });
        fits.count().max(1)
    }
}

/// Reads the operations of a list. It reads none of them if they are too many.
fn at_most<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
    struct List;

    impl<'de> Visitor<'de> for List {
        type Value = Vec<Vec<u8>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {} operations", Operation::MOST)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let count = list.size_hint().filter(|count| *count <= Operation::MOST);
            let count = count.ok_or_else(|| A::Error::custom("too many operations"))?;
            let mut operations = Vec::with_capacity(count);
            while let Some(operation) = list.next_element()? {
                operations.push(operation);
            }
            Ok(operations)
        }
    }

    deserializer.deserialize_seq(List)
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
    /// The answers to the operations of a list, in their order.
    Several(Vec<Answer>),
    /// The answers before it in its list have left no room for the answer to this operation. The operation has not executed, and
    /// may be ordered again.
    NoRoom,
}

/// The bytes of an encoded [`Answer::Several`] beside its answers, at most.
const AROUND_ANSWERS: usize = 4;
/// The bytes of an encoded [`Answer::NoRoom`].
const NO_ROOM: usize = 1;
/// No operation that changes something has a longer answer. The longest is that of a `cas` that failed.
const LONGEST_OF_CHANGE: usize = 8 * 1024;
const _: () = assert!(kv::LONGEST_KEY + kv::LONGEST_VALUE + 64 <= LONGEST_OF_CHANGE);

impl Answer {
    /// Decodes what [`Service::execute`] and [`Service::query`] return. `None` if the bytes are not an answer.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }

    /// The answers to the so many operations of one request. What answers the request as a whole answers each of them.
    #[must_use]
    pub fn each(self, operations: usize) -> Vec<Self> {
        match self {
            Self::Several(answers) if answers.len() == operations => answers,
            Self::Several(_) => vec![Self::Unreadable; operations],
            other => vec![other; operations],
        }
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
            Self::Several(answers) => {
                for (place, answer) in answers.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(f, "{comma}{answer}")?;
                }
                Ok(())
            }
            Self::NoRoom => {
                f.write_str("not executed: its answer has no room beside others; order it again")
            }
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
    /// The most bytes of the result of one request.
    longest_result: usize,
    #[cfg(feature = "mutants")]
    mutant: Option<Mutant>,
}

impl Replicated {
    /// The first state: no round is closed, no key has a value, and the cluster with these members is not founded. The results
    /// of requests may have as many bytes as a cluster allows that does not say otherwise.
    #[must_use]
    pub fn new(rules: Rules, membership: Membership) -> Self {
        let limits = Limits::for_replicas(rules.quorum.n());
        Self {
            exchange: Exchange::new(rules),
            store: Store::default(),
            ledger: Ledger::default(),
            gathering: Gathering::new(membership),
            longest_result: limits.result,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// The same service where the result of a request may have so many bytes. All replicas must have the same limit.
    #[must_use]
    pub const fn with_longest_result(mut self, bytes: usize) -> Self {
        self.longest_result = bytes;
        self
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

    /// Executes the operations of a list in order. One that cannot be read harms no other. All answers together are never longer
    /// than the result of a request may be: an operation for whose answer there is no room does not execute.
    fn several(&mut self, sequence: Sequence, client: ClientId, operations: &[Vec<u8>]) -> Answer {
        let around = AROUND_ANSWERS + operations.len() * NO_ROOM;
        let mut room = self.longest_result.saturating_sub(around);
        let mut execute = |bytes: &Vec<u8>| {
            // What changes nothing can be executed before it is known whether there is room for its answer.
            if room < LONGEST_OF_CHANGE {
                return Answer::NoRoom;
            }
            let answer = self.one(sequence, client, decode(bytes));
            let rest = room.checked_sub(encode(&answer).len());
            room = rest.unwrap_or(room);
            rest.map_or(Answer::NoRoom, |_| answer)
        };
        Answer::Several(operations.iter().map(&mut execute).collect())
    }

    /// Executes one operation of a client. `None`: it cannot be read.
    fn one(
        &mut self,
        sequence: Sequence,
        client: ClientId,
        operation: Option<Operation>,
    ) -> Answer {
        match operation {
            Some(Operation::Exchange(commands)) => {
                // Only processes take part in the exchange. Commands from other clients do nothing.
                if let Some(process) = client.process() {
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
                let execute = || self.gathering.execute(sequence, client, &text);
                Answer::Gathering(known.unwrap_or_else(execute))
            }
            // A list in a list is not an operation.
            Some(Operation::Several(_)) | None => Answer::Unreadable,
        }
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
            Some(Operation::Several(operations)) => {
                self.several(sequence, request.client, &operations)
            }
            operation => self.one(sequence, request.client, operation),
        };
        encode(&answer)
    }

    fn query(&self, operation: &[u8]) -> Option<Vec<u8>> {
        let answer = match decode(operation)? {
            Operation::KeyValue(text) => Answer::KeyValue(self.store.query(&text)?),
            Operation::Gathering(text) => Answer::Gathering(self.gathering.query(&text)?),
            Operation::Exchange(_)
            | Operation::Text(_)
            | Operation::Request(_)
            | Operation::Several(_) => return None,
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
            longest_result: self.longest_result,
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
