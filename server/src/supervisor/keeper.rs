//! Keeps one process: starts it, watches it, starts it again, pauses and ends it. Nobody else signals the process.

use std::io;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use backon::ExponentialBackoff;
use quorate_node::{NodeConfig, since_1970, starts};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::order::{Command, Order, Refused, Standing};
use super::restart::{self, Restart, STEADY};
use super::stand_in::StandIn;
use crate::child::{FAILED, Role, RunningChild, told};
use crate::key_folder::Place;
use crate::logging::Logging;
use crate::state::{State, seconds_until, words};

/// What a keeper needs to start its process, each time.
pub(crate) struct Starter {
    pub(crate) name: String,
    pub(crate) executable: PathBuf,
    pub(crate) config: NodeConfig,
    /// Kept for the whole time, so that no other program gets the port.
    pub(crate) listener: TcpListener,
    pub(crate) logging: Logging,
    pub(crate) restart: Restart,
    /// The place in the key folder, which is given up with the keeper.
    pub(crate) _place: Option<Place>,
}

impl Starter {
    async fn start(&self) -> io::Result<RunningChild> {
        let listener = self.listener.try_clone()?;
        RunningChild::start(
            &self.executable,
            Role::Replica,
            &self.config,
            listener,
            self.logging,
        )
        .await
    }

    /// Whether the process keeps what it must not forget.
    fn has_memory(&self) -> bool {
        self.config.data.is_some()
    }

    /// Counts the next life. Without a file that counts, the keeper does: a process that may have voted must not begin as a new one.
    fn begin_next_life(&mut self) -> io::Result<()> {
        self.config.life = match &self.config.starts {
            Some(path) => starts::read(path).map_err(io::Error::other)?,
            None => self.config.life + 1,
        };
        Ok(())
    }
}

pub(crate) struct Keeper {
    starter: Starter,
    child: Option<RunningChild>,
    stand_in: Option<StandIn>,
    started: Instant,
    /// The pauses that are left, and how many tries there were in a row.
    pauses: ExponentialBackoff,
    tries: u32,
    standing: watch::Sender<Standing>,
    /// Changed whenever the standing of any process has.
    changes: watch::Sender<()>,
}

impl Keeper {
    /// Starts the process for the first time.
    pub(crate) async fn start(
        starter: Starter,
        changes: watch::Sender<()>,
    ) -> io::Result<(Self, watch::Receiver<Standing>)> {
        let child = starter.start().await?;
        let (standing, seen) = watch::channel(Standing {
            state: running(&child),
            restarts: 0,
        });
        let keeper = Self {
            starter,
            child: Some(child),
            stand_in: None,
            started: Instant::now(),
            pauses: restart::pauses(),
            tries: 0,
            standing,
            changes,
        };
        Ok((keeper, seen))
    }

