//! Nodes that know nothing of each other find each other, agree and act.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod examples;
mod found;
mod liars;
mod refusals;
mod restarts;
mod two_terminals;
mod waits;
