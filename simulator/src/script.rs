//! A process that lies by a script, or as an author wants whom it asks about each message. What the author wants is written down
//! as the script that gives the same run without it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use quorate_fault::behaviour::{Altered, Behaviour};
use quorate_fault::scope::{Moment, Scope};
use quorate_protocol::message::{Batch, Kind, Message};
use quorate_protocol::{Digest, Duration, Effect, Sequence, Time, View};

use crate::plan::{Lie, Name, Script, Sending};
use crate::words;

/// Who decides what a faulty process sends.
pub trait Author: Debug + Send {
    /// What the process sends in the place of a message; `None`: the message as it is.
    fn on_send(&mut self, sent: &Sent<'_>) -> Option<Vec<Sending>>;
}

/// A message that a faulty process is about to send.
#[derive(Debug)]
pub struct Sent<'a> {
    /// The process.
    pub process: Name,
    /// How many processes there are.
    pub processes: u32,
    /// When, by its clock.
    pub now: Time,
    /// The message's kind.
    pub kind: Kind,
    /// The view that it is about.
    pub view: Option<u64>,
    /// The slot that it is about.
    pub slot: Option<u64>,
    /// Which of the process's messages of this kind, view and slot it is, from 1 on.
    pub number: u64,
    /// The digest of its batch or state.
    pub digest: Option<Digest>,
    /// The batch that it proposes.
    batch: Option<&'a Batch>,
    /// To whom it goes; the process itself is among them if its own replica hears the message too.
    pub to: Vec<Name>,
}

impl Sent<'_> {
    /// What the requests ask for that it proposes, and whose they are.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let requests = self.batch.map_or(&[][..], Batch::requests);
        requests
            .iter()
            .map(|one| words::request(one.value()))
            .collect()
    }
}

/// One who writes scripts for one process or more.
pub type SharedAuthor = Arc<Mutex<dyn Author>>;

/// The script of one process while it is played. All lives of the process share it.
#[derive(Clone, Debug)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

