//! A program that misbehaves while it looks for others. Each node that it makes others see is a correct one.

use std::net::TcpListener;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::join_all;
use tokio::sync::watch;

use super::calls::Calls;
use super::config::{Ending, GatherConfig, Join};
use super::home::draw;
use super::search::Search;
use super::{Tell, run_one};

/// How long one node of a flood lives.
const LIFE: Duration = Duration::from_millis(400);

/// Runs as many nodes as it has keys, on ports of their own. They find each other through the first, and only the first keeps anything.
pub(super) async fn with_keys(
    keys: u32,
    config: GatherConfig,
    listener: TcpListener,
    tell: Tell,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<Ending> {
    let stop = watch::Sender::new(false);
    let config = GatherConfig {
        fault: None,
        ..config
    };
    let sisters = (1..keys).map(|_| {
        let (sister, tell, mut stopped) = (sister(&config), tell.clone(), stop.subscribe());
        async move {
            let stopped = async {
                // The first node has ended, also if it is gone without a word.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            let ended = async {
                let (config, listener) = sister?;
                run_one(config, listener, tell, stopped).await
            };
            if let Err(error) = ended.await {
                tracing::error!("a node of the sybil failed: {error:#}");
            }
        }
    });
    let sisters = join_all(sisters);
    let first = async {
        let ending = run_one(config.clone(), listener, tell.clone(), shutdown).await;
        stop.send_replace(true);
        ending
    };
    let (ending, _) = tokio::join!(first, sisters);
    ending
}

/// What another node of the program is told at its start.
fn sister(config: &GatherConfig) -> anyhow::Result<(GatherConfig, TcpListener)> {
    let listener = TcpListener::bind((config.address.ip(), 0)).context("a port for another key")?;
    let first = Join {
        address: config.address,
        id: None,
    };
    let mut sister = GatherConfig {
        address: listener.local_addr()?,
        data_dir: None,
        ..config.clone()
    };
    sister.join.push(first);
    Ok((sister, listener))
}

/// Starts a node with a new key again and again, and sends bytes that are no packets to those whom it was told to join.
pub(super) async fn again_and_again(
    config: GatherConfig,
    listener: TcpListener,
    tell: Tell,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<Ending> {
    let config = GatherConfig {
        data_dir: None,
        fault: None,
        ..config
    };
    let mut shutdown = std::pin::pin!(shutdown);
    let mut calls = Calls::default();
    loop {
        let search = Search::start(&config, &listener, tell.clone())?;
        for join in &config.join {
            calls.send(join.address, draw()?.to_vec());
        }
        let ends = tokio::select! {
            () = tokio::time::sleep(LIFE) => false,
            () = &mut shutdown => true,
        };
        search.stop().await;
        if ends {
            return Ok(Ending::Stopped);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::{Arc, Mutex};

    use quorate_wire::method::GatherTell;
    use quorate_wire::{Endpoint, Limits};
    use tokio::sync::mpsc;

    use super::*;
    use crate::gather::search::tests::config;

    #[tokio::test]
    async fn who_joins_again_and_again_has_new_keys_and_sends_bytes_that_are_no_packets() {
        let there = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = there.local_addr().unwrap();
        let (packets, mut arrived) = mpsc::unbounded_channel();
        let endpoint = Endpoint::new().method_from(move |call: GatherTell, _| {
            let taken = packets.send(call.packet).is_ok();
            async move { Ok(taken) }
        });
        let endpoint = endpoint.limits(Limits::default());
        tokio::spawn(endpoint.serve(there, std::future::pending()));

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = config(&listener, None);
        config.join.push(Join { address, id: None });
        let nodes = Arc::<Mutex<BTreeSet<String>>>::default();
        let known = Arc::clone(&nodes);
        let tell: Tell = Arc::new(move |line| {
            known.lock().unwrap().insert(line.node.to_owned());
        });
        let seen = async {
            let mut garbage = 0;
            while garbage == 0 || nodes.lock().unwrap().len() < 3 {
                let packet = arrived.recv().await.unwrap();
                // No packet is as short as a random number.
                garbage += usize::from(packet.len() == 32);
            }
        };
        let runs = again_and_again(config, listener, tell, seen);
        let ending = tokio::time::timeout(Duration::from_secs(60), runs).await;
        assert_eq!(ending.unwrap().unwrap(), Ending::Stopped);
    }
}
