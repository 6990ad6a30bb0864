//! The libraries that a server of xmlrpc-c is linked with.
#![allow(
    unreachable_pub,
    reason = "a test and a benchmark compile it as their own"
)]

/// The libraries of Abyss.
pub const LIBRARIES: [&str; 6] = [
    "-lxmlrpc_server_abyss",
    "-lxmlrpc_server",
    "-lxmlrpc_abyss",
    "-lxmlrpc",
    "-lxmlrpc_util",
    "-lpthread",
];
