//! Scenarios
mod harness;
