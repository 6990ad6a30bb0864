//! The processes that a command talks to: started for it, or found at their endpoints.

use std::cell::{OnceCell, RefCell};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::pin::pin;
use std::time::Duration;

use anyhow::{anyhow, bail, ensure};
use futures_util::future::join_all;
use quorate_protocol::Quorum;
use quorate_server::logging::{Concern, LogFormat, Logging};
use quorate_server::{Cluster, name_of, port_of};
use quorate_wire::method::{ProcessStatus, Status, StatusAnswer};
use quorate_wire::{CallError, Caller, Fault, LeanCaller, Method};
use tokio::time::{Instant, sleep};

use crate::exit::no_answer;
use crate::options::{Places, Purpose, Spawned};
use crate::render::progress::Waiting;

/// The `fault` in the status of a correct process.
pub(crate) const CORRECT: &str = "none";

const USUAL_BASE_PORT: u16 = 8000;

/// How long a process may take to answer who it is. A slower process cannot take part.
const STATUS_LIMIT: Duration = Duration::from_secs(5);
/// The same for `client status`, which then shows which processes do not answer.
const SHORT_STATUS_LIMIT: Duration = Duration::from_secs(2);
/// After this time a line names the processes that have not answered.
const SILENCE: Duration = Duration::from_millis(500);
/// How long a `server` that was started just before the client may take until its ports listen.
const STARTING: Duration = Duration::from_secs(2);
/// The pause between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(50);

/// The faults of a process that cannot answer at the moment.
pub(crate) const EXCUSES: [i32; 5] = [
    Fault::AWAY,
    Fault::OVERLOADED,
    Fault::SHUTTING_DOWN,
    Fault::SYSTEM,
    Fault::INTERNAL,
];

/// One process to talk to.
pub(crate) struct Process {
    /// The name that it reports. If it does not answer: the name for its place in the list.
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    caller: Caller,
    /// Calls that are measured.
    lean: LeanCaller,
    /// Its status at the start.
    pub(crate) status: Result<ProcessStatus, CallError>,
    /// The first call that timed out. A status that timed out does not count: that call has little time.
    hangs: OnceCell<CallError>,
}

impl Process {
    /// Calls a method. Fails at once after a call that timed out: the client waits only once for a process that hangs.
    pub(crate) async fn call<M: Method>(&self, method: M) -> Result<M::Answer, CallError> {
        self.unless_it_hangs(self.caller.call(method)).await
    }

    /// As [`Process::call`], and takes little of the time that is measured.
    pub(crate) async fn call_lean<M: Method>(&self, method: M) -> Result<M::Answer, CallError> {
        self.unless_it_hangs(self.lean.call(method)).await
    }

    /// Makes a call of which nothing is asked.
    pub(crate) async fn call_nothing(&self) -> Result<(), CallError> {
        self.unless_it_hangs(self.lean.call_nothing()).await
    }

    async fn unless_it_hangs<A>(
        &self,
        call: impl Future<Output = Result<A, CallError>>,
    ) -> Result<A, CallError> {
        if let Some(error) = self.hangs.get() {
            return Err(error.clone());
        }
        let answer = call.await;
        if let Err(error @ CallError::TimedOut { .. }) = &answer {
            self.hangs.get_or_init(|| error.clone());
        }
        answer
    }

    /// Asks it again how it is, though it has hung before.
    async fn ask_again(&mut self) {
        self.hangs = OnceCell::new();
        self.status = status_of(&self.caller, SHORT_STATUS_LIMIT).await;
        if let Ok(status) = &self.status {
            self.name.clone_from(&status.process);
        }
    }

    /// How it is by now.
    pub(crate) async fn status_now(&self) -> Result<ProcessStatus, CallError> {
        let answer = self.call(Status::default()).await?;
        of_process(answer, &self.caller)
    }

    pub(crate) fn is_reachable(&self) -> bool {
        !matches!(&self.status, Err(error) if error.is_unreachable())
    }

    /// Why it is gone or paused, as its server says.
    pub(crate) fn away(&self) -> Option<&str> {
        match &self.status {
            Err(CallError::Fault(fault)) if fault.code() == Fault::AWAY => Some(fault.message()),
            _ => None,
        }
    }

    /// Why it did not carry out what it was told. `unless` says what stays as it was if it is gone or paused.
    pub(crate) fn not_told(&self, error: CallError, unless: &str) -> anyhow::Error {
        let name = &self.name;
        let why = match &error {
            CallError::Fault(fault) if error.is_away() => fault.message().to_owned(),
            error if error.is_unreachable() => error.to_string(),
            _ => return no_answer(name, error),
        };
        anyhow!("process {name} is not reached ({why}): {unless}")
    }

    /// Whether a process answers, or hangs, and does not say that it is faulty.
    pub(crate) fn is_correct(&self) -> bool {
        match &self.status {
            Ok(status) => status.fault == CORRECT,
            Err(error) => !error.is_unreachable(),
        }
    }

