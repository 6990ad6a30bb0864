//! What one process is told when it starts.

use std::net::SocketAddr;

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
}
