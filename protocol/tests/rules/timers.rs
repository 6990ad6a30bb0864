//! Timers and resending: rules 14 to 18.

use crate::harness::{
    L, Network, STATUS_INTERVAL, VIEW_TIMEOUT, broadcasts, is_normal, rejects, slots,
};
use quorate_protocol::message::{Batch, Commit, Committed, Memory, Proved, Request, Standing};
use quorate_protocol::misbehaviour::CommitFlaw;
use quorate_protocol::{
    ClientId, Duration, Effect, Message, Misbehaviour, ReplicaId, Sequence, Signed, SignedMessage,
    Timer, Timestamp, View,
};

#[test]
fn rule_14_the_timer_runs_while_a_backup_waits_and_restarts_when_its_request_executes() {
    let mut net = Network::new(4);
    let timer_effects = |effects: &[Effect]| -> Vec<Effect> {
        let of_view = |e: &&Effect| {
            matches!(
                e,
                Effect::SetTimer {
                    timer: Timer::View,
                    ..
                } | Effect::CancelTimer(Timer::View)
            )
        };
        effects.iter().filter(of_view).cloned().collect()
    };
    let (first, second) = (net.batch(0, 1), net.batch(1, 1));

    let idle = net.timer(3, Timer::View);
    let start = net.now();
    let waits = net.deliver(3, SignedMessage::Request(net.request(0, 1)));
    let waits_too = net.deliver(3, SignedMessage::Request(net.request(1, 1)));
    net.fire(3, Timer::Status);
    let later = net.now();
    let one_executed = net.commit_at(3, 0, 1, &first);
    let none_waits = net.commit_at(3, 0, 2, &second);
    let primary = net.deliver(0, SignedMessage::Request(net.request(0, 1)));

    let set = |at| Effect::SetTimer {
        timer: Timer::View,
        at,
    };
    assert_eq!(idle, None);
    assert_eq!(waits, [set(start + VIEW_TIMEOUT)]);
    assert_eq!(waits_too, []);
    assert_ne!(start, later);
    assert_eq!(
        timer_effects(&one_executed),
        [Effect::CancelTimer(Timer::View), set(later + VIEW_TIMEOUT)]
    );
    assert_eq!(
        timer_effects(&none_waits),
        [Effect::CancelTimer(Timer::View)]
    );
    assert_eq!(timer_effects(&primary), []);
}

#[test]
pub(crate) fn rule_15_each_further_view_change_waits_twice_as_long() {
    let mut net = Network::new(7);
    net.deliver(6, SignedMessage::Request(net.request(0, 1)));

    net.fire(6, Timer::View);
    let alone = net.timer(6, Timer::View);
    let mut patience = Vec::new();
    for view in 1..=3 {
        for i in 0..4 {
            net.deliver(6, SignedMessage::ViewChange(net.wish(i, view, Vec::new())));
        }
        assert_eq!(net.view(6), (view, false));
        let at = net.timer(6, Timer::View).expect("a quorum was seen");
        patience.push(at.0 - net.now().0);
        if view < 3 {
            net.fire(6, Timer::View);
            assert_eq!(net.view(6), (view + 1, false));
            assert_eq!(net.timer(6, Timer::View), None);
        }
    }

    let t = VIEW_TIMEOUT.0;
    assert_eq!(alone, None, "no timer before a quorum of VIEW-CHANGEs");
    assert_eq!(patience, [t, 2 * t, 4 * t]);
}

/// A network with room for many slots without a checkpoint.
fn with_wide_window() -> Network {
    Network::with(4, |config| config.window = 64)
}

/// A network in which replica 3 has left so many views in a row and has entered the next. A request waits. Returns for how long
/// the replica waits in this view.
fn after_views(views: u64) -> (Network, u64) {
    let mut net = with_wide_window();
    net.deliver(3, SignedMessage::Request(net.request(0, 1)));
    for view in 1..=views {
        net.fire(3, Timer::View);
        assert_eq!(net.view(3), (view, false));
        let primary = u32::try_from(view).expect("few views") % 4;
        let wishes = net.wishes(&[0, 1, 2], view);
        net.deliver(3, net.new_view(primary, view, wishes, &[]));
    }
    let patience = patience(&net);
    (net, patience)
}

/// How long replica 3 waits from now on.
fn patience(net: &Network) -> u64 {
    let at = net.timer(3, Timer::View).expect("a request waits");
    at.0 - net.now().0
}