    /// Whether another program answers at the endpoint.
    pub(crate) fn is_stranger(&self) -> bool {
        match &self.status {
            Err(CallError::BadAnswer { .. }) => true,
            Err(CallError::Fault(fault)) => !EXCUSES.contains(&fault.code()),
            _ => false,
        }
    }
}

/// All processes to talk to, in order.
pub(crate) struct Target {
    pub(crate) processes: Vec<Process>,
    /// How long one call may take.
    pub(crate) timeout: Duration,
    spawned: Option<Cluster>,
}

impl Target {
    /// Starts the processes if `start` is given, otherwise finds them. Asks each process who it is.
    pub(crate) async fn find(
        places: &Places,
        start: Option<Spawned<'_>>,
        purpose: Purpose,
    ) -> anyhow::Result<Self> {
        if places.endpoint.is_empty() {
            check_enough(places.processes as usize, purpose)?;
        }
        let spawned = match start {
            Some(start) => Some(spawn(places, start).await?),
            None => None,
        };
        let addresses = match &spawned {
            Some(cluster) => cluster
                .processes()
                .iter()
                .map(|process| process.address)
                .collect(),
            None => addresses(places)?,
        };
        let timeout = places.timeout(start);
        let status_limit = status_limit(purpose);
        let processes = match &spawned {
            Some(_) => meet_all(&addresses, timeout, status_limit).await?,
            None => meet_listening(&addresses, timeout, status_limit).await?,
        };
        let target = Self {
            processes,
            timeout,
            spawned,
        };
        target.check_answers()?;
        target.check_count(places, purpose)?;
        check_enough(target.processes.len(), purpose)?;
        target.check_names()?;
        Ok(target)
    }

    /// Asks all processes again how they are. One that does not answer keeps its name.
    pub(crate) async fn ask_again(&mut self) {
        let processes = self.processes.iter_mut();
        join_all(processes.map(Process::ask_again)).await;
    }

    /// Stops the processes if they were started for this run.
    pub(crate) async fn release(self) {
        if let Some(cluster) = self.spawned {
            cluster.shutdown().await;
        }
    }

    /// The processes that were started for this run.
    pub(crate) fn started(&self) -> &[quorate_server::Process] {
        self.spawned.as_ref().map_or(&[], Cluster::processes)
    }

    /// The processes that can be reached.
    pub(crate) fn reachable(&self) -> impl Iterator<Item = &Process> {
        self.processes
            .iter()
            .filter(|process| process.is_reachable())
    }

    /// The number of processes, as the first process that answers reports it. If none answers: the number that were asked.
    pub(crate) fn count(&self) -> u32 {
        let said = self.processes.iter().find_map(|process| {
            let status = process.status.as_ref().ok()?;
            u32::try_from(status.processes).ok()
        });
        said.unwrap_or_else(|| u32::try_from(self.processes.len()).unwrap_or(u32::MAX))
    }

    /// n-f: how many processes decide.
    pub(crate) fn enough(&self) -> usize {
        let n = NonZeroU32::new(self.count()).unwrap_or(NonZeroU32::MIN);
        let quorum = Quorum::of(n);
        quorum.n().saturating_sub(quorum.f()) as usize
    }

    /// The processes that answered at the start and are not configured faulty.
    pub(crate) fn correct(&self) -> impl Iterator<Item = &Process> {
        self.processes
            .iter()
            .filter(|process| process.status.is_ok() && process.is_correct())
    }

    /// At least one process must answer, or hang, or be away so that its server answers, unless that is this program.
    fn check_answers(&self) -> anyhow::Result<()> {
        let mut processes = self.processes.iter();
        let is_known = |process: &Process| {
            process.is_reachable() || self.spawned.is_none() && process.away().is_some()
        };
        if processes.any(|process| is_known(process) && !process.is_stranger()) {
            return Ok(());
        }
        if let Some(stranger) = self.processes.iter().find(|process| process.is_stranger())
            && let Err(error) = &stranger.status
        {
            bail!(
                "{} is not a Quorate process ({error}): start `server` elsewhere with --base-port, or use --spawn",
                stranger.address
            );
        }
        ensure!(
            self.spawned.is_none(),
            "no process is left of those that were started: let fewer of them crash with --faulty"
        );
        let first = self.processes.first();
        let first = first.map(|process| process.address.to_string());
        bail!(
            "no process answers at {} or the other endpoints: start `server` first, or use --spawn",
            first.unwrap_or_default()
        );
    }

    /// An exchange needs all processes, because a quorum is counted over all.
    /// No command may be given more processes than there are.
    fn check_count(&self, places: &Places, purpose: Purpose) -> anyhow::Result<()> {
        let given = self.processes.len();
        for process in &self.processes {
            let Ok(status) = &process.status else {
                continue;
            };
            let all = usize::try_from(status.processes).unwrap_or(usize::MAX);
            if given > all || (given < all && matches!(purpose, Purpose::Exchange | Purpose::Load))
            {
                let name = &process.name;
                if places.endpoint.is_empty() {
                    bail!("process {name} is one of {all}, not of {given}: pass --processes {all}");
                }
                bail!(
                    "process {name} is one of {all}, not of {given}: give --endpoint of those {all}, in the order of the names"
                );
            }
        }
        Ok(())
    }

