//! Whether a plan can be played, and its text.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use quorate_fault::link::{LinkError, Rules};
use quorate_fault::{Bound, FaultPlan, ParseError, Scene};
use quorate_protocol::Quorum;

use crate::engine::LARGEST_BATCH;
use crate::gathering::BadGathering;
use crate::{Back, Lie, Name, Plan, Script};

/// The most processes, and the latest time in milliseconds.
const MOST_PROCESSES: u32 = 100;
const LATEST_MS: u64 = 24 * 3600 * 1000;
/// The least that `batch_bytes` may be. A client's request fits; a request of many processes' ballots may need more.
const SMALLEST_BATCH: u64 = 2048;

/// Why a plan cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The text is no plan.
    #[error(transparent)]
    Text(#[from] toml::de::Error),
    /// The faults are not in the server's words.
    #[error(transparent)]
    Faulty(#[from] ParseError),
    /// A rule for links is not in the server's words.
    #[error(transparent)]
    Links(#[from] LinkError),
    /// The gathering is none.
    #[error("the gathering: {0}")]
    Gathering(BadGathering),
    /// A number is out of its range.
    #[error("{what} must be {expected}, and is {value}")]
    OutOfRange {
        /// Which.
        what: &'static str,
        /// What it is.
        value: u64,
        /// What it must be.
        expected: String,
    },
    /// A name is none of the processes.
    #[error("there is no process {name}: there are {processes}", name = .name.0)]
    NoSuchProcess {
        /// The name.
        name: Name,
        /// How many there are.
        processes: u32,
    },
    /// A process is a twin and has a behaviour, or is on a twins' side.
    #[error("process {name} is a twin: it can have no behaviour and not be apart", name = .0.0)]
    Twin(Name),
    /// A process has a script, and something else that makes it faulty.
    #[error("process {name} has a script: it can have no behaviour, no second script, and be no twin", name = .0.0)]
    Scripted(Name),
    /// A lie changes what its message does not have.
    #[error("the script of {process}: a {kind} cannot have another {change}; it can have another {may}", process = .process.0)]
    Change {
        /// Whose script.
        process: Name,
        /// The kind of the message.
        kind: &'static str,
        /// What was to be changed.
        change: &'static str,
        /// What can be changed.
        may: String,
    },
    /// A call has a name, and a key or processes at which it repeats itself.
    #[error(
        "call {0} has a name, which is known at one process only: it can have no key and not repeat itself elsewhere"
    )]
    NameAndKey(usize),
    /// A call has a timestamp, and neither a name nor a key.
    #[error("call {0} has a timestamp, and its client has neither a name nor a key: give it one")]
    NobodysTimestamp(usize),
    /// Two calls are one request: their client asks twice for one operation under one timestamp.
    #[error("calls {0} and {1} are one request, which is executed once: write it once, with also")]
    OneRequest(usize, usize),
    /// One of the above, at a line of the text, from 1.
    #[error("line {0}: {1}")]
    Line(usize, Box<PlanError>),
}

impl PlanError {
    /// The same with the line of the text that it is about, where that can be told.
    fn in_text(self, text: &str) -> Self {
        let (key, value) = match &self {
            Self::Text(_) | Self::Line(..) => return self,
            Self::Faulty(_) => ("faulty", String::new()),
            Self::Links(error) => ("", error.text.clone()),
            // Its key stands above all times.
            Self::OutOfRange { what, value, .. } if what.ends_with(" requests") => {
                ("", value.to_string())
            }
            // The key is the last word.
            Self::OutOfRange { what, value, .. } => {
                (what.rsplit(' ').next().unwrap_or(what), value.to_string())
            }
            Self::NoSuchProcess { name, .. } | Self::Twin(name) => ("", format!("\"{}\"", name.0)),
            // The message says which call.
            Self::Scripted(_)
            | Self::Change { .. }
            | Self::NameAndKey(_)
            | Self::NobodysTimestamp(_)
            | Self::OneRequest(..)
            | Self::Gathering(_) => return self,
        };
        let both = |line: &str| line.contains(key) && line.contains(&value);
        let line = text.lines().position(both);
        let line = line.or_else(|| text.lines().position(|line| line.contains(key)));
        match line.filter(|_| !key.is_empty() || text.contains(&value)) {
            Some(index) => Self::Line(index + 1, Box::new(self)),
            None => self,
        }
    }
}

