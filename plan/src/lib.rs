//! Everything about a run, as data: it can be drawn from a seed, read from a file, and played, by the simulator and by live processes.
//!
//! * [`Plan`]: the data. `check`: its text, and whether it can be played. `engine`, `gathering`, [`Costs`], [`Script`]: parts of it.
//! * `generate`: how a seed gives a plan; `adversary`, `links`, `span`: what it draws.

mod adversary;
mod check;
mod cost;
mod engine;
mod gathering;
mod generate;
mod links;
mod name;
mod script;
mod span;
mod trouble;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use check::PlanError;
pub use cost::{Costs, Work};
pub use engine::Engine;
pub use gathering::{BadGathering, Gathering, Member, question};
pub use generate::Choice;
pub use name::Name;
pub use quorate_protocol::message::Kind;
pub use script::{BadClaim, Claim, Lie, Script, Sending};
pub use trouble::Trouble;

/// A run. Its text form is TOML; all times are in milliseconds of virtual time from the start unless said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The seed of all chance in the run.
    #[serde(default)]
    pub seed: u64,
    /// How many processes there are.
    #[serde(default = "four")]
    pub processes: u32,
    /// Who misbehaves and how, in the words of `--faulty`, one process per text.
    #[serde(default)]
    pub faulty: Vec<String>,
    /// The processes that run twice under one key. The second copy talks to the processes of `apart`, the first copy to all
    /// others.
    #[serde(default)]
    pub twins: Vec<Name>,
    /// The processes that the second twins talk to.
    #[serde(default)]
    pub apart: Vec<Name>,
    /// Who misbehaves by a script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<Script>,
    /// When the network heals. From then on all correct processes must make progress.
    #[serde(default = "one_second")]
    pub heal_ms: u64,
    /// What happens to messages on their way until the healing, in the words of `--link`. The first rule that fits a message
    /// decides; then the message meets the network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<String>,
    /// How the engine is set.
    #[serde(default)]
    pub engine: Engine,
    /// For each process, when its user asks for an operation.
    #[serde(default)]
    pub requests: BTreeMap<Name, Vec<u64>>,
    /// What outside clients ask the key-value store to do.
    #[serde(default)]
    pub calls: Vec<Call>,
    /// The rounds of the exchange, from round 1 on.
    #[serde(default)]
    pub rounds: Vec<Round>,
    /// What chance does to messages until the healing. The first entry that fits a link is used.
    #[serde(default)]
    pub network: Vec<Link>,
    /// Who cannot reach whom.
    #[serde(default)]
    pub partitions: Vec<Partition>,
    /// Kinds of messages that do not get through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    /// Who stands still.
    #[serde(default)]
    pub stops: Vec<Stop>,
    /// Clocks that are wrong, to the end of the run.
    #[serde(default)]
    pub clocks: Vec<Skew>,
    /// Processes that end at a commit of their records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disks: Vec<DiskTrouble>,
    /// How the processes gather; they do not if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gathering: Option<Gathering>,
    /// What the work of a process costs; nothing if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<Costs>,
    /// Whether signatures are real ones. Otherwise a keyed hash stands for them, which is much cheaper.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub real_keys: bool,
}

impl Plan {
    /// A plan in which nothing goes wrong and nobody asks for anything: what an empty text says, for so many processes.
    #[must_use]
    pub fn calm(processes: u32) -> Self {
        Self {
            seed: 0,
            processes,
            faulty: Vec::new(),
            twins: Vec::new(),
            apart: Vec::new(),
            scripts: Vec::new(),
            heal_ms: one_second(),
            links: Vec::new(),
            engine: Engine::default(),
            requests: BTreeMap::new(),
            calls: Vec::new(),
            rounds: Vec::new(),
            network: Vec::new(),
            partitions: Vec::new(),
            withheld: Vec::new(),
            stops: Vec::new(),
            clocks: Vec::new(),
            disks: Vec::new(),
            gathering: None,
            costs: None,
            real_keys: false,
        }
    }
}

