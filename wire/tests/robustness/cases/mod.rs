//! The cases: what a caller does, and what it gets.

mod bodies;
mod bombs;
mod callers;
mod characters;

use std::sync::LazyLock;
use std::thread;

use quorate_wire::Limits;

use crate::endpoint::{Process, as_many_as};

/// How many connections idle at once.
const IDLE: usize = 10_000;

/// The open files that an endpoint with few may have.
const FEW_FILES: usize = 256;

/// An endpoint with the usual cap on connections.
static USUAL: LazyLock<Process> =
    LazyLock::new(|| Process::start(Limits::default().connections, None));
/// An endpoint with room for all idle connections.
static ROOMY: LazyLock<Process> = LazyLock::new(|| Process::start(as_many_as(IDLE) + 100, None));
/// An endpoint with fewer files than connections.
static CRAMPED: LazyLock<Process> =
    LazyLock::new(|| Process::start(Limits::default().connections, Some(FEW_FILES)));

/// A case: its name, its endpoint, and what it does to the endpoint.
type Case = (&'static str, &'static LazyLock<Process>, fn(&Process));

macro_rules! cases {
    ($($process:ident: $($module:ident::$case:ident)*;)*) => {
        /// All cases.
        pub(crate) const ALL: &[Case] = &[$($((stringify!($case), &$process, $module::$case)),*),*];
    };
}

cases! {
    USUAL:
        callers::slow_headers
        callers::slow_bodies
        callers::slow_takers
        callers::silent_connections_by_the_thousand
        callers::half_closed
        callers::pipelined
        callers::http_1_0
        callers::expect_100_continue
        callers::hang_ups
        callers::panics
        callers::more_calls_than_are_taken
        callers::what_is_no_http
        callers::endless_heads
        callers::strange_lengths
        callers::chunks
        bodies::nested_values
        bodies::floods
        bodies::entities
        bodies::external_entities
        bombs::gzip
        bombs::large_bodies
        bombs::many_calls
        characters::control
        characters::surrogates
        characters::unicode;
    ROOMY:
        callers::idle_connections_by_the_thousand;
    CRAMPED:
        callers::more_connections_than_files;
}

/// Runs the same call on this many connections at once.
fn at_once(callers: usize, call: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..callers {
            scope.spawn(&call);
        }
    });
}
