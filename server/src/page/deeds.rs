//! What the page's reader has done: switches, and the next exchange.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use quorate_service::exchange::check_decision;
use quorate_wire::method::{
    FaultClear, FaultPardon, FaultSet, FinalizeDecision, LinkGet, LinkSet, SendMessage, Status,
    StatusAnswer,
};
use quorate_wire::{CallError, Caller, Method};
use serde::Deserialize;

use super::feed::{Feed, Round};
use crate::Process;
use crate::supervisor::order::Order;

/// The longest wait for a process that is told something.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait for a decision.
const DECISION: Duration = Duration::from_secs(60);

/// What the page's reader wants.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
enum Deed {
    /// A process behaves like this from now on. `none`: it is correct.
    Behave { process: String, behaviour: String },
    /// Nothing that a process sends reaches another one from now on, or it does again.
    Link { from: String, to: String, cut: bool },
    /// All processes are correct, and all links whole. Those that were proved faulty count again.
    Heal,
    /// All processes send this decision, and then decide.
    Exchange { decision: String },
    /// A process ends at once.
    Kill { process: String },
    /// A process is started again.
    Restart { process: String },
    /// A process is held up.
    Pause { process: String },
    /// A process that is held up goes on.
    Resume { process: String },
}

/// Does what is asked.
#[derive(Clone)]
pub(super) struct Deeds {
    processes: Arc<[Process]>,
    feed: Arc<Feed>,
}

impl Deeds {
    pub(super) fn of(processes: Vec<Process>, feed: Arc<Feed>) -> Self {
        let processes = processes.into();
        Self { processes, feed }
    }

    /// Does what a JSON text asks for. `Ok`: what is done; `Err`: why it is not.
    pub(super) async fn carry_out(&self, text: &[u8]) -> Result<String, String> {
        let deed = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let done = self.act(deed).await;
        self.feed.look.notify_one();
        done
    }

    async fn act(&self, deed: Deed) -> Result<String, String> {
        match deed {
            Deed::Behave { process, behaviour } => self.behave(&process, behaviour).await,
            Deed::Link { from, to, cut } => self.link(&from, &to, cut).await,
            Deed::Heal => self.heal().await,
            Deed::Exchange { decision } => self.exchange(decision).await,
            Deed::Kill { process } => self.order(&process, Order::Kill).await,
            Deed::Restart { process } => self.order(&process, Order::Restart).await,
            Deed::Pause { process } => self.order(&process, Order::Pause(None)).await,
            Deed::Resume { process } => self.order(&process, Order::Resume).await,
        }
    }

    fn find(&self, name: &str) -> Result<&Process, String> {
        let mut processes = self.processes.iter();
        let found = processes.find(|process| process.name == name);
        found.ok_or_else(|| format!("there is no process '{name}'"))
    }

    async fn behave(&self, name: &str, behaviour: String) -> Result<String, String> {
        let process = self.find(name)?;
        let ends = behaviour.starts_with("crash");
        match call(process, FaultSet { behaviour }).await {
            Ok(behaviour) => Ok(format!("{name}: {behaviour}")),
            Err(error) if ends && error.is_unreachable() => Ok(format!("{name}: has ended")),
            Err(error) => Err(told(name, &error)),
        }
    }

    async fn link(&self, from: &str, to: &str, cut: bool) -> Result<String, String> {
        let process = self.find(from)?;
        self.find(to)?;
        let has = call(process, LinkGet).await;
        let has = has.map_err(|error| told(from, &error))?;
        let wanted = format!("{from}->{to}: cut");
        let others = has.into_iter().map(|one| one.rule);
        let others = others.filter(|rule| *rule != wanted);
        // The first rule that fits decides.
        let rules = cut.then(|| wanted.clone()).into_iter().chain(others);
        self.set_links(process, rules.collect()).await?;
        let is = if cut { "is cut" } else { "is whole" };
        Ok(format!("the link from {from} to {to} {is}"))
    }

    /// Gives a process rules, and its keeper, in case that it is started again.
    async fn set_links(&self, process: &Process, rules: Vec<String>) -> Result<(), String> {
        let set = LinkSet {
            rules: rules.clone(),
        };
        let set = call(process, set).await;
        set.map_err(|error| told(&process.name, &error))?;
        let order = process.order(Order::Link { rules }).await;
        order.map_err(|refused| refused.to_string())
    }