    fn check_names(&self) -> anyhow::Result<()> {
        for (place, process) in self.processes.iter().enumerate() {
            let twin = self
                .processes
                .iter()
                .take(place)
                .find(|other| other.name == process.name);
            ensure!(
                twin.is_none(),
                "{} is process {} a second time: give each --endpoint once, in the order of the names",
                process.address,
                process.name
            );
        }
        Ok(())
    }
}

const fn status_limit(purpose: Purpose) -> Duration {
    match purpose {
        Purpose::Exchange | Purpose::Load | Purpose::Question => STATUS_LIMIT,
        Purpose::Status => SHORT_STATUS_LIMIT,
    }
}

/// An exchange needs two processes.
fn check_enough(processes: usize, purpose: Purpose) -> anyhow::Result<()> {
    ensure!(
        purpose != Purpose::Exchange || processes >= 2,
        "an exchange needs at least two processes: use --processes 4 or more"
    );
    Ok(())
}

async fn spawn(places: &Places, start: Spawned<'_>) -> anyhow::Result<Cluster> {
    let logging = Logging {
        format: LogFormat::Text,
        level: "error",
    };
    logging.start("client")?;
    let cluster = start.cluster;
    let mut config =
        cluster.cluster_config(places.processes, "127.0.0.1", places.base_port, logging)?;
    config.data_dir = start.data_dir.map(Into::into);
    config.trace = start.traced;
    if let Some(warning) = config.faults.bound(config.processes).warning()
        && start.warns
    {
        logging.tell("client", Concern::Warning, &warning);
    }
    Ok(Cluster::start(config).await?)
}

fn addresses(places: &Places) -> anyhow::Result<Vec<SocketAddr>> {
    if !places.endpoint.is_empty() {
        return Ok(places.endpoint.iter().map(|endpoint| endpoint.0).collect());
    }
    let base_port = places.base_port.unwrap_or(USUAL_BASE_PORT);
    let processes = places.processes;
    (0..processes)
        .map(|index| {
            let port = port_of(base_port, index, processes)?;
            Ok((Ipv4Addr::LOCALHOST, port).into())
        })
        .collect()
}

/// Asks all who they are. As long as nobody listens it asks again: `server &` and `client` are often typed together, and
/// `server` listens on all ports before it starts any process.
async fn meet_listening(
    addresses: &[SocketAddr],
    timeout: Duration,
    status_limit: Duration,
) -> anyhow::Result<Vec<Process>> {
    let deadline = Instant::now() + STARTING;
    loop {
        let processes = meet_all(addresses, timeout, status_limit).await?;
        let answers = |process: &Process| process.is_reachable() || process.away().is_some();
        if processes.iter().any(answers) || Instant::now() >= deadline {
            return Ok(processes);
        }
        sleep(PAUSE).await;
    }
}

/// Asks all processes who they are. On a terminal, a line names those that have not answered.
async fn meet_all(
    addresses: &[SocketAddr],
    timeout: Duration,
    status_limit: Duration,
) -> anyhow::Result<Vec<Process>> {
    let silent = RefCell::new(Vec::from(addresses));
    let meetings = (0..).zip(addresses).map(|(place, address)| {
        let silent = &silent;
        async move {
            let process = meet(place, *address, timeout, status_limit).await;
            silent.borrow_mut().retain(|other| other != address);
            process
        }
    });
    let waiting = Waiting::new()?;
    let mut all = pin!(join_all(meetings));
    loop {
        tokio::select! {
            processes = &mut all => return Ok(processes),
            () = sleep(SILENCE) => {
                let silent: Vec<_> = silent.borrow().iter().map(ToString::to_string).collect();
                waiting.say(format!("no answer yet from {}", silent.join(", ")));
            }
        }
    }
}

async fn meet(
    place: u32,
    address: SocketAddr,
    timeout: Duration,
    status_limit: Duration,
) -> Process {
    let caller = Caller::new(address, timeout);
    let status = status_of(&caller, timeout.min(status_limit)).await;
    let name = status
        .as_ref()
        .map_or_else(|_| name_of(place), |status| status.process.clone());
    Process {
        name,
        address,
        caller,
        lean: LeanCaller::new(address, timeout),
        status,
        hangs: OnceCell::new(),
    }
}

async fn status_of(caller: &Caller, limit: Duration) -> Result<ProcessStatus, CallError> {
    let answer = caller.call_with_timeout(Status::default(), limit).await?;
    of_process(answer, caller)
}

fn of_process(answer: StatusAnswer, caller: &Caller) -> Result<ProcessStatus, CallError> {
    answer.into_process().ok_or_else(|| CallError::BadAnswer {
        address: caller.address().to_string(),
        method: Status::NAME.to_owned(),
        cause: "it is about a slot".to_owned(),
    })
}
