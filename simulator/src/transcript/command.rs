//! The commands, and how each is written.

use quorate_protocol::{Duration, ReplicaId, Timer};

use super::cursor::Cursor;
use super::filter::Filter;
use super::forge::{Forged, Made};
use super::network::{Fate, Rule};
use super::order::Order;

/// The settings of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// n.
    pub(super) n: u64,
    /// K.
    pub(super) checkpoint: u64,
    /// L.
    pub(super) window: u64,
    /// How many requests a batch holds at most.
    pub(super) batch: u64,
}

/// One command. [`COMMANDS`] says how each is written and what it does.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Cluster(Setting),
    Submit(Vec<Order>),
    Order(Vec<Order>, Option<Duration>),
    Ask(ReplicaId, String),
    Run,
    Wait(Duration),
    Fire(ReplicaId, Timer),
    Rule(Rule),
    Release,
    Isolate(ReplicaId),
    Cut(ReplicaId, ReplicaId),
    Heal,
    Crash(ReplicaId),
    Kill(ReplicaId, Filter),
    /// With its disk or without.
    Restart(ReplicaId, bool),
    Let(String, Made),
    /// Whether it is signed under the id of another cluster.
    Forge(Forged, bool, Vec<ReplicaId>),
    Tamper(ReplicaId),
    Blame(u64, ReplicaId, ReplicaId),
    ShowMessages(bool),
    Show,
}

/// How a command is written and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The command's own word and its arguments. [`WORDS`] explains the words in capitals.
    pub form: &'static str,
    /// What it does.
    pub does: &'static str,
    /// An example that can be played in a cluster of four.
    pub example: &'static str,
    /// Reads the arguments.
    read: fn(&mut Cursor) -> Result<Command, String>,
}

