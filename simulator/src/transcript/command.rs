//! The commands, and how each is written.

use quorate_protocol::{Duration, ReplicaId, Timer};

use super::cursor::Cursor;
use super::filter::Filter;
use super::forge::{Forged, Made};
use super::network::{Fate, Rule};
use super::order::Order;

/// What a cluster is like.
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

/// One command.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// `cluster N [checkpoint K] [window L] [batch B]`: a new story begins.
    Cluster(Setting),
    /// `submit REQUESTS`: they are under way.
    Submit(Vec<Order>),
    /// `order REQUESTS [every TIME]`: one after the other, each once the network is silent, or so much later.
    Order(Vec<Order>, Option<Duration>),
    /// `ask PROCESS WORD`: a read-only question to all.
    Ask(ReplicaId, String),
    /// `run`: everything under way arrives; no time passes.
    Run,
    /// `wait TIME`.
    Wait(Duration),
    /// `fire PROCESS view|status`: its timer runs out, and nobody else's.
    Fire(ReplicaId, Timer),
    /// `drop|hold MESSAGES` or `delay TIME MESSAGES`, until `release`.
    Rule(Rule),
    /// `release`: the rules end, and what was held is under way.
    Release,
    /// `isolate PROCESS`.
    Isolate(ReplicaId),
    /// `cut PROCESS PROCESS`.
    Cut(ReplicaId, ReplicaId),
    /// `heal`: nobody is cut from anybody.
    Heal,
    /// `crash PROCESS`.
    Crash(ReplicaId),
    /// `kill PROCESS at MESSAGES`: messages arrive up to the first such for it. It does what follows and writes it, but
    /// ends before it sends.
    Kill(ReplicaId, Filter),
    /// `restart PROCESS [without disk]`.
    Restart(ReplicaId, bool),
    /// `let NAME = ...`: gives a certificate, checkpoints or a VIEW-CHANGE a name.
    Let(String, Made),
    /// `forge [foreign] MESSAGE to PROCESSES`: a message that its signer's replica never sent, past the network; a foreign
    /// one is signed under the id of another cluster.
    Forge(Forged, bool, Vec<ReplicaId>),
    /// `tamper PROCESS`: its service forgets everything behind its replica's back.
    Tamper(ReplicaId),
    /// `blame slot N PROCESS PROCESS`: whom the proofs of the two name for what they executed there.
    Blame(u64, ReplicaId, ReplicaId),
    /// `show messages` or `hide messages`.
    ShowMessages(bool),
    /// `show`: where everyone stands.
    Show,
}

impl Command {
    /// Reads a command.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut cursor = Cursor::new(text);
        let command = Self::take(&mut cursor)?;
        cursor.end()?;
        Ok(command)
    }

    fn take(cursor: &mut Cursor) -> Result<Self, String> {
        let name = cursor.word("a command")?;
        Ok(match name.as_str() {
            "cluster" => Self::Cluster(setting(cursor)?),
            "submit" => Self::Submit(orders(cursor)?),
            "order" => {
                let orders = orders(cursor)?;
                let every = cursor.takes("every").then(|| cursor.span()).transpose()?;
                Self::Order(orders, every)
            }
            "ask" => Self::Ask(cursor.process()?, cursor.word("a question")?),
            "run" => Self::Run,
            "wait" => Self::Wait(cursor.span()?),
            "fire" => {
                let process = cursor.process()?;
                let timer = cursor.word("'view' or 'status'")?;
                let timer = match timer.as_str() {
                    "view" => Timer::View,
                    "status" => Timer::Status,
                    _ => return Err(format!("there is no timer '{timer}'")),
                };
                Self::Fire(process, timer)
            }
            "drop" => Self::Rule(Rule::new(Fate::Drop, Filter::read(cursor)?)),
            "hold" => Self::Rule(Rule::new(Fate::Hold, Filter::read(cursor)?)),
            "delay" => {
                let span = cursor.span()?;
                Self::Rule(Rule::new(Fate::Delay(span), Filter::read(cursor)?))
            }
            "release" => Self::Release,
            "isolate" => Self::Isolate(cursor.process()?),
            "cut" => Self::Cut(cursor.process()?, cursor.process()?),
            "heal" => Self::Heal,
            "crash" => Self::Crash(cursor.process()?),
            "kill" => {
                let process = cursor.process()?;
                cursor.expect("at")?;
                Self::Kill(process, Filter::read(cursor)?)
            }
            "restart" => {
                let process = cursor.process()?;
                let without = cursor.takes("without");
                if without {
                    cursor.expect("disk")?;
                }
                Self::Restart(process, !without)
            }
            "let" => {
                let name = cursor.word("a name")?;
                cursor.expect("=")?;
                Self::Let(name, Made::read(cursor)?)
            }
            "forge" => {
                let foreign = cursor.takes("foreign");
                let forged = Forged::read(cursor)?;
                cursor.expect("to")?;
                Self::Forge(forged, foreign, cursor.processes()?)
            }
            "tamper" => Self::Tamper(cursor.process()?),
            "blame" => {
                cursor.expect("slot")?;
                let slot = cursor.number("a slot")?;
                Self::Blame(slot, cursor.process()?, cursor.process()?)
            }
            "hide" => {
                cursor.expect("messages")?;
                Self::ShowMessages(false)
            }
            "show" if cursor.takes("messages") => Self::ShowMessages(true),
            "show" => Self::Show,
            other => return Err(format!("there is no command '{other}'")),
        })
    }
}

fn setting(cursor: &mut Cursor) -> Result<Setting, String> {
    let mut setting = Setting {
        n: cursor.number("how many processes")?,
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
            setting.batch = cursor.number("a batch's size")?;
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