impl Plan {
    /// Reads and checks a plan.
    ///
    /// # Errors
    /// The text is no plan, or none that can be played.
    pub fn from_text(text: &str) -> Result<Self, PlanError> {
        let plan: Self = toml::from_str(text)?;
        plan.check().map_err(|error| error.in_text(text))?;
        Ok(plan)
    }

    /// The plan as text.
    ///
    /// # Panics
    /// Never: a plan is plain data.
    #[must_use]
    #[expect(clippy::expect_used, reason = "plain data always has a text")]
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("plain data has a text")
    }

    /// The arithmetic of its n.
    #[must_use]
    pub fn quorum(&self) -> Quorum {
        Quorum::of(NonZeroU32::new(self.processes).unwrap_or(NonZeroU32::MIN))
    }

    /// Who misbehaves and how; twins are not in it.
    ///
    /// # Errors
    /// A name, a behaviour or an argument is unknown.
    pub fn fault_plan(&self) -> Result<FaultPlan, ParseError> {
        FaultPlan::parse(&self.faulty.join(","), self.processes, self.scene())
    }

    /// What happens to messages on their way, besides what the network does by chance.
    ///
    /// # Errors
    /// A text is no rule.
    pub fn link_rules(&self) -> Result<Rules, LinkError> {
        Rules::parse(&self.links, self.processes)
    }

    /// What the processes take part in.
    pub const fn scene(&self) -> Scene {
        if self.gathering.is_some() {
            Scene::Gathering
        } else {
            Scene::Order
        }
    }

    /// How many processes ask for as much as they may.
    pub fn floods(&self) -> usize {
        let is_flood = |words: &&String| words.contains("=flood");
        self.faulty.iter().filter(is_flood).count()
    }

    /// Who is Byzantine, crashes, or has a disk that loses a commit.
    ///
    /// # Errors
    /// As for [`Plan::fault_plan`].
    pub fn faulty_processes(&self) -> Result<Vec<Name>, ParseError> {
        let behaviours = self.fault_plan()?;
        let loses = |name: &Name| {
            let mut stops = self.stops.iter();
            stops.any(|stop| stop.process == *name && stop.back == Back::LostCommit)
        };
        let faulty = |name: &Name| {
            behaviours.behaviour_of(name.0.0).is_some()
                || self.twins.contains(name)
                || self.script_of(*name).is_some()
                || loses(name)
        };
        Ok((0..self.processes).map(Name::of).filter(faulty).collect())
    }

    /// The script of a process, if it has one.
    #[must_use]
    pub fn script_of(&self, process: Name) -> Option<&Script> {
        self.scripts.iter().find(|one| one.process == process)
    }

    /// How each faulty process misbehaves, in words: `script` for one that has a script. Twins are not in it.
    ///
    /// # Errors
    /// As for [`Plan::fault_plan`].
    pub fn faults(&self) -> Result<BTreeMap<Name, String>, ParseError> {
        let behaviours = self.fault_plan()?;
        let words = |name: Name| {
            let behaviour = behaviours.behaviour_of(name.0.0).map(str::to_owned);
            behaviour.or_else(|| self.script_of(name).map(|_| "script".to_owned()))
        };
        let names = (0..self.processes).map(Name::of);
        Ok(names
            .filter_map(|name| Some((name, words(name)?)))
            .collect())
    }

    /// Who is faulty, and who comes back without its memory: as many as can be borne at all.
    ///
    /// # Errors
    /// As for [`Plan::fault_plan`].
    pub fn not_to_rely_on(&self) -> Result<BTreeSet<Name>, ParseError> {
        let mut all: BTreeSet<Name> = self.faulty_processes()?.into_iter().collect();
        let forgetful = self
            .stops
            .iter()
            .filter(|stop| stop.back == Back::WithoutDisk);
        all.extend(forgetful.map(|stop| stop.process));
        Ok(all)
    }

    /// How many processes cannot be relied on, beside how many are survived.
    ///
    /// # Errors
    /// As for [`Plan::fault_plan`].
    pub fn bound(&self) -> Result<Bound, ParseError> {
        let faulty = u32::try_from(self.not_to_rely_on()?.len()).unwrap_or(u32::MAX);
        Ok(Bound::new(self.processes, faulty))
    }

    /// Checks that it can be played.
    ///
    /// # Errors
    /// What cannot be, and what it must be.
    pub fn check(&self) -> Result<(), PlanError> {
        let behaviours = self.fault_plan()?;
        in_range(
            "processes",
            u64::from(self.processes),
            1,
            u64::from(MOST_PROCESSES),
        )?;
        in_range("heal_ms", self.heal_ms, 0, LATEST_MS)?;
        let engine = &self.engine;
        in_range(
            "checkpoint_interval",
            engine.checkpoint_interval,
            1,
            1 << 20,
        )?;
        in_range("batch_limit", engine.batch_limit as u64, 1, 1 << 20)?;
        in_range(
            "batch_bytes",
            engine.batch_bytes as u64,
            SMALLEST_BATCH,
            LARGEST_BATCH as u64,
        )?;
        in_range(
            "waiting_requests",
            engine.waiting_requests as u64,
            2,
            1 << 20,
        )?;
        in_range("slots_in_flight", engine.slots_in_flight, 1, 1 << 20)?;
        in_range("view_timeout_ms", engine.view_timeout_ms, 1, LATEST_MS)?;
        in_range(
            "status_interval_ms",
            engine.status_interval_ms,
            1,
            LATEST_MS,
        )?;
        for at in self.requests.values().flatten() {
            in_range("each time in requests", *at, 0, LATEST_MS)?;
        }
        // The search for an order of the calls counts them in the bits of a number.
        in_range("the number of calls", self.calls.len() as u64, 0, 100)?;
        self.check_calls()?;
        for round in &self.rounds {
            in_range("at_ms", round.at_ms, 0, LATEST_MS)?;
            let voters = round.decisions.len() as u64;
            in_range(
                "the number of decisions",
                voters,
                u64::from(self.processes),
                u64::from(self.processes),
            )?;
        }
        self.link_rules()?;
        for link in &self.network {
            in_range("longest_us", link.longest_us, link.shortest_us, LATEST_MS)?;
        }
        for skew in &self.clocks {
            in_range("rate", skew.rate, 1, 1_000_000)?;
            in_range("ahead_ms", skew.ahead_ms, 0, LATEST_MS)?;
        }
        for trouble in &self.disks {
            in_range("at_ms", trouble.at_ms, 0, LATEST_MS)?;
            in_range("back_ms", trouble.back_ms, 0, LATEST_MS)?;
        }
        if let Some(gathering) = &self.gathering {
            in_range("patience_ms", gathering.patience_ms, 1, LATEST_MS)?;
            in_range("deliberation_ms", gathering.deliberation_ms, 1, LATEST_MS)?;
            gathering
                .check(self.processes)
                .map_err(PlanError::Gathering)?;
        }
        if let Some(costs) = &self.costs {
            in_range("check_us", costs.check_us, 0, 1_000_000)?;
            in_range("sign_us", costs.sign_us, 0, 1_000_000)?;
            in_range("kib_us", costs.kib_us, 0, 1_000_000)?;
        }
        if let Some(name) = self.named().find(|name| name.0.0 >= self.processes) {
            let processes = self.processes;
            return Err(PlanError::NoSuchProcess { name, processes });
        }
        self.check_scripts(&behaviours)?;
        let both =
            |twin: &&Name| behaviours.behaviour_of(twin.0.0).is_some() || self.apart.contains(twin);
        match self.twins.iter().find(both) {
            Some(twin) => Err(PlanError::Twin(*twin)),
            None => Ok(()),
        }
    }

    fn check_scripts(&self, behaviours: &FaultPlan) -> Result<(), PlanError> {
        let mut scripted = BTreeSet::new();
        for Script { process, lies } in &self.scripts {
            let is_more =
                behaviours.behaviour_of(process.0.0).is_some() || self.twins.contains(process);
            if is_more || !scripted.insert(*process) {
                return Err(PlanError::Scripted(*process));
            }
            for lie in lies {
                in_range("number", lie.number, 1, u64::MAX)?;
                lie.check(*process, self.processes)?;
                for sending in &lie.sends {
                    in_range("late_us", sending.late_us, 0, LATEST_MS * 1000)?;
                }
            }
        }
        Ok(())
    }

    fn check_calls(&self) -> Result<(), PlanError> {
        let mut requests = BTreeMap::new();
        for (number, call) in (1..).zip(&self.calls) {
            in_range("at_ms", call.at_ms, 0, LATEST_MS)?;
            in_range("waits_ms", call.waits_ms.unwrap_or(0), 0, LATEST_MS)?;
            let has_key = call.key.is_some() || !call.also.is_empty();
            if call.name.is_some() && has_key {
                return Err(PlanError::NameAndKey(number));
            }
            let Some(timestamp) = call.timestamp else {
                continue;
            };
            if call.name.is_none() && !has_key {
                return Err(PlanError::NobodysTimestamp(number));
            }
            let place = call.name.as_ref().map(|_| call.process);
            let client = (&call.name, place, &call.key);
            let request = (client, timestamp, &call.operation);
            // Without a name and a key, the call has a key of its own.
            let is_shared = call.name.is_some() || call.key.is_some();
            if let Some(before) = requests.insert(request, number).filter(|_| is_shared) {
                return Err(PlanError::OneRequest(before, number));
            }
        }
        Ok(())
    }

    fn named(&self) -> impl Iterator<Item = Name> + '_ {
        let twins = self.twins.iter().chain(&self.apart);
        let sides = self.partitions.iter().flat_map(|one| &one.side);
        let links = self
            .network
            .iter()
            .flat_map(|one| one.from.iter().chain(&one.to));
        let withheld = self.withheld.iter();
        let withheld = withheld.flat_map(|one| one.from.iter().chain(&one.to));
        let stops = self.stops.iter().map(|one| &one.process);
        let clocks = self.clocks.iter().map(|one| &one.process);
        let disks = self.disks.iter().map(|one| &one.process);
        let scripts = self.scripts.iter().map(|one| &one.process);
        let calls = self.calls.iter();
        let calls = calls.flat_map(|one| std::iter::once(&one.process).chain(&one.also));
        let twins = twins.chain(calls);
        let all = twins.chain(self.requests.keys()).chain(sides).chain(links);
        all.chain(withheld)
            .chain(stops)
            .chain(clocks)
            .chain(disks)
            .chain(scripts)
            .copied()
    }
}

impl Lie {
    /// Checks that its message has what it changes, and that it goes to some of so many processes.
    ///
    /// # Errors
    /// It does not; the error says what can be changed, or who is not there.
    pub fn check(&self, process: Name, processes: u32) -> Result<(), PlanError> {
        let mut to = self.sends.iter().flat_map(|one| &one.to);
        if let Some(name) = to.find(|name| name.0.0 >= processes) {
            return Err(PlanError::NoSuchProcess {
                name: *name,
                processes,
            });
        }
        let Some((change, may)) = self.impossible() else {
            return Ok(());
        };
        Err(PlanError::Change {
            process,
            kind: self.message.name(),
            change,
            may: match may {
                [] => "recipient".to_owned(),
                may => may.join(" or "),
            },
        })
    }
}

fn in_range(what: &'static str, value: u64, least: u64, most: u64) -> Result<(), PlanError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    let expected = if least == most {
        format!("{least}")
    } else {
        format!("from {least} to {most}")
    };
    Err(PlanError::OutOfRange {
        what,
        value,
        expected,
    })
}