/// The request with this timestamp, which replica 3 waits for, executes after this time in this view, in the slot of the same number.
/// Returns how long the replica waits for the next one.
fn serve_after(net: &mut Network, view: u64, timestamp: u64, took: u64) -> u64 {
    net.now_is(net.now().0 + took);
    net.commit_at(3, view, timestamp, &net.batch(0, timestamp));
    net.deliver(3, SignedMessage::Request(net.request(0, timestamp + 1)));
    if net.view(3).1 { patience(net) } else { 0 }
}

#[test]
pub(crate) fn rule_15_patience_doubles_with_each_view_and_halves_with_each_request_that_is_served_quickly()
 {
    let t = VIEW_TIMEOUT.0;
    assert_eq!(after_views(1).1, t);
    let (mut net, longer) = after_views(2);
    assert_eq!(longer, 2 * t);
    assert_eq!(serve_after(&mut net, 2, 1, t), 2 * t, "not quick");
    assert_eq!(serve_after(&mut net, 2, 2, t / 2 + 1), 2 * t, "not quick");
    assert_eq!(serve_after(&mut net, 2, 3, t / 2), t);
    assert_eq!(serve_after(&mut net, 2, 4, 0), t);
}

#[test]
fn rule_15_what_the_last_view_had_prepared_does_not_shorten_the_patience_with_this_one() {
    let t = VIEW_TIMEOUT.0;
    let mut net = with_wide_window();
    net.deliver(3, SignedMessage::Request(net.request(0, 1)));
    net.deliver(3, SignedMessage::Request(net.request(1, 1)));
    net.fire(3, Timer::View);
    net.deliver(3, net.new_view(1, 1, net.wishes(&[0, 1, 2], 1), &[]));
    net.fire(3, Timer::View);
    let first = net.batch(0, 1);
    let prepared = net.certificate(0, 1, &first, &[1, 2]);
    let mut wishes = net.wishes(&[1, 2], 2);
    wishes.insert(0, net.wish(0, 2, vec![prepared]));
    net.deliver(3, net.new_view(2, 2, wishes, &[(1, first.digest())]));
    assert_eq!(patience(&net), 2 * t);
    net.commit_at(3, 2, 1, &first);
    assert_eq!(net.executed(3).len(), 1);
    assert_eq!(patience(&net), 2 * t);
    net.commit_at(3, 2, 2, &net.batch(1, 1));
    net.deliver(3, SignedMessage::Request(net.request(1, 2)));
    assert_eq!(patience(&net), t);
}

#[test]
pub(crate) fn rule_16_a_replica_joins_the_lowest_view_that_f_plus_1_others_ask_for_but_not_f() {
    let mut net = Network::new(7);
    let wish =
        |net: &Network, signer, view| SignedMessage::ViewChange(net.wish(signer, view, Vec::new()));

    let one = net.deliver(6, wish(&net, 1, 5));
    let again = net.deliver(6, wish(&net, 1, 6));
    let two = net.deliver(6, wish(&net, 2, 3));
    let stayed = net.view(6);
    let three = net.deliver(6, wish(&net, 3, 9));

    assert_eq!((one, again, two), (vec![], vec![], vec![]));
    assert_eq!(stayed, (0, true));
    assert_eq!(net.view(6), (3, false));
    assert!(three.contains(&Effect::ViewChanged {
        view: View(3),
        active: false
    }));
    assert_eq!(net.view_changes(6).len(), 1);
}

#[test]
fn rule_17_a_view_change_is_sent_again_until_it_is_answered() {
    let mut net = Network::new(4);
    net.deliver(3, SignedMessage::Request(net.request(0, 1)));
    net.fire(3, Timer::View);
    let wish = Message::ViewChange(net.view_changes(3)[0].clone());

    let again: Vec<_> = (0..2)
        .map(|_| broadcasts(&net.fire(3, Timer::Status)))
        .collect();
    net.deliver(3, net.new_view(1, 1, net.wishes(&[0, 1, 2], 1), &[]));
    let answered = broadcasts(&net.fire(3, Timer::Status));

    let standing = |active| {
        Message::Standing(Standing {
            view: View(1),
            active,
            executed: Sequence(0),
            stable: Sequence(0),
            memory: Memory::Whole,
            proved: Proved::none(),
        })
    };
    assert_eq!(
        again,
        [[standing(false), wish.clone()], [standing(false), wish]]
    );
    assert_eq!(answered, [standing(true)]);
}

