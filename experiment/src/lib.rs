//! Experiments with live processes: each is a list of measurements that differ in one thing, and what theory says of them.
//!
//! * [`Case`]: what is measured at one point. [`Runs`]: all points, in turns, and what came of them, [`Found`]. `latencies`: of each call.
//! * One file for each experiment, in the order of [`ALL`].

mod case;
mod clients;
mod latencies;
mod load;
mod overhead;
mod reads;
mod runs;

pub use case::{Case, Experiment, Size};
pub use runs::{Ended, Found, Runs};

/// All experiments, in the order of a report.
pub const ALL: [Experiment; 4] = [
    overhead::EXPERIMENT,
    reads::EXPERIMENT,
    clients::EXPERIMENT,
    load::EXPERIMENT,
];

/// The experiment of this name.
#[must_use]
pub fn find(name: &str) -> Option<Experiment> {
    ALL.into_iter().find(|one| one.name == name)
}
