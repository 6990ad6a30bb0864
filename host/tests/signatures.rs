//! How many signatures an operation costs (docs/speed.md, "The floor").
#![allow(clippy::unwrap_used)]

mod four;

use four::Cluster;
use quorate_host::Process;
use quorate_protocol::Time;

/// The signatures that each process has made and checked.
fn counts(cluster: &mut Cluster) -> Vec<(u64, u64)> {
    let count = |process: &mut Process<u64>| {
        let keys = process.keys();
        (keys.signed(), keys.checked())
    };
    cluster.processes.iter_mut().map(count).collect()
}

/// P is the primary: it signs its request and its proposal together, and sends its reply to nobody.
#[test]
fn an_operation_at_the_primary_costs_eleven_signatures_and_eighteen_checks() {
    let mut cluster = Cluster::start();
    cluster.pass();
    // No timer runs out.
    cluster.now = Time(0);
    let before = counts(&mut cluster);
    cluster.submit(0, "set x=1", 1);
    cluster.pass();
    assert_eq!(cluster.answers.len(), 1);
    let after = counts(&mut cluster);
    let cost = after.into_iter().zip(before);
    let cost: Vec<_> = cost
        .map(|((signed, checked), before)| (signed - before.0, checked - before.1))
        .collect();
    assert_eq!(cost, [(2, 6), (3, 4), (3, 4), (3, 4)]);
}