#[test]
fn rule_17_a_replica_that_missed_the_new_view_gets_it_with_its_view_changes() {
    let mut net = Network::new(4);
    let new_view = net.new_view(1, 1, net.wishes(&[0, 1, 2], 1), &[]);
    net.deliver(0, new_view.clone());
    let standing = Standing {
        view: View(0),
        active: true,
        executed: Sequence(0),
        stable: Sequence(0),
        memory: Memory::Whole,
        proved: Proved::none(),
    };

    let wish = || SignedMessage::ViewChange(net.wish(3, 1, Vec::new()));
    let (first, second) = (wish(), wish());
    let to_wish = net.deliver(0, first);
    let to_next = net.deliver(0, second);
    net.run_for(Duration(STATUS_INTERVAL.0 / 2));
    let to_standing = net.deliver(0, SignedMessage::Standing(net.sign(3, standing)));

    let forward = Effect::Forward {
        to: ReplicaId(3),
        message: Box::new(new_view),
    };
    assert_eq!(to_wish, std::slice::from_ref(&forward));
    assert_eq!(to_next, [], "it is large and was just sent");
    assert_eq!(to_standing, [forward]);
}

#[test]
fn rule_17_a_replica_that_twice_reports_the_same_slot_gets_the_slots_that_it_lacks() {
    let mut net = Network::new(4);
    let m = net.batch(1, 1);
    net.commit_at(2, 0, 1, &m);
    let open = net.batch(0, 1);
    net.deliver(2, net.pre_prepare(0, 0, 2, &open));
    let standing = Standing {
        view: View(0),
        active: true,
        executed: Sequence(0),
        stable: Sequence(0),
        memory: Memory::Whole,
        proved: Proved::none(),
    };
    let standing = SignedMessage::Standing(net.sign(3, standing));

    let once = net.deliver(2, standing.clone());
    let twice = net.deliver(2, standing);

    let forward = |message| Effect::Forward {
        to: ReplicaId(3),
        message: Box::new(message),
    };
    assert_eq!(once, []);
    assert_eq!(
        twice,
        [
            Effect::Send {
                to: ReplicaId(3),
                message: Message::Committed(Committed {
                    proof: net.commit_certificate(2, 1),
                    batch: m,
                }),
            },
            forward(net.pre_prepare(0, 0, 2, &open)),
            forward(net.prepare(2, 0, 2, &open)),
        ]
    );
}

#[test]
fn rule_17_a_committed_slot_is_accepted_in_any_view_but_only_with_its_proof() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(1, 1), net.batch(0, 1));
    let commit = |signer, view, batch: &Batch| match net.commit(signer, view, 1, batch) {
        SignedMessage::Commit(commit) => commit,
        _ => unreachable!(),
    };
    let with = |proof: Vec<Signed<Commit>>, batch: &Batch| {
        let batch = batch.clone();
        SignedMessage::Committed(net.sign(2, Committed { proof, batch }))
    };
    let proof = |signers: [u32; 3]| signers.map(|i| commit(i, 5, &m)).to_vec();
    let signer = ReplicaId(2);
    let flawed = |why| vec![Misbehaviour::InvalidCommitProof { signer, why }];
    let cases = [
        (
            with(proof([0, 1, 1]), &m),
            flawed(CommitFlaw::TooFewSigners),
        ),
        (with(Vec::new(), &m), flawed(CommitFlaw::TooFewSigners)),
        (
            with(
                vec![commit(0, 5, &m), commit(1, 5, &m), commit(2, 4, &m)],
                &m,
            ),
            flawed(CommitFlaw::Mixed),
        ),
        (
            with(proof([0, 1, 2]), &other),
            vec![Misbehaviour::BodyMismatch {
                signer,
                digest: m.digest(),
            }],
        ),
    ];
    let good = with(proof([0, 1, 2]), &m);
    for (message, refused) in cases {
        let effects = net.deliver(3, message);
        assert_eq!(rejects(&effects), refused);
        assert_eq!(slots(&effects), []);
    }
    let taken = net.deliver(3, good);
    assert_eq!(slots(&taken), [(1, vec![(1, 1)])]);
    assert_eq!(broadcasts(&taken), []);
}

#[test]
fn rule_17_checkpoints_that_nobody_heard_are_sent_again() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| matches!(parcel.message, SignedMessage::Checkpoint(_)));
    for timestamp in 1..=L {
        net.order(0, timestamp);
    }
    net.order(0, L + 1);
    net.run_for(Duration::from_millis(1000));
    let full = (0..4).map(|id| net.status(id)).collect::<Vec<_>>();
    net.drop_if(|_| false);
    net.run_for(Duration::from_millis(5000));

    for status in full {
        assert_eq!(
            (status.executed, status.low_watermark),
            (Sequence(L), Sequence(0))
        );
    }
    for id in 0..4 {
        assert_eq!(net.status(id).low_watermark, Sequence(L));
        assert_eq!(net.status(id).executed, Sequence(L + 1));
    }
    assert!(net.nobody_is_accused());
}

