//! Real processes are killed, paused, cut off and started again at random, never more than f at a time, while clients work: nothing that
//! was acknowledged is lost, nothing is done twice, clients see one store, and all processes end in the same state.
//!
//! A run is drawn from a seed, which it prints. `cargo test -p quorate-server --test chaos -- --ignored` runs ten minutes.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use quorate_fault::Dice;
use quorate_service::kv::Answer;
use quorate_service::kv::linearizable::Histories;
use quorate_wire::method::{
    Client, LinkSet, ProcessKill, ProcessList, ProcessPause, ProcessRestart, ProcessResume,
    ProcessStatus, Read, RequestName, ServerControl, Status, Submit,
};
use quorate_wire::{CallError, Caller, Fault, Method};
use support::Server;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// The longest time in which something must come about, on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long one call may take. The client repeats a call that takes longer.
const CALL: Duration = Duration::from_secs(3);
const CLIENTS: u64 = 4;
/// The calls of each client to one key. The checker takes up to 128 calls of a key.
const CALLS: u64 = 12;

/// A cluster and its callers.
struct Cluster {
    addresses: Vec<SocketAddr>,
    control: SocketAddr,
}

impl Cluster {
    async fn of(server: &Server) -> Self {
        let ports = server.processes.iter().map(|process| process.port);
        let addresses: Vec<_> = ports.map(|port| ([127, 0, 0, 1], port).into()).collect();
        let control = call(addresses[0], ServerControl).await.unwrap();
        Self {
            addresses,
            control: control.parse().unwrap(),
        }
    }

    /// Has the server carry out a command, which it must.
    async fn command<M: Method>(&self, method: M) -> M::Answer {
        let answer = Caller::new(self.control, PATIENCE).call(method).await;
        answer.unwrap_or_else(|error| panic!("{}: {error}", M::NAME))
    }

    async fn status(&self, index: usize) -> Option<ProcessStatus> {
        let status = call(self.addresses[index], Status::default()).await;
        status.ok()?.into_process()
    }

    /// Gives all that can be reached these rules.
    async fn link(&self, rules: &[String]) {
        for address in &self.addresses {
            let rules = rules.to_vec();
            // A process that is away has no links.
            let _ = call(*address, LinkSet { rules }).await;
        }
    }

