//! A node before its founding, and what goes on afterwards for those who come late.

use std::net::{IpAddr, TcpListener};
use std::path::PathBuf;

use anyhow::Context as _;
use quorate_gather::{Founded, Gathering, MOST_BYTES};
use quorate_protocol::SecretKey;
use quorate_wire::Limits;
use tokio::sync::{mpsc, oneshot, watch};

use super::calls::Calls;
use super::config::{Ending, GatherConfig};
use super::door::Door;
use super::home::{self, Home, RECORDS, STARTS};
use super::mdns::{self, Announcement};
use super::seeker::{News, Seeker};
use crate::herald::{Tell, Teller};
use crate::ready::listening;
use crate::task::Task;

/// The most hints of multicast DNS that wait.
const HINTS: usize = 64;

/// A node before its founding, and what goes on afterwards for those who come late.
pub(super) struct Search {
    pub(super) seeker: Task<anyhow::Error>,
    pub(super) endpoint: Task<std::io::Result<()>>,
    pub(super) stop_endpoint: oneshot::Sender<()>,
    pub(super) news: mpsc::UnboundedReceiver<News>,
    pub(super) door: Door,
    pub(super) teller: Teller,
    pub(super) key: [u8; 32],
    pub(super) records: Option<PathBuf>,
    /// The node is announced as long as it runs.
    _announcement: Option<Announcement>,
    pub(super) starts: Option<PathBuf>,
}

impl Search {
    pub(super) fn start(
        config: &GatherConfig,
        listener: &TcpListener,
        tell: Tell,
    ) -> anyhow::Result<Self> {
        let home = Home::open(config.data_dir.as_deref())?;
        let (key, records, starts) = (home.key(), home.file(RECORDS), home.file(STARTS));
        let gathering = gathering(config, &home)?;
        let teller = Teller::new(gathering.id(), tell);
        let (door, packets) = Door::new();
        let (tell_news, news) = mpsc::unbounded_channel();
        let (waits, why) = watch::channel("this node has just started".to_owned());
        let (hints, hinted) = mpsc::channel(HINTS);
        let announcement = mdns::start(config, gathering.id(), &teller, hints);
        let seeker = Seeker {
            gathering,
            home,
            teller: teller.clone(),
            packets,
            hints: hinted,
            address: config.address,
            joins: config.join.clone(),
            news: tell_news,
            waits,
            calls: Calls::default(),
        };
        let listener = listening(
            listener
                .try_clone()
                .context("the listener cannot be used")?,
        )?;
        let (stop_endpoint, stopped) = oneshot::channel();
        let endpoint = door.clone().before_founding(why).limits(limits(config));
        Ok(Self {
            seeker: Task::spawn(seeker.run()),
            endpoint: Task::spawn(endpoint.serve(listener, async {
                let _ = stopped.await;
            })),
            stop_endpoint,
            news,
            door,
            teller,
            key,
            records,
            starts,
            _announcement: announcement,
        })
    }

    /// Waits for the founding. The inner error: the node ends without one.
    pub(super) async fn end(&mut self, once: bool) -> anyhow::Result<Result<Founded, Ending>> {
        loop {
            tokio::select! {
                Some(news) = self.news.recv() => match news {
                    News::Founded(founded) => return Ok(Ok(*founded)),
                    News::Watches if once => return Ok(Err(Ending::TooLate)),
                    News::Watches | News::Moved(..) => {}
                },
                failed = &mut self.seeker => return Err(failed.context("the search failed")?),
                ended = &mut self.endpoint => {
                    ended.context("the endpoint failed")?.context("the endpoint failed")?;
                    anyhow::bail!("the endpoint has ended");
                }
            }
        }
    }

    pub(super) async fn stop(self) {
        drop(self.seeker);
        drop(self.stop_endpoint);
        if let Err(error) = self.endpoint.await {
            tracing::error!(%error, "the endpoint failed");
        }
    }
}

fn gathering(config: &GatherConfig, home: &Home) -> anyhow::Result<Gathering> {
    let (settings, key) = (config.settings()?, SecretKey::new(&home.key()));
    let seed = home::draw()?;
    Ok(match home.memory() {
        None => Gathering::new(settings, key, seed)?,
        Some(memory) => Gathering::restore(settings, key, seed, memory)?,
    })
}

/// The limits of the endpoint before the founding. XML-RPC makes 4 bytes of 3, and needs some around them.
fn limits(config: &GatherConfig) -> Limits {
    let mut allowed_hosts = config.allowed_hosts.clone();
    allowed_hosts.push(match config.address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    });
    Limits {
        allowed_hosts,
        body: MOST_BYTES.div_ceil(3).saturating_mul(4) + 1024,
        ..Limits::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(super) mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::Arc;

    use quorate_service::gathering::Offer;

    use super::{GatherConfig, Home, Search, TcpListener};
    use crate::gather::{Mdns, Pass};

    /// A node of a group of 4 that knows nobody.
    pub(in crate::gather) fn config(
        listener: &TcpListener,
        data_dir: Option<PathBuf>,
    ) -> GatherConfig {
        GatherConfig {
            address: listener.local_addr().unwrap(),
            group: "a-search".parse().unwrap(),
            nodes: 4,
            entry: Pass::Open,
            join: Vec::new(),
            mdns: Mdns::Off,
            offer: Offer::parse("auction").unwrap(),
            without: Vec::new(),
            bids: Vec::new(),
            data_dir,
            once: false,
            wait_ms: None,
            fault: None,
            seed: None,
            default_decision: "retreat".to_owned(),
            view_timeout_ms: 1_000,
            batch_limit: 16,
            decision_timeout_ms: 1_000,
            trace: false,
            allowed_hosts: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_search_that_is_dropped_leaves_its_data_directory_to_the_next_node() {
        let folder = std::env::temp_dir().join(format!("quorate-search-{}", std::process::id()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let config = config(&listener, Some(folder.clone()));
        let search = Search::start(&config, &listener, Arc::new(|_| {})).unwrap();
        assert!(Home::open(Some(&folder)).is_err(), "the search has it");
        drop(search);
        let mut next = Home::open(Some(&folder));
        for _ in 0..100 {
            if next.is_ok() {
                break;
            }
            tokio::task::yield_now().await;
            next = Home::open(Some(&folder));
        }
        assert!(next.is_ok(), "{:#}", next.err().unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
