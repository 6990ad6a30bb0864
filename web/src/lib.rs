//! PBFT over HTTP/JSON: what its messages and its `pbft.yaml` look like, and who calls.
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