#[test]
fn rule_17_a_process_sends_its_own_request_again() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| is_normal(&parcel.message));
    net.order(3, 1);

    let said = broadcasts(&net.run_out(3, Timer::Status));

    assert!(said.contains(&Message::Request(net.request(3, 1))));
    assert_eq!(
        net.timer(3, Timer::Status),
        Some(net.now() + STATUS_INTERVAL)
    );
}

/// Orders one request of R while P's PRE-PREPARE takes `delay`. Returns the view afterwards, and whether it has
/// started.
fn served_after(net: &mut Network, timestamp: u64, delay: Duration) -> (u64, bool) {
    net.hold_if(|parcel| {
        parcel.from == 0 && matches!(parcel.message, SignedMessage::PrePrepare { .. })
    });
    net.order(2, timestamp);
    net.run_for(delay);
    net.release();
    net.run();
    net.view(3)
}

#[test]
pub(crate) fn rule_18_a_primary_that_serves_every_request_just_in_time_is_left() {
    let (slow, quick) = (Duration::from_millis(400), Duration::from_millis(100));
    let mut net = Network::new(4);
    for timestamp in 1..8 {
        assert_eq!(served_after(&mut net, timestamp, slow), (0, true));
    }
    assert_eq!(served_after(&mut net, 8, slow), (1, true));
    assert_eq!(net.executed(3).len(), 8);

    let (mut net, _) = after_views(2);
    for timestamp in 1..=3 {
        serve_after(&mut net, 2, timestamp, 2 * VIEW_TIMEOUT.0);
    }
    assert_eq!(net.view(3), (2, true));
    serve_after(&mut net, 2, 4, 2 * VIEW_TIMEOUT.0);
    assert_eq!(net.view(3), (3, false), "they took 8 T");

    let mut net = Network::new(4);
    for timestamp in 1..=40 {
        let delay = if timestamp % 8 == 0 { quick } else { slow };
        assert_eq!(served_after(&mut net, timestamp, delay), (0, true));
    }
    assert!(net.nobody_is_accused());
}

/// A batch with one request of a client that process 2 speaks for.
fn batch_of_2(net: &Network, name: &str) -> Batch {
    Batch::new(vec![net.named_request(2, name, 1)])
}

/// Lets the timer of replica 3 run out while "left out" of process 2 waits and another request of process 2 has executed.
fn crowd(net: &mut Network, view: u64, slot: u64) -> Batch {
    let left_out = net.named_request(2, "left out", 1);
    net.deliver(3, SignedMessage::Request(left_out));
    let other = batch_of_2(net, &format!("other {slot}"));
    net.commit_at(3, view, slot, &other);
    net.fire_if_set(3, Timer::View);
    other
}

/// Lets the time of some status timers go by at replica 3. Returns how long it stays in its view, in microseconds.
fn stays_for(net: &mut Network, status_timers: u32) -> Option<u64> {
    let (from, view) = (net.now(), net.view(3));
    for _ in 0..status_timers {
        net.fire(3, Timer::Status);
        if net.view(3) != view {
            return Some(net.now().0 - from.0);
        }
    }
    None
}

#[test]
pub(crate) fn rule_28_a_request_behind_others_of_its_speaker_does_not_cost_the_primary_its_view_at_once()
 {
    let mut net = Network::new(4);
    crowd(&mut net, 0, 1);
    assert_eq!(net.view(3), (0, true));

    // The requests of others are timed meanwhile.
    net.deliver(3, SignedMessage::Request(net.request(1, 1)));
    let at = net.timer(3, Timer::View).expect("a request of 1 waits");
    assert_eq!(at, net.now() + VIEW_TIMEOUT);
    net.fire(3, Timer::View);
    assert_eq!(net.view(3), (1, false));
}

#[test]
pub(crate) fn rule_28_a_primary_that_leaves_out_a_request_of_a_busy_speaker_is_left_and_the_next_has_twice_as_long()
 {
    let mut net = Network::new(4);
    let t = VIEW_TIMEOUT.0;
    let mut patience = Vec::new();
    let (mut certificates, mut chosen) = (Vec::new(), Vec::new());
    for view in 0..3 {
        let slot = view + 1;
        let executed = crowd(&mut net, view, slot);
        let backups: Vec<u32> = (0..3).filter(|i| u64::from(*i) != view).collect();
        certificates.push(net.certificate(view, slot, &executed, &backups));
        chosen.push((slot, executed.digest()));
        let left_after = stays_for(&mut net, 40).expect("it is left");
        patience.push(left_after / t);
        assert_eq!(net.view(3), (view + 1, false));
        let next = u32::try_from(view + 1).unwrap();
        let wishes = (0..3).map(|i| net.wish(i, view + 1, certificates.clone()));
        let new_view = net.new_view(next, view + 1, wishes.collect(), &chosen);
        net.deliver(3, new_view);
    }
    assert_eq!(patience, [1, 2, 4]);
}

