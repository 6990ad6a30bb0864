//! Plays a plan of the simulator with live processes. What only a simulator can do is refused, with what to write instead.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use quorate_plan::{Back, Call, Engine, Name, Partition, Plan, PlanError, Withheld};
use quorate_wire::method::{
    Client, FinalizeDecision, LinkSet, Read, RequestName, SendMessage, Submit,
};
use quorate_wire::{CallError, Caller, Method};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::supervisor::order::Order;
use crate::{ClusterConfig, FaultPlan, LinkRules, Process};

/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A plan that live processes can play.
#[derive(Clone, Debug)]
pub struct Play {
    plan: Plan,
    /// The rules of links, in their words.
    links: Vec<String>,
}

/// Why live processes cannot play a plan.
#[derive(Debug, thiserror::Error)]
pub enum NotPlayed {
    /// The file cannot be read.
    #[error("{path}: {cause}: give --plan a file, such as `simulate run --seed 7 --plan` prints")]
    Unreadable {
        /// The file.
        path: String,
        /// The error of the operating system.
        cause: std::io::Error,
    },
    /// The file is no plan.
    #[error("{path}: {cause}")]
    NoPlan {
        /// The file.
        path: String,
        /// What is wrong with it.
        cause: PlanError,
    },
    /// Only a simulator can do this.
    #[error("{path}: live processes cannot play '{key}': {instead}")]
    NotLive {
        /// The file.
        path: String,
        /// The key of the plan.
        key: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// The rules do not take.
    #[error("the rules of links of process {process}: {cause}")]
    Links {
        /// The process.
        process: String,
        /// Why.
        cause: CallError,
    },
}

impl Play {
    /// Reads a plan. `lasting`: whether the processes keep their state on disk.
    ///
    /// # Errors
    /// The file holds no plan, or one that live processes cannot play.
    pub fn read(path: &Path, lasting: bool) -> Result<Self, NotPlayed> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|cause| NotPlayed::Unreadable {
            path: shown.clone(),
            cause,
        })?;
        let no_plan = |cause| NotPlayed::NoPlan {
            path: shown.clone(),
            cause,
        };
        let plan = Plan::from_text(&text).map_err(no_plan)?;
        if let Some((key, instead)) = impossible(&plan, lasting) {
            return Err(NotPlayed::NotLive {
                path: shown,
                key,
                instead,
            });
        }
        let links = links(&plan);
        // What the plan says of partitions and of kinds are rules, too, and together they may be too many.
        LinkRules::parse(&links, plan.processes).map_err(|error| no_plan(error.into()))?;
        Ok(Self { plan, links })
    }

    /// How many processes there are.
    #[must_use]
    pub const fn processes(&self) -> u32 {
        self.plan.processes
    }

    /// Sets the processes up as the plan says.
    ///
    /// # Errors
    /// The faults cannot be read.
    pub fn set_up(&self, config: &mut ClusterConfig) -> Result<(), quorate_fault::ParseError> {
        let Engine {
            checkpoint_interval,
            batch_limit,
            view_timeout_ms,
            status_interval_ms,
            ..
        } = self.plan.engine;
        config.processes = self.plan.processes;
        config.faults = FaultPlan::parse(
            &self.plan.faulty.join(","),
            self.plan.processes,
            quorate_fault::Scene::Order,
        )?;
        config.seed = Some(self.plan.seed);
        config.checkpoint_interval = Some(checkpoint_interval);
        config.batch_limit = u32::try_from(batch_limit).unwrap_or(u32::MAX);
        config.view_timeout = Duration::from_millis(view_timeout_ms);
        config.status_interval = Some(Duration::from_millis(status_interval_ms));
        Ok(())
    }

    /// Plays the plan with these processes, which all run. Its times count from now. What does not come out as asked is told in the log:
    /// whoever is cut off or faulty need not answer.
    ///
    /// # Errors
    /// A process that runs does not take the rules of its links.
    pub async fn play(self, processes: &[Process]) -> Result<(), NotPlayed> {
        let started = Instant::now();
        set_links(processes, &self.links).await?;
        let at = |ms: u64| started + Duration::from_millis(ms);
        let mut acts = JoinSet::new();
        for (name, times) in &self.plan.requests {
            for (number, ms) in (1..).zip(times) {
                let process = processes[name.index()].clone();
                let (when, operation) = (at(*ms), format!("set {}={number}", process.name));
                acts.spawn(async move {
                    sleep_until(when).await;
                    submit(&process, operation, None).await;
                });
            }
        }
        for (place, call) in (1..).zip(&self.plan.calls) {
            let process = processes[call.process.index()].clone();
            let (when, call) = (at(call.at_ms), call.clone());
            acts.spawn(async move {
                sleep_until(when).await;
                make(&process, call, place).await;
            });
        }
        for (number, round) in (1..).zip(&self.plan.rounds) {
            for (process, decision) in processes.iter().zip(&round.decisions) {
                let (process, decision) = (process.clone(), decision.clone());
                let others: Vec<String> = processes.iter().map(|one| one.name.clone()).collect();
                let when = at(round.at_ms);
                acts.spawn(async move {
                    sleep_until(when).await;
                    vote(&process, others, decision, number).await;
                });
            }
        }
        let heal_ms = self.plan.heal_ms;
        for stop in &self.plan.stops {
            let process = processes[stop.process.index()].clone();
            let (from_ms, to_ms, back) = (stop.from_ms, stop.to_ms.min(heal_ms), stop.back);
            if from_ms < to_ms {
                let (from, to) = (at(from_ms), at(to_ms));
                acts.spawn(async move { stop_one(&process, from, to, back).await });
            }
        }
        let healed = async {
            sleep_until(at(heal_ms)).await;
            if self.links.is_empty() {
                return Ok(());
            }
            set_links(processes, &[]).await
        };
        let all_done = async { while acts.join_next().await.is_some() {} };
        let (healed, ()) = tokio::join!(healed, all_done);
        tracing::info!("the plan is played; the processes go on");
        healed
    }
}