const fn four() -> u32 {
    4
}

const fn one_second() -> u64 {
    1000
}

/// A client outside asks a process for an operation on the key-value store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// When.
    pub at_ms: u64,
    /// Which process.
    pub process: Name,
    /// A command of the store, or `read KEY` for a get without ordering.
    pub operation: String,
    /// The name under which the client asks. Without a name and a key, the process lends it a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The key under which the client asks. Calls with one key are of one client. A client that repeats itself at other
    /// processes has a key of its own if this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The client's timestamp; the call's place in the plan if this is missing. A client that uses one twice for two
    /// operations gets an answer to one of them at most (rule 26).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// The processes at which it repeats itself. The operation is executed once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Name>,
    /// How long it waits before it hangs up; it waits for ever if this is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_ms: Option<u64>,
}

/// A round of the exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Round {
    /// When the processes are asked to vote and to finalize.
    pub at_ms: u64,
    /// How each process votes, in their order.
    pub decisions: Vec<String>,
}

/// What chance does to the messages of some links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The sender; any sender if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Name>,
    /// The receiver; any receiver if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Name>,
    /// How many of a thousand messages are lost.
    #[serde(default)]
    pub lost: u64,
    /// How many of a thousand come twice.
    #[serde(default)]
    pub doubled: u64,
    /// How many of a thousand take ten times as long as the longest otherwise, and so come after later ones.
    #[serde(default)]
    pub late: u64,
    /// The shortest time on the way, in microseconds.
    pub shortest_us: u64,
    /// The longest time on the way, in microseconds.
    pub longest_us: u64,
}

/// Some processes cut off from the others for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// When it begins.
    pub from_ms: u64,
    /// When it ends, at the latest when all is healed.
    pub to_ms: u64,
    /// Those cut off; they reach each other.
    pub side: Vec<Name>,
    /// Whether they hear the others, and only the others do not hear them.
    #[serde(default)]
    pub one_way: bool,
}

/// Messages of some kinds that do not get through for a while, while all others do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// When it begins.
    pub from_ms: u64,
    /// When it ends, at the latest when all is healed.
    pub to_ms: u64,
    /// Which kinds.
    pub kinds: Vec<Kind>,
    /// The senders; all if the list is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Name>,
    /// The receivers; all if the list is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Name>,
    /// Whether the messages set out at the end; otherwise they are lost.
    #[serde(default)]
    pub late: bool,
}

/// A process stands still for a while and hears nothing. Then it goes on with what it knew, or is started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// Which.
    pub process: Name,
    /// When it stops.
    pub from_ms: u64,
    /// When it goes on, at `heal_ms` at the latest.
    pub to_ms: u64,
    /// What it knows then.
    #[serde(default)]
    pub back: Back,
}

/// What a process has when it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Back {
    /// All that it had.
    #[default]
    AsBefore,
    /// What it had on disk (rule 22).
    FromDisk,
    /// Nothing (rule 23). It counts among the faulty ones until it may vote again.
    WithoutDisk,
    /// What it had on disk before its last commit, which the disk has lost. It is one of the faulty ones.
    LostCommit,
}

/// A process ends at a commit, and starts again with what is on its disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskTrouble {
    /// Which process.
    pub process: Name,
    /// From when on. The first commit after that ends it.
    pub at_ms: u64,
    /// Whether the records of that commit are on its disk.
    pub how: Trouble,
    /// How long after its end it starts again.
    pub back_ms: u64,
}

/// A process's clock that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skew {
    /// Whose.
    pub process: Name,
    /// How far it is ahead at the start.
    pub ahead_ms: u64,
    /// How many microseconds pass on it in a thousand true ones.
    pub rate: u64,
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn a_calm_plan_is_what_an_empty_text_says() {
        assert_eq!(Plan::calm(7), Plan::from_text("processes = 7").unwrap());
    }
}
