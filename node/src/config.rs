//! What one process is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;

use quorate_web::config::Address;
use serde::{Deserialize, Serialize};

/// Everything that a process needs to know: who it is, who the others are, and how it is to misbehave.
///
/// The server makes one per process and hands it over as one line of JSON on standard input, because it holds the
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
    /// How this process misbehaves, in the words of `--faulty` (`deny`, `deny:R+S`, ...); `None` if it is correct.
    pub fault: Option<String>,
    /// What a tie decides.
    pub default_decision: String,
    /// How long a backup waits for a request to execute before it asks for the next view, in milliseconds.
    pub view_timeout_ms: u64,
    /// How many requests the primary puts into one slot at most.
    pub batch_limit: u32,
    /// How long `finalize_decision` waits for a round to be decided, in milliseconds.
    pub decision_timeout_ms: u64,
    /// Further Host names under which callers may address this process.
    pub allowed_hosts: Vec<String>,
    /// How often this process was started before in this cluster; what an earlier life knew is lost (rule 23).
    pub life: u64,
    /// Where it keeps what it must not forget (rule 22); `None`: nowhere, and whoever starts again has lost its memory.
    pub data: Option<PathBuf>,
    /// K, and with it L = 2K; `None`: what suits the number of processes.
    pub checkpoint_interval: Option<u64>,
    /// How often it says where it stands, in milliseconds; `None`: twice within the view timeout.
    pub status_interval_ms: Option<u64>,
    /// How many of a hundred messages to other processes are lost on purpose.
    pub loss_percent: f64,
    /// What it needs to serve PBFT over HTTP/JSON; `None` if it does not.
    pub web: Option<WebConfig>,
}

/// PBFT over HTTP/JSON at one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WebConfig {
    /// Under which URL each process is asked, without a path, in index order.
    pub urls: Vec<String>,
    /// The hosts and ports to which replies may be posted.
    pub clients: Vec<Address>,
    /// How long a client may take for a reply, in milliseconds.
    pub reply_timeout_ms: u64,
    /// Where the decided requests are written to.
    pub dump: Option<PathBuf>,
}
