//! What a node that looks for others is told at its start.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;
use quorate_fault::{Joins, grammar};
use quorate_gather::{
    Group, Invitation, NodeId, ParseNodeIdError, Secret, Settings, SettingsError, Way,
};
use quorate_protocol::SecretKey;
use quorate_service::gathering::{Name, Offer};
use serde::{Deserialize, Serialize};

/// What a node that looks for others is told at its start.
///
/// A server that starts several nodes passes it to each as one line of JSON on standard input, because it may contain a secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GatherConfig {
    /// Where others reach the node.
    pub address: SocketAddr,
    /// The group in which it looks for others.
    pub group: Group,
    /// n: how many nodes the cluster will have.
    pub nodes: u32,
    /// Who may take part.
    pub entry: Pass,
    /// Addresses at which there may be other nodes.
    pub join: Vec<Join>,
    /// Where it looks for others by multicast DNS, and is found.
    pub mdns: Mdns,
    /// What it offers to do, and on what terms.
    pub offer: Offer,
    /// The first digits of the ids of nodes with which it does not take part.
    pub without: Vec<String>,
    /// The amount that it bids for each lot. Empty: it bids for [`USUAL_LOT`], an amount drawn from its key.
    pub bids: Vec<(Name, u64)>,
    /// The folder in which its key and its state last. `None`: they end with it.
    pub data_dir: Option<PathBuf>,
    /// Whether it ends once the activity is over.
    pub once: bool,
    /// It ends if no cluster is founded within this time, in milliseconds. `None`: it waits for ever.
    pub wait_ms: Option<u64>,
    /// How it misbehaves, as `--faulty` writes it. `None` if it is correct.
    pub fault: Option<String>,
    /// What it does at random comes from this. `None`: from a number that is drawn at the start.
    pub seed: Option<u64>,
    /// The decision of a round that ends in a tie.
    pub default_decision: String,
    /// How long a backup waits for a request to execute before it asks for the next view, in milliseconds.
    pub view_timeout_ms: u64,
    /// The most requests that the primary puts into one slot.
    pub batch_limit: u32,
    /// How long `finalize_decision` waits for a round to be decided, in milliseconds.
    pub decision_timeout_ms: u64,
    /// Additional Host names under which callers may address the node.
    pub allowed_hosts: Vec<String>,
    /// Whether it keeps a trace of what it does as a member of the cluster.
    pub trace: bool,
}

/// The lot for which a node bids that was not told for which.
pub const USUAL_LOT: &str = "lamp";

/// What lets a node in.
#[derive(Clone, Serialize, Deserialize)]
pub enum Pass {
    /// Nothing is needed: the group is open.
    Open,
    /// The secret that all nodes of the group share.
    Secret(Vec<u8>),
    /// An invitation: the public keys of all seats, and the secret key of the node's own seat.
    Invited {
        /// One for each node of the cluster.
        seats: Vec<[u8; 32]>,
        /// The secret key of one of them.
        seat: [u8; 32],
    },
}

/// It must not be printed.
impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Secret(_) => "a secret",
            Self::Invited { .. } => "an invitation",
        })
    }
}

/// Where a node uses multicast DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mdns {
    /// Nowhere.
    Off,
    /// On the loopback interface.
    Loopback,
    /// On the network of its address.
    Lan,
}

/// An address at which there may be another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The address.
    pub address: SocketAddr,
    /// The node that must answer there. `None`: any node.
    pub id: Option<NodeId>,
}

/// Why a node ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was told to stop.
    Stopped,
    /// It crashed, as its fault says.
    Crashed,
    /// The activity is over.
    Acted,
    /// The members have no activity in common.
    NothingInCommon,
    /// The cluster was founded without it.
    TooLate,
    /// Too few nodes came in time.
    TooFew,
}

impl GatherConfig {
    /// How it looks for others. `None`: as one correct node.
    ///
    /// # Errors
    /// Its behaviour is none.
    pub(super) fn joins(&self) -> anyhow::Result<Option<Joins>> {
        let Some(words) = &self.fault else {
            return Ok(None);
        };
        let n = NonZeroU32::new(self.nodes).context("a cluster has 2 nodes or more")?;
        Ok(grammar::parse_before_founding(words, n)?.joins())
    }

    /// What the state machine is told.
    ///
    /// # Errors
    /// No node can start with this.
    pub fn settings(&self) -> Result<Settings, SettingsError> {
        let way = match &self.entry {
            Pass::Open => Way::Open,
            Pass::Secret(secret) => Way::Secret(Secret::new(secret.clone())?),
            Pass::Invited { seats, seat } => Way::Invited(Invitation {
                seats: seats.clone(),
                seat: SecretKey::new(seat),
            }),
        };
        let settings = Settings {
            group: self.group.clone(),
            nodes: self.nodes,
            addresses: vec![self.address],
            way,
            pace: quorate_gather::Pace::default(),
        };
        settings.check()?;
        Ok(settings)
    }
}

/// Why a text is no address of another node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum BadJoin {
    #[error(transparent)]
    Id(#[from] ParseNodeIdError),
    #[error("{0}: write HOST:PORT, such as 127.0.0.1:9000")]
    Address(String),
}

/// Reads `[ID@]HOST:PORT`.
impl FromStr for Join {
    type Err = BadJoin;

    fn from_str(text: &str) -> Result<Self, BadJoin> {
        let (id, address) = match text.split_once('@') {
            Some((id, address)) => (Some(id.parse()?), address),
            None => (None, text),
        };
        let resolved = address.to_socket_addrs();
        let mut addresses = resolved.map_err(|cause| BadJoin::Address(cause.to_string()))?;
        let first = addresses.next();
        let address =
            first.ok_or_else(|| BadJoin::Address("the host has no address".to_owned()))?;
        Ok(Self { address, id })
    }
}
