//! A node that looks for others, founds a cluster with them, and then is a process of that cluster.
//!
//! * `config`: what it is told. `home`: what it keeps.
//! * `search`: the node before its founding. `seeker`: the task that drives the state machine of `quorate-gather`. `door`, `calls` and `mdns` are its surroundings.
//! * `liar`: a program that joins with many keys, or again and again.
//! * `member`: what follows from the founding. `herald`: what it tells of the order.

mod calls;
mod config;
mod door;
mod home;
mod liar;
mod mdns;
mod member;
mod search;
mod seeker;

use std::net::TcpListener;
use std::time::Duration;

use quorate_fault::Joins;

use self::member::Membership;
use self::search::Search;

pub use crate::herald::{Line, Tell};
pub use config::{BadJoin, Ending, GatherConfig, Join, Mdns, Pass, USUAL_LOT};

/// Runs a node until `shutdown` completes, or until it ends as configured. `tell` takes the lines for the user.
///
/// # Errors
/// The configuration, the listener or the data directory is not usable.
pub async fn run(
    config: GatherConfig,
    listener: TcpListener,
    tell: Tell,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<Ending> {
    match config.joins()? {
        None => run_one(config, listener, tell, shutdown).await,
        Some(Joins::Keys(keys)) => liar::with_keys(keys, config, listener, tell, shutdown).await,
        Some(Joins::Again) => liar::again_and_again(config, listener, tell, shutdown).await,
    }
}

/// Runs a node that looks for others as a correct one does.
async fn run_one(
    config: GatherConfig,
    listener: TcpListener,
    tell: Tell,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<Ending> {
    let mut shutdown = std::pin::pin!(shutdown);
    let mut search = Search::start(&config, &listener, tell)?;
    let founded = tokio::select! {
        outcome = search.end(config.once) => outcome?,
        () = waited(config.wait_ms) => {
            search.teller.tell("discover", "too few nodes came in time: this node ends");
            Err(Ending::TooFew)
        }
        () = &mut shutdown => Err(Ending::Stopped),
    };
    let founded = match founded {
        Ok(founded) => founded,
        Err(ending) => {
            search.stop().await;
            return Ok(ending);
        }
    };
    let member = Membership::new(&config, &founded, &search)?;
    member.run(listener, search, shutdown).await
}

/// Completes after so many milliseconds; never for `None`.
async fn waited(milliseconds: Option<u64>) {
    match milliseconds {
        Some(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        None => std::future::pending().await,
    }
}
