//! PBFT over HTTP/JSON: its messages, its `pbft.yaml`, and the client side of its calls.
//!
//! * [`config`]: the file.
//! * [`message`]: what clients and nodes send each other.
//! * [`poster`]: sends JSON over pooled connections.

pub mod config;
pub mod message;
pub mod poster;
mod yaml;

pub use config::PbftYaml;
pub use message::{Id, Proposal, Reply};
pub use poster::Poster;