    /// Keeps the process until `stop` becomes true, and then ends it.
    pub(crate) async fn keep(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let due = self.due();
            tokio::select! {
                ended = end_of(&mut self.child) => {
                    self.on_end(ended, &format!("ended on its own ({})", words(ended)));
                }
                () = reach(due) => self.on_due().await,
                Some(command) = commands.recv() => {
                    let done = self.carry_out(command.order).await;
                    // Whoever ordered it may have hung up.
                    let _ = command.done.send(done);
                }
                () = told(&mut stop) => break,
            }
        }
        if let Some(child) = self.child {
            child.end().await;
        }
    }

    fn state(&self) -> State {
        self.standing.borrow().state
    }

    /// When something happens by itself.
    fn due(&self) -> Option<Instant> {
        match self.state() {
            State::Paused { until, .. } => until,
            State::Restarting { at, .. } => Some(at),
            State::Running { .. } | State::Gone { .. } => None,
        }
    }

    async fn on_due(&mut self) {
        match self.state() {
            State::Paused { .. } => {
                if let Err(refused) = self.resume().await {
                    tracing::error!("{refused}");
                }
            }
            State::Restarting { .. } => self.start_again().await,
            State::Running { .. } | State::Gone { .. } => {}
        }
    }

    /// The process has ended, or could not be started: `what` says so in the log. It is started again if the server was told so.
    fn on_end(&mut self, ended: ExitStatus, what: &str) {
        self.child = None;
        if self.started.elapsed() >= STEADY {
            self.tries = 0;
            self.pauses = restart::pauses();
        }
        let limit = self.starter.restart.limit(ended);
        let state = if self.tries < limit {
            self.tries += 1;
            State::Restarting {
                ended,
                at: Instant::now() + restart::next(&mut self.pauses),
            }
        } else {
            State::Gone {
                ended,
                too_often: limit > 0,
            }
        };
        self.enter(state);
        let Starter { name, .. } = &self.starter;
        match state {
            State::Restarting { at, .. } => {
                let (pause, tries) = (seconds_until(at), self.tries);
                tracing::warn!(
                    process = name,
                    "process {name} {what}; it restarts in {pause} s, try {tries} of {limit}"
                );
            }
            State::Gone {
                too_often: true, ..
            } => tracing::error!(
                process = name,
                "process {name} {what} after {limit} restarts in a row; it is not started again: see why it ends, then use `client restart {name}`"
            ),
            _ => tracing::warn!(process = name, "process {name} {what}"),
        }
    }

    async fn carry_out(&mut self, order: Order) -> Result<(), Refused> {
        match order {
            Order::Kill => self.kill().await,
            Order::Restart => self.restart().await,
            Order::Pause(time) => self.pause(time),
            Order::Resume => self.resume().await,
            Order::Link { rules } => {
                self.starter.config.links = rules;
                self.starter.config.started_us = since_1970();
                Ok(())
            }
        }
    }

    async fn kill(&mut self) -> Result<(), Refused> {
        let Some(child) = &mut self.child else {
            return Err(self.gone());
        };
        let ended = child.kill().await;
        self.on_end(ended, &format!("was ended by a caller ({})", words(ended)));
        Ok(())
    }

    async fn restart(&mut self) -> Result<(), Refused> {
        if let Some(child) = self.child.take() {
            child.end().await;
        }
        self.tries = 0;
        self.pauses = restart::pauses();
        self.start_again().await;
        match self.child {
            Some(_) => Ok(()),
            None => Err(self.gone()),
        }
    }

    fn pause(&mut self, time: Option<Duration>) -> Result<(), Refused> {
        let Some((child, pid)) = self
            .child
            .as_ref()
            .and_then(|child| Some((child, child.pid()?)))
        else {
            return Err(self.gone());
        };
        child.pause().map_err(|cause| self.system(cause))?;
        let until = time.and_then(|time| Instant::now().checked_add(time));
        self.enter(State::Paused { pid, until });
        let Starter { name, .. } = &self.starter;
        tracing::info!(process = name, "process {name} is paused");
        Ok(())
    }

    async fn resume(&mut self) -> Result<(), Refused> {
        let Starter { name, .. } = &self.starter;
        let (State::Paused { pid, .. }, Some(child)) = (self.state(), &self.child) else {
            return Err(Refused::NotPaused(name.clone()));
        };
        tracing::info!(process = name, "process {name} goes on");
        // First, so that all later connections reach the process.
        if let Some(stand_in) = self.stand_in.take() {
            stand_in.end().await;
        }
        child.resume().map_err(|cause| self.system(cause))?;
        self.enter(State::Running { pid });
        Ok(())
    }

    /// Starts the process, which does not run. If that is not possible, it counts as ended again.
    async fn start_again(&mut self) {
        let Starter { name, .. } = &self.starter;
        let name = name.clone();
        // First, so that all later connections reach the process.
        if let Some(stand_in) = self.stand_in.take() {
            stand_in.end().await;
        }
        self.started = Instant::now();
        let started = match self.starter.begin_next_life() {
            Ok(()) => self.starter.start().await,
            Err(error) => Err(error),
        };
        match started {
            Ok(child) => {
                let state = running(&child);
                self.child = Some(child);
                self.standing.send_modify(|standing| standing.restarts += 1);
                self.enter(state);
                let without_memory = if self.starter.has_memory() {
                    ""
                } else {
                    "; without --data-dir it has lost its memory, and votes again once the others have helped it"
                };
                tracing::warn!(
                    process = name,
                    "process {name} is started again{without_memory}"
                );
            }
            Err(error) => self.on_end(
                ExitStatus::from_raw(FAILED),
                &format!("could not be started: {error}"),
            ),
        }
    }

    /// Tells everybody how the process is. While it does not run, the server answers for it.
    fn enter(&mut self, state: State) {
        self.standing.send_modify(|standing| standing.state = state);
        let runs = matches!(state, State::Running { .. });
        if !runs && self.stand_in.is_none() {
            let Starter {
                listener, config, ..
            } = &self.starter;
            match StandIn::start(listener, config, self.standing.subscribe()) {
                Ok(stand_in) => self.stand_in = Some(stand_in),
                Err(error) => tracing::error!("nobody answers for a process that is away: {error}"),
            }
        }
        self.changes.send_replace(());
    }

    fn gone(&self) -> Refused {
        Refused::Gone {
            process: self.starter.name.clone(),
            reason: self.state().reason(),
        }
    }

    fn system(&self, cause: io::Error) -> Refused {
        Refused::System {
            process: self.starter.name.clone(),
            cause,
        }
    }
}

fn running(child: &RunningChild) -> State {
    State::Running {
        pid: child.pid().unwrap_or_default(),
    }
}

/// Completes when the child ends. Never completes if there is none.
async fn end_of(child: &mut Option<RunningChild>) -> ExitStatus {
    match child {
        Some(child) => child.ended().await,
        None => std::future::pending().await,
    }
}

async fn reach(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