#[test]
fn rule_28_a_crowded_speaker_whose_requests_all_execute_is_timed_as_others_are() {
    let mut net = Network::new(4);
    crowd(&mut net, 0, 1);
    let left_out = batch_of_2(&net, "left out");
    net.commit_at(3, 0, 2, &left_out);
    assert_eq!(stays_for(&mut net, 40), None);

    net.deliver(3, SignedMessage::Request(net.named_request(2, "new", 1)));
    net.fire(3, Timer::View);
    assert_eq!(net.view(3), (1, false));
}

#[test]
fn rule_28_the_speakers_take_turns_in_what_a_backup_relays() {
    let mut net = Network::new(4);
    for flood in 0..100 {
        let request = net.named_request(2, &format!("flood {flood}"), 1);
        net.deliver(3, SignedMessage::Request(request));
    }
    net.deliver(3, SignedMessage::Request(net.request(1, 1)));
    net.fire(3, Timer::Status);
    let effects = net.fire(3, Timer::Status);
    let relayed: Vec<ReplicaId> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Forward { message, .. } => Some(message.signer()),
            _ => None,
        })
        .collect();
    assert_eq!(relayed.len(), 32);
    assert_eq!(relayed[..2], [2, 1].map(ReplicaId));
}

#[test]
fn rule_28_a_backup_relays_few_bytes_at_a_time_but_at_least_one_request() {
    let relayed = |bytes: usize| {
        let mut net = Network::with(4, |config| {
            (config.limits.operation, config.limits.batch) = (400_000, 500_000);
        });
        for name in 0..8 {
            let client = ClientId::named(ReplicaId(2), &name.to_string());
            let request = net.sign(2, Request::new(client, Timestamp(1), vec![7; bytes]));
            net.deliver(3, SignedMessage::Request(request));
        }
        net.fire(3, Timer::Status);
        let effects = net.fire(3, Timer::Status);
        let forwarded = |effect: &&Effect| matches!(effect, Effect::Forward { .. });
        effects.iter().filter(forwarded).count()
    };
    assert_eq!([1000, 100_000, 400_000].map(relayed), [8, 2, 1]);
}

#[test]
fn rule_14_a_process_that_distrusts_the_primary_asks_for_the_next_view_once() {
    let mut net = Network::new(4);
    net.distrust(2);
    assert_eq!(net.view(2), (0, true), "no request waits");
    for at in [2, 3] {
        net.deliver(at, SignedMessage::Request(net.request(1, 1)));
    }
    for _ in 0..2 {
        net.distrust(2);
    }
    assert_eq!(net.view(2), (1, false));
    assert_eq!(net.view_changes(2).len(), 1);
    net.distrust(3);
    net.run();
    for i in 0..4 {
        assert_eq!(net.view(i), (1, true));
    }
}

#[test]
fn rule_28_a_process_distrusts_a_primary_at_most_once_within_t() {
    let mut net = Network::new(4);
    let wait = |net: &mut Network, timestamp| {
        for at in [2, 3] {
            net.deliver(at, SignedMessage::Request(net.request(1, timestamp)));
        }
    };
    wait(&mut net, 1);
    for i in [2, 3] {
        net.distrust(i);
    }
    net.run();
    assert_eq!(net.view(2), (1, true));
    wait(&mut net, 2);
    net.distrust(2);
    assert_eq!(net.view(2), (1, true), "it has just left a primary");
    net.run_for(VIEW_TIMEOUT);
    wait(&mut net, 3);
    net.distrust(2);
    assert_eq!(net.view(2), (2, false));
}

#[test]
fn rule_15_an_invalid_new_view_is_left_only_after_a_quorum_has_left_the_older_views() {
    let mut net = Network::new(4);
    let none = net.new_view(1, 1, net.wishes(&[1, 3], 1), &[]);
    net.deliver(3, SignedMessage::Request(net.request(1, 1)));
    net.distrust(3);
    net.deliver(3, none.clone());
    assert_eq!(
        net.view(3),
        (1, false),
        "it would be two views above the others"
    );
    for wish in net.wishes(&[0, 2], 1) {
        net.deliver(3, SignedMessage::ViewChange(wish));
    }
    net.deliver(3, none);
    assert_eq!(net.view(3), (2, false));
}