#[derive(Debug)]
struct Pages {
    /// The lies, by the messages that they replace.
    lies: BTreeMap<Which, Vec<Sending>>,
    /// The order in which they were told.
    order: Vec<Lie>,
    /// How many messages of a kind, view and slot have been sent.
    sent: BTreeMap<(&'static str, About), u64>,
    /// Whom it asks about messages of which the script says nothing.
    author: Option<SharedAuthor>,
}

/// A view and a slot.
type About = (Option<u64>, Option<u64>);

/// A message: its kind, its view and slot, and its number among those that are alike in these.
type Which = (&'static str, About, u64);

impl Book {
    pub(crate) fn new(script: &Script) -> Self {
        let lies = script.lies.iter().map(|lie| {
            let which = (lie.message.name(), (lie.view, lie.slot), lie.number);
            (which, lie.sends.clone())
        });
        Self(Arc::new(Mutex::new(Pages {
            lies: lies.collect(),
            order: script.lies.clone(),
            sent: BTreeMap::new(),
            author: None,
        })))
    }

    /// From now on this one is asked about what the script says nothing of.
    pub(crate) fn ask(&self, author: SharedAuthor) {
        self.pages(|pages| pages.author = Some(author));
    }

    /// The lies so far.
    pub(crate) fn lies(&self) -> Vec<Lie> {
        self.pages(|pages| pages.order.clone())
    }

    fn pages<T>(&self, read: impl FnOnce(&mut Pages) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A faulty process that lies by its book.
#[derive(Clone, Debug)]
pub(crate) struct Scripted {
    process: Name,
    n: u32,
    now: Time,
    book: Book,
}

impl Scripted {
    pub(crate) const fn new(process: Name, n: u32, book: Book) -> Self {
        Self {
            process,
            n,
            now: Time(0),
            book,
        }
    }

    /// What is sent in the place of this message; `None`: the message as it is.
    fn lie(&self, to: Vec<Name>, message: &Message) -> Option<Vec<Sending>> {
        let kind = kind(message);
        let scope = Scope::from(message);
        let about = (scope.view.map(|one| one.0), scope.slot.map(|one| one.0));
        self.book.pages(|pages| {
            let count = pages.sent.entry((kind.name(), about)).or_default();
            *count += 1;
            let number = *count;
            let which = (kind.name(), about, number);
            if let Some(sends) = pages.lies.get(&which) {
                return Some(sends.clone());
            }
            let (view, slot) = about;
            let sent = Sent {
                process: self.process,
                processes: self.n,
                now: self.now,
                kind,
                view,
                slot,
                number,
                digest: digest(message),
                batch: match message {
                    Message::PrePrepare(_, batch) => Some(batch),
                    _ => None,
                },
                to,
            };
            let mut author = pages
                .author
                .as_ref()?
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let sends = author.on_send(&sent)?;
            drop(author);
            pages.order.push(Lie {
                message: kind,
                view,
                slot,
                number,
                sends: sends.clone(),
            });
            pages.lies.insert(which, sends.clone());
            Some(sends)
        })
    }
}

impl Behaviour for Scripted {
    fn tick(&mut self, moment: Moment) {
        self.now = moment.now;
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let (to, message) = match &effect {
            Effect::Broadcast(message) => ((0..self.n).map(Name::of).collect(), message),
            Effect::Send { to, message } => (vec![Name(*to)], message),
            _ => return vec![effect.into()],
        };
        let Some(sends) = self.lie(to, message) else {
            return vec![effect.into()];
        };
        let told = sends.iter().flat_map(|sending| {
            let changed = changed(message, sending);
            sending.to.iter().map(move |to| Altered {
                effect: Effect::Send {
                    to: to.0,
                    message: changed.clone(),
                },
                late: Duration(sending.late_us),
            })
        });
        told.collect()
    }
}

/// The message with what a liar changes in it.
fn changed(message: &Message, sending: &Sending) -> Message {
    let view = |known: View| sending.view.map_or(known, View);
    let slot = |known: Sequence| sending.slot.map_or(known, Sequence);
    let digest = |known: Digest| sending.digest.map_or(known, |claim| claim.0);
    let mut message = message.clone();
    match &mut message {
        Message::PrePrepare(one, batch) => {
            if let Some(places) = &sending.requests {
                let requests = batch.requests();
                let kept = places.iter().filter_map(|place| requests.get(*place));
                *batch = Batch::new(kept.cloned().collect());
                one.digest = batch.digest();
            }
            one.view = view(one.view);
            one.sequence = slot(one.sequence);
            one.digest = digest(one.digest);
        }
        Message::Prepare(one) => {
            one.view = view(one.view);
            one.sequence = slot(one.sequence);
            one.digest = digest(one.digest);
        }
        Message::Commit(one) => {
            one.view = view(one.view);
            one.sequence = slot(one.sequence);
            one.digest = digest(one.digest);
        }
        Message::Checkpoint(one) => {
            one.sequence = slot(one.sequence);
            one.digest = digest(one.digest);
        }
        Message::ViewChange(one) => one.view = view(one.view),
        Message::Standing(one) => one.view = view(one.view),
        _ => {}
    }
    message
}

const fn digest(message: &Message) -> Option<Digest> {
    match message {
        Message::PrePrepare(one, _) => Some(one.digest),
        Message::Prepare(one) => Some(one.digest),
        Message::Commit(one) => Some(one.digest),
        Message::Checkpoint(one) => Some(one.digest),
        _ => None,
    }
}

/// The kind of a message that is not signed yet.
fn kind(message: &Message) -> Kind {
    let name = match message {
        Message::Request(_) | Message::Ask(_) => "request",
        Message::PrePrepare(..) => "pre-prepare",
        Message::Prepare(_) => "prepare",
        Message::Commit(_) => "commit",
        Message::Checkpoint(_) => "checkpoint",
        Message::ViewChange(_) => "view-change",
        Message::NewView(_) => "new-view",
        Message::Fetch(_) => "fetch",
        Message::Body(_) => "body",
        Message::Standing(_) => "standing",
        Message::FetchState(_) => "fetch-state",
        Message::State(_) => "state",
        Message::Committed(_) => "committed",
        Message::Stable(_) => "stable",
        Message::Replies(_) => "reply",
        Message::Query(_) => "query",
        Message::Answer(_) => "answer",
        Message::Proof(_) => "proof",
    };
    Kind::named(name).unwrap_or(Kind::REQUEST)
}
