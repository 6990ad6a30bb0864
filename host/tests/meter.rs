//! What a process counts is what it did.
#![allow(clippy::unwrap_used)]

mod four;

use four::Cluster;
use quorate_host::{Counts, Phase};

fn all(cluster: &Cluster, at: usize) -> Counts {
    let kinds = cluster.processes[at].meter().kinds();
    kinds.fold(Counts::default(), |sum, (_, one)| Counts {
        sent: sum.sent + one.sent,
        sent_bytes: sum.sent_bytes + one.sent_bytes,
        received: sum.received + one.received,
        skipped: sum.skipped + one.skipped,
        refused: sum.refused + one.refused,
        verified: sum.verified + one.verified,
    })
}

#[test]
fn what_is_sent_is_received_and_each_message_is_verified_or_skipped() {
    let mut cluster = Cluster::start();
    for caller in 0..5 {
        cluster.submit(0, &format!("set x={caller}"), caller);
        cluster.pass();
    }
    let counts: Vec<Counts> = (0..4).map(|at| all(&cluster, at)).collect();
    for one in &counts {
        assert_eq!(one.verified + one.skipped, one.received);
        assert_eq!(one.refused, 0);
        assert!(one.sent > 0 && one.sent_bytes > one.sent);
    }
    let sum = |of: fn(&Counts) -> u64| counts.iter().map(of).sum::<u64>();
    assert_eq!(sum(|one| one.sent), sum(|one| one.received));
    assert!(sum(|one| one.skipped) > 0, "no quorum was there already");
}

#[test]
fn each_executed_slot_has_gone_through_each_phase() {
    let mut cluster = Cluster::start();
    for caller in 0..5 {
        cluster.submit(0, &format!("set x={caller}"), caller);
        cluster.pass();
    }
    for process in &cluster.processes {
        let (meter, slots) = (process.meter(), process.replica().executed().0);
        assert!(slots > 0);
        assert_eq!(meter.batches().total(), slots);
        assert_eq!(meter.batches().sum(), 5);
        for phase in Phase::ALL {
            assert_eq!(meter.phase(phase).total(), slots, "{phase:?}");
        }
        assert_eq!((meter.view_changes(), meter.rejected()), (0, 0));
    }
}

#[test]
fn a_view_change_is_counted_and_its_time_is_in_the_phases() {
    let mut cluster = Cluster::start();
    cluster.cut_off = Some(0);
    cluster.submit(1, "set x=1", 1);
    for _ in 0..50 {
        cluster.pass();
    }
    let process = &cluster.processes[1];
    assert_eq!(process.replica().executed().0, 1);
    assert_eq!(
        process.meter().view_changes(),
        process.replica().status().view.0
    );
    assert!(process.meter().view_changes() > 0);
}
