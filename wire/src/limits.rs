//! The limits of an endpoint, and so of what its methods may answer.

use std::time::Duration;

/// The limits of an endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes of a request's body, before and after decompression.
    pub body: usize,
    /// Bytes of all bodies together, from their arrival until their calls end. An arriving body may count double.
    pub bodies: usize,
    /// Depth of nested XML elements in a request.
    pub depth: usize,
    /// Number of XML elements in a request.
    pub elements: usize,
    /// Calls in one `system.multicall`.
    pub multicall: usize,
    /// Bytes of an answer.
    pub answer: usize,
    /// Open connections. If a new one exceeds the cap, a connection without a request under way is closed, if there is
    /// one.
    pub connections: usize,
    /// Calls in flight.
    pub calls: usize,
    /// Further calls in flight, only for methods with [`Method::RESERVED`](crate::Method::RESERVED).
    pub reserved_calls: usize,
    /// Time for a request's headers.
    pub header_time: Duration,
    /// Time for a request's body, and for the client to take any part of the answer.
    pub body_time: Duration,
    /// Time that a connection may stay unused.
    pub idle: Duration,
    /// Time for a call, a whole `system.multicall` included.
    pub call: Duration,
    /// Time for calls in progress to end after shutdown begins.
    pub grace: Duration,
    /// Hosts, without port, that requests may name beside `localhost`, `127.x.x.x` and `[::1]`.
    pub allowed_hosts: Vec<String>,
    /// Whether requests may name any IP address as their host. For endpoints that listen on all addresses of the
    /// machine.
    pub any_address: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 8 * 1024 * 1024,
            bodies: 64 * 1024 * 1024,
            depth: 64,
            elements: 200_000,
            multicall: 64,
            answer: 512 * 1024,
            connections: 1024,
            calls: 512,
            reserved_calls: 64,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            call: Duration::from_secs(60),
            grace: Duration::from_secs(2),
            allowed_hosts: Vec::new(),
            any_address: false,
        }
    }
}
