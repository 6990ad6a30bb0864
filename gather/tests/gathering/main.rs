//! Nodes that find each other and found a cluster, in a network of one millisecond where nothing is lost.
#![allow(clippy::unwrap_used)]

mod attempts;
mod founding;
mod liars;
#[cfg(feature = "mutants")]
mod mutants;
mod refusals;
mod restarts;
mod votes;
mod world;
