//! The configuration that one process gets when it starts.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use quorate_protocol::{Config, Digest, Duration, Quorum, ReplicaId};
use quorate_web::config::Address;
use serde::{Deserialize, Serialize};

/// Everything that a process must know: its own index, the other processes, and how it misbehaves.
///
/// The server makes one per process and passes it as one line of JSON on standard input, because it contains the
/// process's secret key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeConfig {
    /// This process's index: 0 is P.
    pub index: u32,
    /// The XML-RPC address of every process, in index order.
    pub addresses: Vec<SocketAddr>,
    /// The cluster's id, fresh at every start (rule 1).
    pub cluster: [u8; 32],
    /// This process's Ed25519 secret key.
    pub secret_key: [u8; 32],
    /// Every process's Ed25519 public key, in index order.
    pub public_keys: Vec<[u8; 32]>,
    /// How this process misbehaves, as `--faulty` writes it (`deny`, `deny:R+S`, ...). `None` if it is correct.
    pub fault: Option<String>,
    /// What it does at random comes from this, and from its index.
    pub seed: u64,
    /// The decision of a round that ends in a tie.
    pub default_decision: String,
    /// How long a backup waits for a request to execute before it asks for the next view, in milliseconds.
    pub view_timeout_ms: u64,
    /// The most requests that the primary puts into one slot.
    pub batch_limit: u32,
    /// How long `finalize_decision` waits for a round to be decided, in milliseconds.
    pub decision_timeout_ms: u64,
    /// Additional Host names under which callers may address this process.
    pub allowed_hosts: Vec<String>,
    /// How often this process was started before in this cluster. Without `data` it has lost what its earlier lives
    /// knew (rule 23).
    pub life: u64,
    /// The file in which the process counts this start (see [`crate::starts`]). `None`: it can only be started once.
    pub starts: Option<PathBuf>,
    /// The file for what the process must not forget (rule 22). `None`: it keeps nothing, so a restart loses its
    /// memory.
    pub data: Option<PathBuf>,
    /// The process takes a checkpoint at least every so many slots; the engine may take more (see
    /// [`Config::with_checkpoint_interval`]). `None`: a default that depends on the number of processes.
    pub checkpoint_interval: Option<u64>,
    /// How often the process sends its standing, in milliseconds. `None`: twice within the view timeout.
    pub status_interval_ms: Option<u64>,
    /// Whether it keeps a trace of what it does.
    pub trace: bool,
    /// The rules of the links, in the words of `--link`. The first that fits a message decides.
    pub links: Vec<String>,
    /// When the server started, in microseconds since 1970. The times of `links` count from then.
    pub started_us: u64,
    /// The percentage of messages to other processes that are lost on purpose: a rule after `links`.
    pub loss_percent: f64,
    /// Where the server that started this process takes commands. `None`: no server supervises it.
    pub control: Option<SocketAddr>,
    /// What the process needs to serve PBFT over HTTP/JSON. `None` if it does not serve it.
    pub web: Option<WebConfig>,
}

impl NodeConfig {
    /// The configuration of the engine. `None` if there is no process.
    pub(crate) fn protocol(&self) -> Option<Config> {
        let n = u32::try_from(self.addresses.len()).ok()?;
        let quorum = Quorum::of(NonZeroU32::new(n)?);
        let view_timeout = Duration::from_millis(self.view_timeout_ms);
        let mut protocol =
            Config::new(ReplicaId(self.index), quorum).with_view_timeout(view_timeout);
        protocol.batch_limit = self.batch_limit as usize;
        if let Some(interval) = self.status_interval_ms {
            protocol.status_interval = Duration::from_millis(interval);
        }
        Some(match self.checkpoint_interval {
            Some(at_most) => protocol.with_checkpoint_interval(at_most),
            None => protocol,
        })
    }

    /// What the dice of a faulty process fall by: the same seed gives the same dice, others at each process.
    pub(crate) fn dice_seed(&self) -> [u8; 32] {
        let parts: [&[u8]; 3] = [
            b"faulty",
            &self.seed.to_le_bytes(),
            &self.index.to_le_bytes(),
        ];
        Digest::of(&parts).0
    }
}

/// PBFT over HTTP/JSON at one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebConfig {
    /// The URL of each process, without a path, in index order.
    pub urls: Vec<String>,
    /// The hosts and ports to which replies may be posted.
    pub clients: Vec<Address>,
    /// How long posting a reply to a client may take, in milliseconds.
    pub reply_timeout_ms: u64,
    /// The file to which decided requests are written.
    pub dump: Option<PathBuf>,
}
