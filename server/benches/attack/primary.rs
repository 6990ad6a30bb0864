//! The loss of a primary in the middle of its work, with the longest checkpoint interval that a `pbft.yaml` may have.

use std::time::Duration;

use crate::support::nodes::{Nodes, Settings};
use crate::support::takeover::{Load, fill_window, time_to_go_on, view};
use crate::{Measured, Row};

/// The time after which a backup leaves its primary.
const TIME_OUT: Duration = Duration::from_secs(2);
const LOAD: Load = Load {
    requests: 400,
    bytes: 60_000,
};
const WHAT: &str = "ckpt_interval 10000, 400 requests of 60 kB under way, most slots of the window in use, primary killed: \
                    time until the other three have executed a new request";
const LIMIT: &str = "three times network_timeout";

pub(crate) const IN_MEMORY: Row = Row {
    name: "primary",
    what: WHAT,
    limit: LIMIT,
    measure: || measure(false),
};

pub(crate) const ON_DISK: Row = Row {
    name: "primary-data-dir",
    what: "the same with --data-dir, and the killed primary started again",
    limit: LIMIT,
    measure: || measure(true),
};

fn measure(lasts: bool) -> Measured {
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 10_000,
        network_timeout: TIME_OUT.as_secs_f64(),
        lasts,
        ..Settings::default()
    });
    let slots = fill_window(&nodes, LOAD);
    nodes.kill(0);
    let mut taken = time_to_go_on(&nodes, &[1, 2, 3]);
    let mut found = format!("{slots} slots, {taken:.2?}, view {}", view(&nodes, 1));
    if lasts {
        nodes.start_again(0);
        let back = time_to_go_on(&nodes, &[0, 1, 2, 3]);
        found += &format!(", and {back:.2?} with the old primary, once it answers");
        taken = taken.max(back);
    }
    Measured {
        found: format!("{found} (network_timeout {TIME_OUT:.0?})"),
        good: taken < 3 * TIME_OUT,
    }
}