    async fn heal(&self) -> Result<String, String> {
        let healed = self.processes.iter().map(|process| self.heal_one(process));
        let mut pardons = Vec::new();
        let mut failed = Vec::new();
        for one in join_all(healed).await {
            match one {
                Ok(pardon) => pardons.push(pardon),
                Err(why) => failed.push(why),
            }
        }
        let pardoned = self.processes.iter().map(|by| pardon_all(by, &pardons));
        failed.extend(join_all(pardoned).await.into_iter().filter_map(Result::err));
        if failed.is_empty() {
            Ok("all are correct, and all links whole".to_owned())
        } else {
            Err(failed.join("; "))
        }
    }

    /// Makes a process correct, and its links whole. Answers what the others are to pardon.
    async fn heal_one(&self, process: &Process) -> Result<FaultPardon, String> {
        let failed = |error: CallError| told(&process.name, &error);
        self.set_links(process, Vec::new()).await?;
        call(process, FaultClear).await.map_err(failed)?;
        let status = call(process, Status::default()).await.map_err(failed)?;
        let status = status.into_process();
        let status = status.ok_or_else(|| format!("{}: told how a slot is", process.name))?;
        Ok(FaultPardon::of(&status))
    }

    async fn order(&self, name: &str, order: Order) -> Result<String, String> {
        let process = self.find(name)?;
        let done = process.order(order).await;
        done.map_err(|refused| refused.to_string())?;
        Ok(format!("{name}: {}", process.state().word()))
    }

    /// Begins the next round, unless one is under way. What comes of it is told by the feed.
    async fn exchange(&self, decision: String) -> Result<String, String> {
        check_decision(&decision).map_err(|error| error.to_string())?;
        let asked = self
            .processes
            .iter()
            .map(|process| call(process, Status::default()));
        let answers = join_all(asked).await.into_iter().flatten();
        let rounds = answers.filter_map(StatusAnswer::into_process);
        let last = rounds.map(|status| status.round.round).max();
        let number = last.ok_or("no process answers")? + 1;
        let begins = self.feed.round(|round| {
            let under_way = round.as_ref().filter(|round| !round.ended);
            if let Some(Round { round, .. }) = under_way {
                return Err(format!("round {round} is under way"));
            }
            *round = Some(Round {
                round: number,
                ..Round::default()
            });
            Ok(format!("round {number} begins"))
        })?;
        let deeds = self.clone();
        tokio::spawn(async move { deeds.play(number, &decision).await });
        Ok(begins)
    }

    async fn play(&self, round: u64, decision: &str) {
        let processes = self.processes.iter();
        join_all(processes.map(|from| self.send(from, round, decision))).await;
        let finalized = self.processes.iter().map(|process| async move {
            let round = Some(round);
            let decided = call_for(process, FinalizeDecision { round }, DECISION).await;
            let words = decided.unwrap_or_else(|error| reason(&error));
            self.feed.has_finalized(&process.name, words);
        });
        join_all(finalized).await;
        self.feed.round_ends();
    }

    async fn send(&self, from: &Process, round: u64, decision: &str) {
        for to in self.processes.iter().filter(|to| to.name != from.name) {
            let send = SendMessage {
                recipient: to.name.clone(),
                decision: decision.to_owned(),
                round: Some(round),
            };
            // One that cannot send is told of when it has to decide.
            let _ = call(from, send).await;
        }
    }
}

async fn call<M: Method>(process: &Process, method: M) -> Result<M::Answer, CallError> {
    call_for(process, method, PATIENCE).await
}

async fn call_for<M: Method>(
    process: &Process,
    method: M,
    patience: Duration,
) -> Result<M::Answer, CallError> {
    Caller::new(process.address, patience).call(method).await
}

/// A process counts others again. They are correct by now.
async fn pardon_all(by: &Process, pardons: &[FaultPardon]) -> Result<(), String> {
    for pardon in pardons {
        let pardoned = call(by, pardon.clone()).await;
        pardoned.map_err(|error| told(&by.name, &error))?;
    }
    Ok(())
}

/// Whose call failed, and why.
fn told(name: &str, error: &CallError) -> String {
    format!("{name}: {}", reason(error))
}

/// Why a call failed, for somebody who knows no addresses.
fn reason(error: &CallError) -> String {
    match error {
        CallError::Fault(fault) => fault.message().to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt as _;

    use super::{Deeds, Feed};

    #[tokio::test]
    async fn after_each_deed_the_processes_are_looked_at_at_once() {
        let feed = Arc::new(Feed::of(&[]));
        let deeds = Deeds::of(Vec::new(), Arc::clone(&feed));
        assert_eq!(feed.look.notified().now_or_never(), None);
        let refused = deeds.carry_out(br#"{"do": "kill", "process": "X"}"#).await;
        assert_eq!(refused, Err("there is no process 'X'".to_owned()));
        assert_eq!(feed.look.notified().now_or_never(), Some(()));
    }
}
