//! How long callers wait when a process begins to misbehave, or a link to fail, and how long after it is healed all are level again.
//!
//!     cargo bench -p quorate-client --bench recovery
//!
//! Each row has four processes of its own. A caller gives R one operation after the other. Then P, the primary of view 0, gets the
//! behaviour, or all processes get the rule, for some seconds; then it is taken away. The processes are those of `server`, with its
//! usual view timeout of half a second.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot measure has nothing better to do"
)]

mod common;

use std::time::{Duration, Instant};

use clap::Parser;
use quorate_fault::Scene;
use quorate_fault::behaviour::REGISTRY;
use quorate_server::logging::{LogFormat, Logging};
use quorate_server::{Cluster, ClusterConfig};
use quorate_wire::method::{
    FaultClear, FaultSet, LinkSet, ProcessStatus, Status, Submission, Submit,
};
use quorate_wire::{CallError, Caller};
use tabled::builder::Builder;
use tabled::settings::Style;
use tokio::time::sleep;

use common::{four_processes, median};

/// A call that takes longer is one that waits for a recovery.
const SLOW: Duration = Duration::from_millis(150);
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What links do, in the place of a behaviour.
const LINKS: [&str; 6] = [
    "P<->*: cut",
    "*->*: loss 10%",
    "*->*: delay 20ms±10ms",
    "*->*: duplicate 50%",
    "*->*: reorder 30% by 50ms",
    "P->*: rate 4kB/s",
];

#[derive(Parser)]
struct Options {
    /// How often each row is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    turns: u32,
    /// How many seconds the fault lasts
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Cargo passes this to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One row: times in milliseconds.
#[derive(Default)]
struct Row {
    longest: Vec<f64>,
    recovered: Vec<f64>,
    views: Vec<f64>,
    level: Vec<f64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let options = Options::parse();
    let _ = options.bench;
    // A process that forgets does so when it starts again, which is not asked of it here.
    let behaviours = REGISTRY
        .iter()
        .filter(|entry| entry.needs == Scene::Order && entry.name != "amnesia")
        .map(|entry| match entry.name {
            "crash" => "crash",
            _ => entry.example,
        });
    let mut table = Builder::default();
    table.push_record([
        "what goes wrong",
        "longest wait",
        "served again after",
        "view then",
        "all level, once healed",
    ]);
    for what in std::iter::once("none").chain(behaviours).chain(LINKS) {
        let mut row = Row::default();
        for turn in 1..=options.turns {
            eprintln!("{what}: turn {turn} of {}", options.turns);
            row.measure(what, Duration::from_secs(options.seconds))
                .await;
        }
        table.push_record(row.cells(what));
    }
    println!("{}", table.build().with(Style::markdown()));
}

impl Row {
    async fn measure(&mut self, what: &str, lasts: Duration) {
        let cluster = Cluster::start(config()).await.unwrap();
        let callers = cluster.processes().iter();
        let callers: Vec<Caller> = callers
            .map(|process| Caller::new(process.address, PATIENCE))
            .collect();
        for _ in 0..20 {
            let _ = submit(&callers[2]).await;
        }
        go_wrong(&callers, what).await;
        let began = Instant::now();
        let (mut longest, mut recovered) = (Duration::ZERO, Duration::ZERO);
        while began.elapsed() < lasts {
            let asked = Instant::now();
            let answered = submit(&callers[2]).await;
            if asked.elapsed() > SLOW || answered.is_err() {
                recovered = began.elapsed();
            }
            longest = longest.max(asked.elapsed());
        }
        let view = status(&callers[2])
            .await
            .map_or(f64::NAN, |status| status.view as f64);
        self.longest.push(longest.as_secs_f64() * 1e3);
        self.recovered.push(recovered.as_secs_f64() * 1e3);
        self.views.push(view);
        if heal(&callers).await {
            self.level.push(level(&callers).await.as_secs_f64() * 1e3);
        }
        cluster.shutdown().await;
    }

    fn cells(&self, what: &str) -> [String; 5] {
        let times = |times: &Vec<f64>| match median(times.clone()) {
            none if none.is_nan() => "-".to_owned(),
            time => format!("{time:.0} ms"),
        };
        [
            format!("`{what}`"),
            times(&self.longest),
            times(&self.recovered),
            format!("{:.0}", median(self.views.clone())),
            times(&self.level),
        ]
    }
}

fn config() -> ClusterConfig {
    ClusterConfig {
        seed: Some(7),
        logging: Logging {
            format: LogFormat::Text,
            level: "off",
        },
        ..four_processes(Duration::from_millis(500), Duration::from_secs(20))
    }
}

async fn submit(caller: &Caller) -> Result<(), CallError> {
    let submit = Submit {
        operation: "set x=1".to_owned(),
        request: None,
    };
    caller.call(Submission::One(submit)).await.map(drop)
}

async fn status(caller: &Caller) -> Option<ProcessStatus> {
    caller.call(Status::default()).await.ok()?.into_process()
}

async fn go_wrong(callers: &[Caller], what: &str) {
    if what.contains("->") {
        for caller in callers {
            let rules = vec![what.to_owned()];
            caller.call(LinkSet { rules }).await.unwrap();
        }
    } else {
        let behaviour = what.to_owned();
        // One that ends at once may not answer.
        let _ = callers[0].call(FaultSet { behaviour }).await;
    }
}

/// Heals P and all links. False if P has ended.
async fn heal(callers: &[Caller]) -> bool {
    for caller in callers {
        let _ = caller.call(LinkSet { rules: Vec::new() }).await;
    }
    callers[0].call(FaultClear).await.is_ok()
}

/// How long it takes until all have executed the same.
async fn level(callers: &[Caller]) -> Duration {
    let began = Instant::now();
    loop {
        let mut executed = Vec::new();
        for caller in callers {
            executed.extend(status(caller).await.map(|status| status.executed));
        }
        let all = executed.len() == callers.len();
        if (all && executed.iter().min() == executed.iter().max()) || began.elapsed() > PATIENCE {
            return began.elapsed();
        }
        sleep(Duration::from_millis(2)).await;
    }
}
