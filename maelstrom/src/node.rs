//! The node. Lines go in and out; the caller gives the time.

use quorate_host::{self as host, Ask, Event, Outcome, Refusal};
use quorate_protocol::{Sequence, Time};
use serde_json::{Map, Value};

use crate::body::{self, Answer, Error, Rest};
use crate::line::{Incoming, read, write};
use crate::member::{Caller, Member, node_names};
use crate::request::{self, Kind, field, number, string};
use crate::settings::Settings;

/// The lines that the node writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Lines for standard output.
    pub lines: Vec<String>,
    /// Lines for standard error.
    pub complaints: Vec<String>,
}

/// A node.
#[derive(Debug)]
pub struct Node {
    settings: Settings,
    /// The node's name. Before `init`, the name by which others call it.
    name: String,
    member: Option<Member>,
    next_msg_id: u64,
    output: Output,
}

impl Node {
    /// A node before `init`.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            name: String::new(),
            member: None,
            next_msg_id: 0,
            output: Output::default(),
        }
    }

    /// When to call the node even if no line arrives.
    #[must_use]
    pub fn next_due(&self) -> Option<Time> {
        self.member.as_ref()?.next_due()
    }

    /// Handles a line.
    pub fn on_line(&mut self, now: Time, line: &str) -> Output {
        let line = line.trim();
        if !line.is_empty() {
            match read(line) {
                Ok(message) => self.on_message(now, &message),
                Err(error) => {
                    let start: String = line.chars().take(80).collect();
                    self.complain(format!("no message: {error}: {start}"));
                }
            }
        }
        self.on_time(now)
    }

    /// Handles the passing of time. Also called after each line.
    pub fn on_time(&mut self, now: Time) -> Output {
        if let Some(member) = &mut self.member {
            self.output.lines.extend(member.ask_for_keys(now));
            self.settle(now);
        }
        std::mem::take(&mut self.output)
    }

    fn complain(&mut self, complaint: String) {
        self.output.complaints.push(complaint);
    }

    fn on_message(&mut self, now: Time, message: &Incoming) {
        let Incoming { src, dest, body } = message;
        if self.member.is_none() {
            self.name.clone_from(dest);
        } else if *dest != self.name {
            return self.complain(format!("a message for {dest} came to {}", self.name));
        }
        if let Some(member) = &mut self.member
            && let Some(from) = member.index_of(src)
        {
            return match member.on_peer(from, body) {
                Ok(lines) => self.output.lines.extend(lines),
                Err(error) => self.complain(format!("{src}: {}", error.text)),
            };
        }
        // The node does not answer answers. Otherwise two programs that refuse each other's answers would never stop.
        if body.get("in_reply_to").is_some_and(|id| !id.is_null()) {
            return self.complain(format!("{src}: an answer, and this node asks nothing"));
        }
        let done = self.on_client(now, src, body);
        match (done, body.get("msg_id").and_then(Value::as_u64)) {
            (Ok(Some((kind, rest))), Some(msg_id)) => self.answer(src, msg_id, kind, rest),
            (Ok(None), _) => {}
            (Err(error), Some(msg_id)) => self.refuse(src, msg_id, error),
            (Err(_), None) if self.member.is_none() => {
                // Other nodes may be initialised earlier. They send again what this node misses.
                self.complain(format!("{src}: not taken, for init has not come yet"));
            }
            (Err(error), None) => self.complain(format!("{src}: {}", error.text)),
            (Ok(Some((kind, _))), None) => {
                self.complain(format!("{src}: no msg_id, so there is no {kind}"));
            }
        }
    }

    /// Handles a client's request. Returns the answer, if there is one at once.
    fn on_client(
        &mut self,
        now: Time,
        src: &str,
        body: &Map<String, Value>,
    ) -> Result<Option<(&'static str, Rest)>, Error> {
        let kind = match string(body, "type")? {
            "init" => {
                self.init(now, src, body)?;
                return Ok(None);
            }
            "echo" => {
                let echo = field(body, "echo")?.clone();
                return Ok(Some(("echo_ok", Rest::Echo { echo })));
            }
            "pbft_status" => {
                let sequence = Sequence(number(body, "sequence_number")?);
                if sequence == Sequence(0) {
                    let text = "sequence_number: slots are numbered from 1";
                    return Err(Error::new(Error::MALFORMED_REQUEST, text.to_owned()));
                }
                let member = self.member.as_ref().ok_or_else(not_initialised)?;
                let rest = member.slot(sequence);
                return Ok(Some(("pbft_status_ok", rest)));
            }
            "pbft_request" => Kind::Place,
            "read" => Kind::Read,
            "write" => Kind::Write,
            "cas" => Kind::Cas,
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(Error::new(
                    Error::NOT_SUPPORTED,
                    format!(
                        "the type '{other}' is not known: send init, echo, pbft_request, pbft_status, read, write or cas"
                    ),
                ));
            }
        };
        let caller = Caller {
            src: src.to_owned(),
            msg_id: number(body, "msg_id")?,
            kind,
            until: now + self.settings.timeout,
            answered: false,
        };
        let operation = request::operation(kind, body)?;
        let ask = if kind == Kind::Read {
            Ask::Read(operation)
        } else {
            let name = None;
            Ask::Submit { operation, name }
        };
        let member = self.member.as_mut().ok_or_else(not_initialised)?;
        member.process.ask(now, ask, caller);
        Ok(None)
    }

    fn init(&mut self, now: Time, src: &str, body: &Map<String, Value>) -> Result<(), Error> {
        let msg_id = number(body, "msg_id")?;
        let own_name = string(body, "node_id")?;
        let names = node_names(body)?;
        let own = names.iter().position(|name| name == own_name);
        let own = own.ok_or_else(|| {
            Error::malformed(format!("node_id: '{own_name}' is not among node_ids"))
        })?;
        match &self.member {
            Some(member) if member.is(own, &names) => {}
            Some(member) => return Err(Error::malformed(member.describe())),
            None => self.member = Some(Member::new(now, own, names, &self.settings)),
        }
        own_name.clone_into(&mut self.name);
        self.answer(src, msg_id, "init_ok", Rest::Nothing {});
        Ok(())
    }

    /// Runs the replica, and answers the clients whose results have come. The node keeps no records.
    fn settle(&mut self, now: Time) {
        let Some(member) = &mut self.member else {
            return;
        };
        let released = member.process.turn(now).release();
        for event in released.events {
            self.on_event(event);
        }
        for (caller, answer) in released.answers {
            self.on_answer(&caller, answer);
        }
        self.tell_places();
        self.end_waiting(now);
    }

    fn on_event(&mut self, event: Event) {
        let Some(member) = &mut self.member else {
            return;
        };
        let complaint = match event {
            Event::Sent(outgoing) => return self.output.lines.extend(member.lines_of(&outgoing)),
            Event::Executed { sequence, .. } => return member.keep_votes(sequence),
            Event::Asked(_) | Event::Done(_) => return,
            Event::View(view, true) => format!("starts view {}", view.0),
            Event::View(view, false) => format!("wants view {}", view.0),
            Event::Installed(slot) => format!("takes over the state of slot {}", slot.0),
            Event::Unreadable(slot) => format!("cannot read the state of slot {}", slot.0),
            Event::Diverged(slot) => {
                format!("the state at slot {} differs from a quorum's", slot.0)
            }
            Event::Refused(misbehaviour) | Event::RefusedBatch { misbehaviour, .. } => {
                format!("refuses: {misbehaviour}")
            }
            Event::Unsigned(misbehaviour) => format!("cannot sign a message: {misbehaviour}"),
            Event::Accused(evidence) => {
                format!("{} is proved faulty", member.name_of(evidence.accused()))
            }
        };
        self.complain(complaint);
    }

    fn on_answer(&mut self, caller: &Caller, answer: host::Answer) {
        match answer {
            host::Answer::Outcome(outcome) => self.on_returned(caller, &outcome),
            host::Answer::Refused(refusal) => {
                let error = Error::new(code(&refusal), refusal.to_string());
                self.refuse(&caller.src, caller.msg_id, error);
            }
            // This node only submits and reads.
            other => self.complain(format!(
                "{}: an answer to no question: {other:?}",
                caller.src
            )),
        }
    }

    fn on_returned(&mut self, caller: &Caller, outcome: &Outcome) {
        if caller.kind != Kind::Place {
            return match request::outcome(caller.kind, &outcome.answer) {
                Ok(rest) => {
                    self.answer(&caller.src, caller.msg_id, caller.kind.answer_type(), rest);
                }
                Err(error) => self.refuse(&caller.src, caller.msg_id, error),
            };
        }
        if let (false, Some((sequence, view))) = (caller.answered, outcome.ordered) {
            let rest = Rest::Placed {
                sequence_number: sequence.0,
                view: view.0,
                phase: "committed",
            };
            self.answer(&caller.src, caller.msg_id, "pbft_request_ok", rest);
        }
    }

    /// Answers the requests whose slot is known now.
    fn tell_places(&mut self) {
        let Some(member) = &mut self.member else {
            return;
        };
        let mut placed = Vec::new();
        let waits = |caller: &Caller| caller.kind == Kind::Place && !caller.answered;
        for (caller, sequence) in member.process.placed(waits) {
            caller.answered = true;
            placed.push((caller.src.clone(), caller.msg_id, sequence));
        }
        for (src, msg_id, sequence) in placed {
            let Some(member) = &self.member else {
                return;
            };
            let replica = member.process.replica();
            let rest = Rest::Placed {
                sequence_number: sequence.0,
                view: replica.status().view.0,
                phase: body::phase(replica.slot(sequence)),
            };
            self.answer(&src, msg_id, "pbft_request_ok", rest);
        }
    }

    /// Answers the clients that have waited too long.
    fn end_waiting(&mut self, now: Time) {
        let Some(member) = &mut self.member else {
            return;
        };
        for caller in member.process.give_up(|caller| caller.until <= now) {
            if !caller.answered {
                let seconds = self.settings.timeout.0 / 1_000_000;
                let error = Error::new(
                    Error::TIMEOUT,
                    format!(
                        "no quorum of nodes has answered within {seconds} s; the operation may execute yet"
                    ),
                );
                self.refuse(&caller.src, caller.msg_id, error);
            }
        }
    }

    fn refuse(&mut self, src: &str, msg_id: u64, error: Error) {
        let Error { code, text } = error;
        self.answer(src, msg_id, "error", Rest::Error { code, text });
    }

    fn answer(&mut self, to: &str, in_reply_to: u64, r#type: &'static str, rest: Rest) {
        let answer = Answer {
            r#type,
            in_reply_to,
            msg_id: self.next_msg_id,
            rest,
        };
        self.output.lines.push(write(&self.name, to, &answer));
        self.next_msg_id += 1;
    }
}

fn not_initialised() -> Error {
    Error::new(
        Error::TEMPORARILY_UNAVAILABLE,
        "this node does not know its cluster yet: send init first",
    )
}

/// Maelstrom's code for a refusal.
const fn code(refusal: &Refusal) -> u16 {
    match refusal {
        Refusal::Full => Error::TEMPORARILY_UNAVAILABLE,
        _ => Error::MALFORMED_REQUEST,
    }
}