/// All commands.
pub const COMMANDS: [Entry; 23] = [
    Entry {
        form: "cluster N [checkpoint K] [window L] [batch B]",
        does: "starts N processes, with a checkpoint every K slots (4), L slots in the window (8) and at most B requests in a batch (256)",
        example: "cluster 4 checkpoint 2 window 4",
        read: |cursor| Ok(Command::Cluster(setting(cursor)?)),
    },
    Entry {
        form: "submit REQUESTS",
        does: "hands requests to their processes; no message arrives yet",
        example: "submit P/1 Q/1",
        read: |cursor| Ok(Command::Submit(orders(cursor)?)),
    },
    Entry {
        form: "order REQUESTS [every TIME]",
        does: "hands over requests one after the other, each once all messages have arrived, or each TIME after the one before",
        example: "order P/1..3 every 10ms",
        read: |cursor| {
            let orders = orders(cursor)?;
            let every = cursor.takes("every").then(|| cursor.span()).transpose()?;
            Ok(Command::Order(orders, every))
        },
    },
    Entry {
        form: "ask PROCESS WORD",
        does: "asks all processes a read-only question, on behalf of a client of PROCESS",
        example: "ask Q how-many",
        read: |cursor| Ok(Command::Ask(cursor.process()?, cursor.word("a question")?)),
    },
    Entry {
        form: "run",
        does: "lets all messages arrive; no time passes",
        example: "run",
        read: |_| Ok(Command::Run),
    },
    Entry {
        form: "wait TIME",
        does: "lets time pass: messages arrive and timers run out; each line begins with its time",
        example: "wait 250ms",
        read: |cursor| Ok(Command::Wait(cursor.span()?)),
    },
    Entry {
        form: "fire PROCESS view|status",
        does: "lets one timer of one process run out",
        example: "fire Q status",
        read: fire,
    },
    Entry {
        form: "drop MESSAGES",
        does: "loses such messages, until release",
        example: "drop prepare,commit from P to Q,R",
        read: |cursor| rule(cursor, Fate::Drop),
    },
    Entry {
        form: "hold MESSAGES",
        does: "keeps such messages back, until release",
        example: "hold anything except standing to R",
        read: |cursor| rule(cursor, Fate::Hold),
    },
    Entry {
        form: "delay TIME MESSAGES",
        does: "lets such messages take so long, until release",
        example: "delay 100ms commit slot 1",
        read: |cursor| {
            let span = cursor.span()?;
            rule(cursor, Fate::Delay(span))
        },
    },
    Entry {
        form: "release",
        does: "ends drop, hold and delay; what was held is under way",
        example: "release",
        read: |_| Ok(Command::Release),
    },
    Entry {
        form: "isolate PROCESS",
        does: "cuts a process off from all others, until heal",
        example: "isolate P",
        read: |cursor| Ok(Command::Isolate(cursor.process()?)),
    },
    Entry {
        form: "cut PROCESS PROCESS",
        does: "cuts two processes off from each other, until heal",
        example: "cut P Q",
        read: |cursor| Ok(Command::Cut(cursor.process()?, cursor.process()?)),
    },
    Entry {
        form: "heal",
        does: "ends isolate and cut",
        example: "heal",
        read: |_| Ok(Command::Heal),
    },
    Entry {
        form: "crash PROCESS",
        does: "ends a process",
        example: "crash P",
        read: |cursor| Ok(Command::Crash(cursor.process()?)),
    },
    Entry {
        form: "kill PROCESS at MESSAGES",
        does: "lets messages arrive up to the first such one for PROCESS, which writes what follows to its disk and ends before it sends",
        example: "kill Q at pre-prepare",
        read: |cursor| {
            let process = cursor.process()?;
            cursor.expect("at")?;
            Ok(Command::Kill(process, Filter::read(cursor)?))
        },
    },
    Entry {
        form: "restart PROCESS [without disk]",
        does: "starts a process again, with what is on its disk or with nothing",
        example: "restart P without disk",
        read: restart,
    },
    Entry {
        form: "let NAME = MADE",
        does: "gives a certificate, checkpoints or a view-change a name, for forge",
        example: "let proof = certificate view 0 slot 1 [P/1] prepares Q,R",
        read: |cursor| {
            let name = cursor.word("a name")?;
            cursor.expect("=")?;
            Ok(Command::Let(name, Made::read(cursor)?))
        },
    },
    Entry {
        form: "forge [foreign] MESSAGE to PROCESSES",
        does: "delivers a message that its signer's engine never sent; a foreign one is signed for another cluster",
        example: "forge pre-prepare view 0 slot 1 [P/1] by P to Q",
        read: |cursor| {
            let foreign = cursor.takes("foreign");
            let forged = Forged::read(cursor)?;
            cursor.expect("to")?;
            Ok(Command::Forge(forged, foreign, cursor.processes()?))
        },
    },
    Entry {
        form: "tamper PROCESS",
        does: "empties the state of a process behind its engine's back",
        example: "tamper S",
        read: |cursor| Ok(Command::Tamper(cursor.process()?)),
    },
    Entry {
        form: "blame slot N PROCESS PROCESS",
        does: "says whom the proofs of two processes name for what the two executed in slot N",
        example: "blame slot 1 P Q",
        read: |cursor| {
            cursor.expect("slot")?;
            let slot = cursor.number("a slot")?;
            Ok(Command::Blame(slot, cursor.process()?, cursor.process()?))
        },
    },
    Entry {
        form: "show [messages]",
        does: "says where each process stands; with 'messages', writes each message that is sent from now on",
        example: "show",
        read: |cursor| {
            Ok(match cursor.takes("messages") {
                true => Command::ShowMessages(true),
                false => Command::Show,
            })
        },
    },
    Entry {
        form: "hide messages",
        does: "ends show messages",
        example: "hide messages",
        read: |cursor| {
            cursor.expect("messages")?;
            Ok(Command::ShowMessages(false))
        },
    },
];

