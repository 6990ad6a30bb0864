//! What follows from the founding: the node is a process of the cluster.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::join_all;
use quorate_gather::{Founded, Member, NodeId};
use quorate_protocol::{Digest, ReplicaId, Sequence};
use quorate_service::gathering::{Activity, Name, Offer, Plan, Price, Wish};
use quorate_wire::Caller;
use quorate_wire::method::{Status, StatusAnswer};
use tokio::sync::{mpsc, watch};

use super::config::{Ending, GatherConfig, USUAL_LOT};
use super::home;
use super::search::Search;
use super::seeker::News;
use crate::clock::since_1970;
use crate::config::NodeConfig;
use crate::herald::{Gathered, Herald, Outcome, Over, Teller};
use crate::ready::Ready;
use crate::rpc::Handle;
use crate::starts;

/// How long a member waits for what processes do by themselves: offers, reveals and results.
const PATIENCE: quorate_protocol::Duration = quorate_protocol::Duration::from_millis(2_000);
/// How long it waits for what people do: bids and ballots.
const DELIBERATION: quorate_protocol::Duration = quorate_protocol::Duration::from_millis(5_000);
/// How long a node that ends once the activity is over goes on at most for the others.
const LINGER: Duration = Duration::from_secs(10);
/// How long it waits before it asks another member again whether it knows.
const ASK_PAUSE: Duration = Duration::from_millis(100);
/// How long another member may take to answer that.
const ASK_LIMIT: Duration = Duration::from_secs(2);
/// After so many calls that reach nobody, a member has ended.
const TRIES: u32 = 3;
/// Bids that are drawn are from 1 to this.
const MOST_DRAWN: u64 = 100;

/// A node that is a member of a cluster.
pub(super) struct Membership {
    config: NodeConfig,
    names: Vec<Name>,
    plan: Plan,
    members: Vec<NodeId>,
    teller: Teller,
    once: bool,
}

impl Membership {
    pub(super) fn new(
        config: &GatherConfig,
        founded: &Founded,
        search: &Search,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            config: node_config(config, founded, search)?,
            names: names(&founded.members)?,
            plan: plan(config, founded, &search.key, &search.teller)?,
            members: founded.members.iter().map(|member| member.id).collect(),
            teller: search.teller.clone(),
            once: config.once,
        })
    }

    /// Runs the process of the cluster, and beside it what goes on for those who come late.
    pub(super) async fn run(
        self,
        listener: TcpListener,
        search: Search,
        shutdown: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<Ending> {
        let Search {
            mut seeker,
            endpoint: _served_until_stopped,
            stop_endpoint,
            news,
            door,
            ..
        } = search;
        let (herald, outcome) = Herald::new(self.teller);
        let peers = peers(&self.config);
        let gathered = Gathered {
            names: self.names,
            plan: self.plan,
            herald,
        };
        let ready = Ready::new(&self.config, listener, Some(gathered), door.endpoint())?;
        drop(stop_endpoint);
        let moves = pass_on(news, self.members, ready.handle().clone());
        let mut ending = Ending::Stopped;
        let until = async {
            tokio::select! {
                () = shutdown => {}
                over = over(outcome, peers), if self.once => ending = over,
            }
        };
        let ran = tokio::select! {
            ran = ready.run(until) => ran?,
            failed = &mut seeker => return Err(failed.context("the search failed")?),
            () = moves => anyhow::bail!("the search has ended"),
        };
        Ok(match ran {
            crate::Ending::Crashed => Ending::Crashed,
            crate::Ending::ShutDown => ending,
        })
    }
}

/// Tells the process which members listen elsewhere now. Never ends before the search does.
async fn pass_on(mut news: mpsc::UnboundedReceiver<News>, members: Vec<NodeId>, handle: Handle) {
    while let Some(news) = news.recv().await {
        let News::Moved(id, address) = news else {
            continue;
        };
        let moved = (0..)
            .map(ReplicaId)
            .zip(&members)
            .find(|(_, member)| **member == id);
        if let Some((peer, _)) = moved {
            handle.move_peer(peer, address).await;
        }
    }
}

/// What calls the other members.
fn peers(config: &NodeConfig) -> Vec<Caller> {
    let members = (0..).zip(&config.addresses);
    let others = members.filter(|(index, _)| *index != config.index);
    others
        .map(|(_, address)| Caller::new(*address, ASK_LIMIT))
        .collect()
}

/// Waits until the activity is over, and then until the others know it too: they may need this node for its last slots.
async fn over(mut outcome: watch::Receiver<Option<Over>>, peers: Vec<Caller>) -> Ending {
    let over = outcome.wait_for(Option::is_some).await;
    let Some(over) = over.ok().and_then(|over| *over) else {
        // The runtime has ended, and says why.
        return std::future::pending().await;
    };
    let all_know = join_all(peers.iter().map(|peer| knows(peer, over.slot)));
    // A member that is silent, or lies, holds up nobody for longer.
    let _ = tokio::time::timeout(LINGER, all_know).await;
    match over.outcome {
        Outcome::Acted => Ending::Acted,
        Outcome::NothingInCommon => Ending::NothingInCommon,
    }
}

