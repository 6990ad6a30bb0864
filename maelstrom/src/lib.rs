//! The engine as a Maelstrom node: one JSON message per line on standard input, and one on standard output.
//!
//! * [`mod@line`]: reading and writing messages.
//! * [`settings`]: what a node is started with.
//! * [`node`]: the node. Lines go in and out; it does no I/O and has no clock.
//! * `member`: a node that knows its cluster: its replica, and what it knows about the others.
//! * `keys`: how the nodes learn each other's public keys, even if some lie about them.
//! * `request`: the requests of clients, and their answers.

mod body;
mod keys;
pub mod line;
mod member;
pub mod node;
mod request;
pub mod settings;
