//! Requests, reads and replies: scenarios 22 to 24 and 27.

use crate::harness::{K, L, Network, is_normal};
use crate::{LONG, SOON};
use quorate_protocol::client::Read;
use quorate_protocol::{ClusterId, Duration, Effect, Misbehaviour, SignedMessage};

#[test]
fn scenario_22_messages_of_an_older_cluster_and_older_requests_are_refused() {
    let mut net = Network::new(4);
    let earlier_life = Network::in_cluster(ClusterId([7; 32]), 4, |_| {});
    let m = earlier_life.batch(0, 1);
    let strangers = [
        SignedMessage::Request(earlier_life.request(0, 1)),
        earlier_life.pre_prepare(0, 0, 1, &m),
        earlier_life.prepare(1, 0, 1, &m),
        earlier_life.commit(1, 0, 1, &m),
        SignedMessage::ViewChange(earlier_life.wish(1, 1, Vec::new())),
    ];
    for message in strangers {
        let refused = net.deliver(3, message);
        assert!(
            matches!(
                refused[..],
                [Effect::Reject(Misbehaviour::BadSignature { .. })]
            ),
            "{refused:?}"
        );
    }

    for timestamp in 1..=K {
        net.submit_for(1, "c", timestamp);
        net.run();
    }
    net.crash(3);
    net.restart(3);
    let old = net.named_request(1, "c", K - 1);
    let refused = net.deliver(3, SignedMessage::Request(old));
    assert!(
        matches!(
            refused[..],
            [Effect::Reject(Misbehaviour::OldTimestamp { .. })]
        ),
        "{refused:?}"
    );
}

#[test]
fn scenario_23_a_read_never_goes_back_in_time_and_f_stale_answers_are_not_believed() {
    let mut net = Network::new(4);
    // D gets no slot, so its answers are stale.
    net.drop_if(|parcel| parcel.to == 3 && is_normal(&parcel.message));
    net.submit_for(1, "c", 1);
    net.run();
    assert_eq!(net.results(1).len(), 1, "the write is acknowledged");

    // C answers late. Of the three other answers one is stale, so there is no quorum yet.
    net.hold_if(|parcel| parcel.from == 2 && matches!(parcel.message, SignedMessage::Answer(_)));
    net.ask(0, b"count");
    net.run();
    assert_eq!(net.reads(0), []);
    net.release();
    net.run();
    assert_eq!(net.reads(0), [Read::Agreed(b"count = 1".to_vec())]);
}

#[test]
fn scenario_24_clients_get_answers_while_the_primary_starves_f_replicas() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| (parcel.from, parcel.to) == (0, 3) && is_normal(&parcel.message));
    for timestamp in 1..=3 * L {
        net.submit_for(3, "c", timestamp);
        net.run_for(Duration::from_millis(600));
        assert_eq!(net.results(3).len() as u64, timestamp);
    }
    assert_eq!(net.executed(3).len(), net.executed(0).len());
    assert!(net.nobody_is_accused());
}

#[test]
fn scenario_27_a_client_that_asks_only_backups_causes_no_storm_of_view_changes() {
    let mut net = Network::new(4);
    for timestamp in 1..=100 {
        let request = net.named_request(3, "c", timestamp);
        let primary = u32::try_from(net.view(1).0 % 4).expect("it is a replica");
        for backup in (0..4).filter(|i| *i != primary) {
            net.deliver(backup, SignedMessage::Request(request.clone()));
        }
        net.run_for(SOON);
        assert!((0..4).all(|i| net.executed(i).len() as u64 == timestamp));
    }
    // Backups send a request on once it has waited for a while. So the primary is slow with each request of this client,
    // and rule 18 asks for a pace whoever is to blame: a primary that holds requests back for as long looks the same. This
    // costs what a slow network costs. The backups leave f primaries, here one; then a primary may be as slow as those
    // were for 64 T, and for twice as long after each that is left. A primary that becomes a backup has seen no slow one
    // yet, so it may ask for one view more.
    let view = net.view(1);
    assert!(view.1 && view.0 <= 3, "{view:?}");
    let together = (0..4).filter(|i| net.view(*i) == view).count();
    assert!(together >= 3, "a quorum is in one view");

    // A request with an invalid signature comes from no client, so no backup waits for it.
    let stranger = Network::in_cluster(ClusterId([7; 32]), 4, |_| {});
    for backup in [1, 2] {
        net.deliver(backup, SignedMessage::Request(stranger.request(3, 1)));
    }
    net.run_for(LONG);
    assert_eq!(net.view(1), view);
}