    /// Waits until all processes run and answer.
    async fn all_run(&self) {
        let started = Instant::now();
        loop {
            let listed = self.command(ProcessList).await;
            let mut answer = listed.iter().all(|one| one.state == "running");
            for index in 0..self.addresses.len() {
                answer = answer && self.status(index).await.is_some();
            }
            if answer {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "they do not run: {listed:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn name_of(index: usize) -> String {
    ["P", "Q", "R", "S"][index].to_owned()
}

async fn call<M: Method>(address: SocketAddr, method: M) -> Result<M::Answer, CallError> {
    Caller::new(address, CALL).call(method).await
}

/// What clients called and were told.
type Book = Arc<Mutex<Histories>>;

/// Calls until there is an answer: a client with a name may repeat a request, which is executed once.
async fn insist(address: SocketAddr, operation: &str, client: String, timestamp: u64) -> Answer {
    let started = Instant::now();
    loop {
        let submit = Submit {
            operation: operation.to_owned(),
            request: Some(RequestName {
                client: Client::Name(client.clone()),
                timestamp,
            }),
        };
        match call(address, submit).await {
            Ok(done) => return answer_of(&done.result, done.done),
            Err(CallError::Fault(fault)) if !may_be_repeated(fault.code()) => {
                panic!("{operation} of {client}, number {timestamp}: {fault}")
            }
            Err(error) => assert!(
                started.elapsed() < PATIENCE,
                "no answer to {operation} of {client}: {error}"
            ),
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn may_be_repeated(code: i32) -> bool {
    [
        Fault::AWAY,
        Fault::OVERLOADED,
        Fault::NO_QUORUM,
        Fault::SHUTTING_DOWN,
        Fault::SYSTEM,
    ]
    .contains(&code)
}

fn answer_of(result: &str, done: bool) -> Answer {
    match (result, done) {
        ("ok", true) => Answer::Ok,
        (value, true) => Answer::Value(value.to_owned()),
        ("no such key", false) => Answer::NoSuchKey,
        (other, false) => {
            let words = other.strip_prefix("cas failed: ").unwrap();
            let (key, value) = words.split_once(" is ").unwrap();
            let (key, value) = (key.to_owned(), value.to_owned());
            Answer::CasFailed { key, value }
        }
    }
}

/// One client's calls to a key.
async fn work(book: Book, address: SocketAddr, key: String, number: u64, mut dice: Dice) {
    for nth in 1..=CALLS {
        let place = usize::try_from(number * CALLS + nth).unwrap();
        let own = number * 100 + nth;
        let operation = match dice.below(10) {
            0..4 => format!("set {key}={own}"),
            4..6 => format!("cas {key} {} {own}", dice.between(1, own)),
            6..9 => format!("get {key}"),
            _ => format!("read {key}"),
        };
        book.lock().unwrap().called(place, &operation);
        let answer = if operation.starts_with("read") {
            match call(address, Read { key: key.clone() }).await {
                Ok(value) => Answer::Value(value),
                Err(CallError::Fault(fault)) if fault.code() == Fault::NO_SUCH_KEY => {
                    Answer::NoSuchKey
                }
                // Nobody was told anything.
                Err(_) => continue,
            }
        } else {
            insist(address, &operation, format!("{key}.{number}"), nth).await
        };
        let explained = book.lock().unwrap().returned(place, answer);
        explained.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Clients work with one key after the other until the end. Returns how many calls were answered.
async fn clients(cluster: Arc<Cluster>, seed: u64, end: Instant) -> u64 {
    let mut dice = Dice::new(seed, 1);
    let mut calls = 0;
    for era in 0.. {
        if Instant::now() >= end {
            break;
        }
        let (book, key) = (Book::default(), format!("k{era}"));
        let mut at_work = JoinSet::new();
        for number in 0..CLIENTS {
            let address = *dice.pick(&cluster.addresses).unwrap();
            let (key, own) = (
                key.clone(),
                Dice::new(seed, u8::try_from(2 + number).unwrap()),
            );
            at_work.spawn(work(Arc::clone(&book), address, key, number, own));
        }
        while let Some(done) = at_work.join_next().await {
            done.unwrap();
        }
        calls += CLIENTS * CALLS;
        // What was acknowledged is still there, whoever is asked: this ends the key's history.
        let mut told = BTreeSet::new();
        for (nth, address) in (1..).zip(&cluster.addresses) {
            let get = format!("get {key}");
            let answer = insist(*address, &get, format!("{key}.last"), nth).await;
            told.insert(answer.to_string());
        }
        assert_eq!(told.len(), 1, "{key}: {told:?}");
        let place = usize::try_from(CLIENTS * CALLS + CALLS + 1).unwrap();
        let mut book = book.lock().unwrap();
        book.called(place, &format!("get {key}"));
        let last = told.pop_first().unwrap();
        let last = match last.as_str() {
            "no such key" => Answer::NoSuchKey,
            value => Answer::Value(value.to_owned()),
        };
        let explained = book.returned(place, last);
        explained.unwrap_or_else(|error| panic!("{error}"));
    }
    calls
}

/// Does something bad to one process, and makes it good again.
async fn trouble(cluster: &Cluster, victim: usize, dice: &mut Dice) -> String {
    let process = name_of(victim);
    let time = Duration::from_millis(dice.between(50, 2500));
    let what = match dice.below(4) {
        0 => {
            cluster
                .command(ProcessKill {
                    process: process.clone(),
                })
                .await;
            sleep(time).await;
            "kill"
        }
        1 => {
            let milliseconds = None;
            cluster
                .command(ProcessPause {
                    process: process.clone(),
                    milliseconds,
                })
                .await;
            sleep(time).await;
            cluster
                .command(ProcessResume {
                    process: process.clone(),
                })
                .await;
            "pause"
        }
        2 => {
            cluster.link(&[format!("{process}<->*: cut")]).await;
            sleep(time).await;
            cluster.link(&[]).await;
            "cut"
        }
        _ => {
            cluster
                .command(ProcessRestart {
                    process: process.clone(),
                })
                .await;
            "restart"
        }
    };
    cluster.all_run().await;
    format!("{what} {process}")
}

/// All processes have executed the same slots, and none has found another state than the others.
async fn same_state(cluster: &Cluster, server: &Server) {
    let started = Instant::now();
    loop {
        let mut executed = BTreeSet::new();
        for index in 0..cluster.addresses.len() {
            let status = cluster.status(index).await;
            executed.insert(status.map(|status| (status.executed, status.low_watermark)));
        }
        if executed.len() == 1 && !executed.contains(&None) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "they differ: {executed:?}");
        sleep(Duration::from_millis(100)).await;
    }
    let said = server.complaints();
    for bad in [
        "is not what a quorum has",
        "proved faulty",
        "panicked",
        "cannot be used",
    ] {
        assert!(!said.contains(bad), "{bad}:\n{said}");
    }
}

/// A run from a seed: troubles for so long, and with a data directory then the end of all processes at once.
fn chaos(seed: u64, time: Duration, data: Option<&str>) {
    let mut arguments = vec!["--faulty", "none", "--restart", "always:1000"];
    arguments.extend(data.iter().flat_map(|data| ["--data-dir", data]));
    println!("chaos with seed {seed}, {arguments:?}");
    let server = Server::start(&arguments);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let cluster = Arc::new(Cluster::of(&server).await);
        let end = Instant::now() + time;
        let at_work = tokio::spawn(clients(Arc::clone(&cluster), seed, end));
        let mut dice = Dice::new(seed, 0);
        // Without a disk, a process that comes back has no memory for a while: it stays the only one that fails.
        let lasting = data.is_some();
        let only = usize::try_from(dice.below(4)).unwrap();
        let mut troubles = 0;
        while Instant::now() < end && !at_work.is_finished() {
            let victim = if lasting {
                usize::try_from(dice.below(4)).unwrap()
            } else {
                only
            };
            let what = trouble(&cluster, victim, &mut dice).await;
            troubles += 1;
            println!("{troubles}: {what}");
            sleep(Duration::from_millis(dice.below(1000))).await;
        }
        let calls = at_work.await.unwrap();
        println!("seed {seed}: {calls} calls were answered, {troubles} troubles");
        assert!(calls > 0 && troubles > 0);
        same_state(&cluster, &server).await;
        if lasting {
            all_at_once(&cluster, seed).await;
            same_state(&cluster, &server).await;
        }
    });
    server.stop();
}

/// All processes are killed while clients work, and start again.
async fn all_at_once(cluster: &Cluster, seed: u64) {
    let set = insist(cluster.addresses[1], "set kept=42", "keeper".into(), 1).await;
    assert_eq!(set, Answer::Ok);
    let book = Book::default();
    let mut at_work = JoinSet::new();
    for (number, address) in (0..CLIENTS).zip(&cluster.addresses) {
        let (book, dice) = (Arc::clone(&book), Dice::new(seed, 100 + number as u8));
        at_work.spawn(work(book, *address, "last".to_owned(), number, dice));
    }
    for process in (0..4).map(name_of) {
        cluster.command(ProcessKill { process }).await;
    }
    println!("all are killed");
    cluster.all_run().await;
    while let Some(done) = at_work.join_next().await {
        done.unwrap();
    }
    for address in &cluster.addresses {
        let key = "kept".to_owned();
        assert_eq!(call(*address, Read { key }).await.unwrap(), "42");
    }
}

/// A data directory of its own, removed at the end.
fn with_data(name: &str, run: impl FnOnce(&str)) {
    let folder = format!("quorate-chaos-{name}-{}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    run(folder.to_str().unwrap());
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn under_chaos_nothing_acknowledged_is_lost_or_done_twice_and_all_end_in_one_state() {
    with_data("short", |data| {
        chaos(16, Duration::from_secs(30), Some(data));
    });
}

#[test]
fn without_a_data_directory_one_process_may_fail_again_and_again() {
    chaos(17, Duration::from_secs(15), None);
}

#[test]
#[ignore = "ten minutes"]
fn ten_minutes_of_chaos() {
    let now = std::time::SystemTime::now();
    let seed = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    with_data("long", |data| {
        chaos(seed, Duration::from_secs(510), Some(data));
    });
    chaos(seed, Duration::from_secs(90), None);
}
