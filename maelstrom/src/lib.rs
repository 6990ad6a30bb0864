//! The engine as a node of Maelstrom: one JSON message a line on standard input, and one on standard output.
//!
//! * [`mod@line`]: the messages and how they are written.
//! * [`node`]: the node; lines in, lines out, without I/O and clock.
//! * `member`: what a node is once it knows its cluster: its replica, and what it knows of the others.
//! * `keys`: how the nodes come to know each other's public keys, whoever lies about them.
//! * `request`: what a client asks, and what it is answered.

mod body;
mod keys;
pub mod line;
mod member;
pub mod node;
mod request;