/// The first key of a plan that live processes cannot play, and what to do instead.
fn impossible(plan: &Plan, lasting: bool) -> Option<(&'static str, &'static str)> {
    let usual = Engine::default();
    let engine = &plan.engine;
    let back = |back| plan.stops.iter().any(|stop| stop.back == back);
    let call = |has: fn(&Call) -> bool| plan.calls.iter().any(has);
    let all = [
        (
            !plan.twins.is_empty() || !plan.apart.is_empty(),
            "twins",
            "a live process runs once; `--faulty` with `equivocate` comes near it",
        ),
        (
            !plan.scripts.is_empty(),
            "scripts",
            "a live process lies by a behaviour; write one in 'faulty'",
        ),
        (
            !plan.network.is_empty(),
            "network",
            "they have the network that they have; write what happens to messages as rules in 'links'",
        ),
        (
            plan.withheld.iter().any(|one| one.late),
            "withheld.late",
            "messages that set out at a time are not kept for it; write a rule with 'delay' in 'links'",
        ),
        (
            back(Back::LostCommit),
            "stops.back = \"lost-commit\"",
            "no disk of theirs loses a commit; use 'from-disk'",
        ),
        (
            back(Back::FromDisk) && !lasting,
            "stops.back = \"from-disk\"",
            "without --data-dir nothing is on disk: add it",
        ),
        (
            back(Back::WithoutDisk) && lasting,
            "stops.back = \"without-disk\"",
            "with --data-dir they keep what is on disk: leave it out",
        ),
        (
            !plan.clocks.is_empty(),
            "clocks",
            "they share the clock of this machine; leave it out",
        ),
        (
            !plan.disks.is_empty(),
            "disks",
            "their disk does what it does; write 'stops' with 'from-disk'",
        ),
        (
            plan.gathering.is_some(),
            "gathering",
            "start nodes that look for others: `server HOST PORT`",
        ),
        (
            plan.costs.is_some(),
            "costs",
            "their work takes the time that it takes; leave it out",
        ),
        (
            call(|one| one.key.is_some() || !one.also.is_empty()),
            "calls.key and calls.also",
            "the server has no keys of clients; use a name, or `client submit --key`",
        ),
        (
            call(|one| one.waits_ms.is_some()),
            "calls.waits_ms",
            "the server waits for its answers; leave it out",
        ),
        (
            engine.batch_bytes != usual.batch_bytes,
            "engine.batch_bytes",
            "it is fixed; leave it out",
        ),
        (
            engine.waiting_requests != usual.waiting_requests,
            "engine.waiting_requests",
            "it is fixed; leave it out",
        ),
        (
            engine.slots_in_flight != usual.slots_in_flight,
            "engine.slots_in_flight",
            "it is fixed; leave it out",
        ),
    ];
    let mut all = all.into_iter();
    all.find_map(|(is_there, key, instead)| is_there.then_some((key, instead)))
}