/// Waits until a member has executed this slot, or is not there any more.
async fn knows(peer: &Caller, slot: Sequence) {
    let mut unreachable = 0;
    while unreachable < TRIES {
        match peer
            .call(Status {
                sequence_number: None,
            })
            .await
        {
            Ok(StatusAnswer::Process(status)) if status.executed >= slot.0 => return,
            Err(error) if error.is_unreachable() => unreachable += 1,
            _ => unreachable = 0,
        }
        tokio::time::sleep(ASK_PAUSE).await;
    }
}

fn node_config(
    config: &GatherConfig,
    founded: &Founded,
    search: &Search,
) -> anyhow::Result<NodeConfig> {
    let addresses: Vec<SocketAddr> = founded
        .members
        .iter()
        .filter_map(|member| member.addresses.first().copied())
        .collect();
    anyhow::ensure!(
        addresses.len() == founded.members.len(),
        "a member has no address"
    );
    Ok(NodeConfig {
        index: founded.own.0,
        addresses,
        cluster: founded.cluster.0,
        secret_key: search.key,
        public_keys: founded.public_keys(),
        fault: config.fault.clone(),
        seed: config.seed.map_or_else(draw_seed, Ok)?,
        default_decision: config.default_decision.clone(),
        view_timeout_ms: config.view_timeout_ms,
        batch_limit: config.batch_limit,
        decision_timeout_ms: config.decision_timeout_ms,
        allowed_hosts: config.allowed_hosts.clone(),
        life: lives(search.starts.as_ref())?,
        starts: search.starts.clone(),
        data: search.records.clone(),
        checkpoint_interval: None,
        status_interval_ms: None,
        links: Vec::new(),
        started_us: since_1970(),
        trace: config.trace,
        loss_percent: 0.0,
        control: None,
        web: None,
    })
}

/// A random seed, short enough to be typed.
fn draw_seed() -> anyhow::Result<u64> {
    let [a, b, c, d, ..] = home::draw()?;
    Ok(u32::from_le_bytes([a, b, c, d]).into())
}

/// How often the process was started before.
fn lives(starts: Option<&PathBuf>) -> anyhow::Result<u64> {
    match starts {
        None => Ok(0),
        Some(path) => starts::read(path).with_context(|| path.display().to_string()),
    }
}

/// The names of the members: as many digits of their ids as it takes to tell them apart, but 8 at least.
fn names(members: &[Member]) -> anyhow::Result<Vec<Name>> {
    let ids: Vec<String> = members.iter().map(|member| member.id.full()).collect();
    let names = |digits: usize| ids.iter().map(move |id| id.chars().take(digits).collect());
    let differ = |digits: &usize| {
        let names: std::collections::BTreeSet<String> = names(*digits).collect();
        names.len() == ids.len()
    };
    let digits = (8..=32).find(differ).context("two members have one id")?;
    let names = names(digits).map(|name: String| name.parse());
    Ok(names.collect::<Result<_, _>>()?)
}

/// What the node does by itself. Tells of a bid that the user did not choose.
fn plan(
    config: &GatherConfig,
    founded: &Founded,
    key: &[u8; 32],
    teller: &Teller,
) -> anyhow::Result<Plan> {
    let wishes = if config.offer.services.contains(&Activity::Auction) {
        wishes(&bids(config, key, teller)?)
    } else {
        Vec::new()
    };
    Ok(Plan {
        offer: Some(offer(config, founded)),
        patience: PATIENCE,
        deliberation: DELIBERATION,
        secret: Digest::of(&[b"gathering", key]).0,
        wishes,
    })
}

/// The offer, with the places of those with whom the node does not take part.
fn offer(config: &GatherConfig, founded: &Founded) -> Offer {
    let mut offer = config.offer.clone();
    let members = (0..).map(ReplicaId).zip(&founded.members);
    let unwanted = members.filter(|(_, member)| {
        let id = member.id.full();
        config.without.iter().any(|digits| id.starts_with(digits))
    });
    offer.without.extend(unwanted.map(|(place, _)| place));
    offer
}

/// Each lot is put up by whoever comes first, and all bid.
fn wishes(bids: &[(Name, u64)]) -> Vec<Wish> {
    let wishes = bids.iter().flat_map(|(lot, amount)| {
        [
            Wish::Auction(lot.clone(), Price::of(lot)),
            Wish::Bid(lot.clone(), *amount),
        ]
    });
    wishes.collect()
}

fn bids(
    config: &GatherConfig,
    key: &[u8; 32],
    teller: &Teller,
) -> anyhow::Result<Vec<(Name, u64)>> {
    if !config.bids.is_empty() {
        return Ok(config.bids.clone());
    }
    let Digest(drawn) = Digest::of(&[b"usual bid", key]);
    let amount =
        1 + u64::from(u32::from_le_bytes([drawn[0], drawn[1], drawn[2], drawn[3]])) % MOST_DRAWN;
    teller.tell(
        "act",
        &format!(
            "this node will bid {amount} for '{USUAL_LOT}', a number drawn from its key: --bid LOT=AMOUNT chooses another"
        ),
    );
    Ok(vec![(USUAL_LOT.parse()?, amount)])
}
