//! Nodes for unit tests.

use std::net::SocketAddr;

use quorate_protocol::SecretKey;

use crate::settings::{Group, Pace, Settings, Way};

/// A node's address.
pub(super) fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The settings of a node of an open group.
pub(super) fn settings(port: u16, nodes: u32) -> Settings {
    Settings {
        group: Group::default(),
        nodes,
        addresses: vec![at(port)],
        way: Way::Open,
        pace: Pace::default(),
    }
}

/// A node's key.
pub(super) fn key(port: u16) -> SecretKey {
    SecretKey::simulated(&format!("node {port}"))
}