/// What happens to messages, as rules: whatever cuts comes first.
fn links(plan: &Plan) -> Vec<String> {
    let partitions = plan.partitions.iter();
    let partitions = partitions.filter_map(|one| partition(one, plan.processes));
    let withheld = plan.withheld.iter().map(withheld);
    partitions
        .chain(withheld)
        .chain(plan.links.iter().cloned())
        .collect()
}

/// Nothing if nobody is on one of the sides.
fn partition(one: &Partition, processes: u32) -> Option<String> {
    let others = (0..processes).map(Name::of);
    let others: Vec<Name> = others.filter(|name| !one.side.contains(name)).collect();
    if one.side.is_empty() || others.is_empty() {
        return None;
    }
    let arrow = if one.one_way { "->" } else { "<->" };
    let (side, others) = (joined(&one.side), joined(&others));
    let (from, to) = (one.from_ms, one.to_ms);
    Some(format!("{side}{arrow}{others}: cut @{from}ms-{to}ms"))
}

fn withheld(one: &Withheld) -> String {
    let kinds: Vec<&str> = one.kinds.iter().map(|kind| kind.name()).collect();
    let (from, to) = (one.from_ms, one.to_ms);
    format!(
        "{}->{} {}: cut @{from}ms-{to}ms",
        joined(&one.from),
        joined(&one.to),
        kinds.join("+")
    )
}

/// `P+Q`; all if there are none.
fn joined(names: &[Name]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.0.to_string()).collect();
    if names.is_empty() {
        "*".to_owned()
    } else {
        names.join("+")
    }
}

/// Gives all processes that run these rules, and those that are started again, too.
async fn set_links(processes: &[Process], rules: &[String]) -> Result<(), NotPlayed> {
    for process in processes {
        let order = Order::Link {
            rules: rules.to_vec(),
        };
        // A keeper that refuses an order says so to whoever asked; this one it never refuses.
        let _ = process.order(order).await;
        let rules = rules.to_vec();
        match call(process, LinkSet { rules }).await {
            Err(cause) if !cause.is_unreachable() => {
                let process = process.name.clone();
                return Err(NotPlayed::Links { process, cause });
            }
            _ => {}
        }
    }
    Ok(())
}

async fn call<M: Method>(process: &Process, method: M) -> Result<M::Answer, CallError> {
    Caller::new(process.address, PATIENCE).call(method).await
}

async fn submit(process: &Process, operation: String, request: Option<RequestName>) {
    let call = call(
        process,
        Submit {
            operation: operation.clone(),
            request,
        },
    );
    let answer = call.await.map(|done| done.result);
    tell(process, &operation, answer);
}

async fn make(process: &Process, planned: Call, place: u64) {
    if let Some(key) = planned.operation.strip_prefix("read ") {
        let key = key.to_owned();
        let answer = call(process, Read { key }).await;
        return tell(process, &planned.operation, answer);
    }
    let request = planned.name.map(|name| RequestName {
        client: Client::Name(name),
        timestamp: planned.timestamp.unwrap_or(place),
    });
    submit(process, planned.operation, request).await;
}

async fn vote(process: &Process, others: Vec<String>, decision: String, round: u64) {
    let own = &process.name;
    for recipient in others.into_iter().filter(|other| other != own) {
        let send = SendMessage {
            recipient,
            decision: decision.clone(),
            round: Some(round),
        };
        if let Err(error) = call(process, send).await {
            tell::<String>(process, "its vote", Err(error));
        }
    }
    let round = Some(round);
    let decided = call(process, FinalizeDecision { round }).await;
    tell(process, "to decide", decided);
}

async fn stop_one(process: &Process, from: Instant, to: Instant, back: Back) {
    sleep_until(from).await;
    let (stop, go_on) = match back {
        Back::AsBefore => (Order::Pause(None), Order::Resume),
        Back::FromDisk | Back::WithoutDisk | Back::LostCommit => (Order::Kill, Order::Restart),
    };
    tell_refusal(process.order(stop).await);
    sleep_until(to).await;
    tell_refusal(process.order(go_on).await);
}

fn tell<T: Display>(process: &Process, what: &str, answer: Result<T, CallError>) {
    let process = &process.name;
    match answer {
        Ok(answer) => tracing::info!("the plan asked {process} for '{what}': {answer}"),
        Err(error) => tracing::warn!("the plan asked {process} for '{what}': {error}"),
    }
}

fn tell_refusal(done: Result<(), impl Display>) {
    if let Err(refused) = done {
        tracing::warn!("the plan: {refused}");
    }
}
