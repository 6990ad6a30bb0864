//! View changes among replicas that know different things: scenarios 16 to 18.

use crate::LONG;
use crate::certificates::stale_certificate;
use crate::harness::Network;
use quorate_protocol::{Duration, SignedMessage};

#[test]
fn scenario_16_a_replica_joins_the_lowest_of_f_plus_1_higher_views() {
    let mut net = Network::new(4);

    let f = net.deliver(3, SignedMessage::ViewChange(net.wish(0, 5, Vec::new())));
    let stayed = net.view(3);
    net.deliver(3, SignedMessage::ViewChange(net.wish(1, 2, Vec::new())));

    assert_eq!(f, []);
    assert_eq!(stayed, (0, true));
    assert_eq!(net.view(3), (2, false));
}

#[test]
fn scenario_17_progress_returns_after_a_partition_during_a_view_change() {
    let mut net = Network::new(4);
    net.crash(0);
    net.submit(1, 1);
    net.run();
    for i in 1..4 {
        for j in 1..i {
            net.cut(i, j);
        }
    }
    net.run_for(LONG);

    net.heal();
    net.run_for(LONG);

    assert!(net.all_executed(&[(1, 1)]));
    assert!(net.nobody_is_accused());
}

/// R alone saw the quorum for view 1 and went on to view 2. With P down, the others cannot do without R.
#[test]
fn scenario_17_progress_returns_when_one_replica_is_a_view_ahead_of_the_others() {
    let mut net = Network::new(4);
    net.crash(0);
    net.drop_if(|parcel| parcel.from == 2 && !matches!(&parcel.message, SignedMessage::Request(_)));
    net.submit(3, 1);
    net.run_for(Duration::from_millis(1100));
    assert_eq!(
        [net.view(1), net.view(2), net.view(3)],
        [(1, false), (2, false), (1, false)]
    );

    net.release();
    net.run_for(LONG);

    assert!(net.all_executed(&[(3, 1)]));
    assert!(net.nobody_is_accused());
}

/// The others executed the slot in view 1 and ask for nothing. Still they must run it again in view 2, because the
/// laggard needs their votes.
#[test]
fn scenario_17_a_laggard_gets_votes_that_were_lost_for_a_slot_that_others_executed_in_an_older_view()
 {
    let mut net = stale_certificate(false, true);

    net.release();
    net.run_for(LONG);

    assert!(net.all_executed(&[(0, 1), (1, 1), (2, 1)]));
}

#[test]
fn scenario_18_a_new_view_ahead_of_its_view_changes_completes() {
    let mut net = Network::new(4);
    net.hold_if(|parcel| matches!(&parcel.message, SignedMessage::ViewChange(_)) && parcel.to == 3);
    net.crash(0);
    net.submit(1, 1);
    net.run_for(LONG);
    let ahead = net.view(3);

    net.release();
    net.run_for(LONG);

    assert_eq!(ahead, (1, true));
    for i in 1..4 {
        assert_eq!(net.view(i), (1, true));
    }
    assert!(net.all_executed(&[(1, 1)]));
}
