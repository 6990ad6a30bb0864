//! What a node is started with.

use quorate_protocol::Duration;

/// The options of the command line.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a backup waits for a request to execute before it asks for another primary.
    pub view_timeout: Duration,
    /// How long a client waits before it is told that its operation may execute or not.
    pub timeout: Duration,
    /// Random bytes. The secret key and the client names of this life are made from them.
    pub seed: [u8; 32],
}