/// The meaning of the words in capitals.
pub const WORDS: [(&str, &str); 8] = [
    (
        "PROCESS",
        "P, Q, R and so on; PROCESSES: several, as in P,Q",
    ),
    ("TIME", "as in 250ms or 10s, up to an hour"),
    (
        "REQUESTS",
        "P/1 is the first request of P, P/1..8 the first eight, c/1@Q the first of an outside client c that asks Q",
    ),
    (
        "BATCH",
        "requests in brackets, as in [P/1 c/1@Q], or [] for none",
    ),
    (
        "MESSAGES",
        "kinds as in prepare,commit, then: except KINDS, from PROCESSES, to PROCESSES, slot N, below view N. 'anything' is every kind, 'normal' pre-prepare, prepare and commit, 'votes' prepare and commit",
    ),
    (
        "MESSAGE",
        "request c/1@Q, [bare] pre-prepare, prepare or commit view V slot N BATCH by P, checkpoint slot N state WORD by P, view-change NAME or as MADE, new-view view V by Q from NAMES [choosing slot N BATCH ...], state slot N manifest M by P, state slot N part WORD by P",
    ),
    (
        "MADE",
        "certificate view V slot N BATCH [proposer P] prepares Q,R [BATCH], checkpoints slot N state WORD by P,Q, or view-change view V by P [stable N NAME] [carrying NAMES]",
    ),
    ("NAME", "a name that let has given"),
];

impl Entry {
    /// The command's own word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.form.split(' ').next().unwrap_or(self.form)
    }
}

impl Command {
    /// Reads a command.
    ///
    /// # Errors
    /// The text is not a command.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text);
        let name = cursor.word("a command")?;
        let entry = COMMANDS.iter().find(|entry| entry.name() == name);
        let entry = entry.ok_or_else(|| {
            format!("there is no command '{name}': simulate transcript --help lists them")
        })?;
        let command = (entry.read)(&mut cursor)?;
        cursor.end()?;
        Ok(command)
    }
}

fn fire(cursor: &mut Cursor) -> Result<Command, String> {
    let process = cursor.process()?;
    let timer = cursor.word("'view' or 'status'")?;
    let timer = match timer.as_str() {
        "view" => Timer::View,
        "status" => Timer::Status,
        _ => return Err(format!("there is no timer '{timer}': write view or status")),
    };
    Ok(Command::Fire(process, timer))
}

fn restart(cursor: &mut Cursor) -> Result<Command, String> {
    let process = cursor.process()?;
    let without = cursor.takes("without");
    if without {
        cursor.expect("disk")?;
    }
    Ok(Command::Restart(process, !without))
}

fn rule(cursor: &mut Cursor, fate: Fate) -> Result<Command, String> {
    Ok(Command::Rule(Rule::new(fate, Filter::read(cursor)?)))
}

fn setting(cursor: &mut Cursor) -> Result<Setting, String> {
    let mut setting = Setting {
        n: cursor.number("the number of processes")?,
        checkpoint: 4,
        window: 8,
        batch: 256,
    };
    loop {
        if cursor.takes("checkpoint") {
            setting.checkpoint = cursor.number("K")?;
        } else if cursor.takes("window") {
            setting.window = cursor.number("L")?;
        } else if cursor.takes("batch") {
            setting.batch = cursor.number("the size of a batch")?;
        } else {
            return Ok(setting);
        }
    }
}

fn orders(cursor: &mut Cursor) -> Result<Vec<Order>, String> {
    let mut orders = Order::read(&cursor.word("a request")?)?;
    while !cursor.is_empty() && !cursor.sees("every") {
        orders.extend(Order::read(&cursor.word("a request")?)?);
    }
    Ok(orders)
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Command};

    #[test]
    fn each_command_of_the_table_has_an_example_that_is_read() {
        for entry in COMMANDS {
            let command = Command::read(entry.example);
            assert!(command.is_ok(), "{}: {command:?}", entry.example);
            assert!(entry.example.starts_with(entry.name()));
        }
    }
}
