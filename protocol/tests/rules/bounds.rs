//! Bounds: rules 27 and 28.

use crate::harness::{Network, broadcasts, rejects};
use quorate_protocol::message::{
    Batch, Body, Committed, Fetch, Piece, Query, Replies, Reply, Request, State,
};
use quorate_protocol::{
    ClientId, Digest, Duration, Effect, Limits, Message, Misbehaviour, ReplicaId, Sequence, Signed,
    SignedMessage, Timer, Timestamp, View,
};

/// Limits that a few requests reach: four requests of [`large`] in a batch, and eight waiting of one speaker.
fn small(limits: &mut Limits) {
    limits.operation = 1000;
    limits.batch = 5600;
    limits.waiting = 11_000;
}

fn small_network() -> Network {
    Network::with(4, |config| small(&mut config.limits))
}

/// A request of `bytes` for one of a speaker's clients.
fn request(net: &Network, speaker: u32, client: u64, bytes: usize) -> Signed<Request> {
    let client = ClientId::session(ReplicaId(speaker), client);
    net.sign(speaker, Request::new(client, Timestamp(1), vec![0; bytes]))
}

fn large(net: &Network, speaker: u32, client: u64) -> Signed<Request> {
    request(net, speaker, client, 1000)
}

fn proposals(effects: &[Effect]) -> Vec<Batch> {
    let batch = |message| match message {
        Message::PrePrepare(_, batch) => Some(batch),
        _ => None,
    };
    broadcasts(effects).into_iter().filter_map(batch).collect()
}

/// The speakers of a batch's requests.
fn speakers(batch: &Batch) -> Vec<u32> {
    batch.requests().iter().map(|one| one.signer().0).collect()
}

#[test]
fn rule_27_an_operation_over_the_limit_is_refused_wherever_it_stands() {
    let mut net = small_network();
    let limit = request(&net, 1, 1, 1000);
    let over = Batch::new(vec![request(&net, 1, 2, 1001)]);
    let proof = [0, 1, 2].map(|i| net.signed_commit(i, 0, 1, &over));
    let committed = Committed {
        proof: proof.to_vec(),
        batch: over.clone(),
    };
    let body = Body {
        batch: over.clone(),
    };
    let taken = net.deliver(3, SignedMessage::Request(limit));
    assert_eq!(rejects(&taken), []);
    for message in [
        SignedMessage::Request(over.requests()[0].clone()),
        net.pre_prepare(0, 0, 1, &over),
        SignedMessage::Committed(net.sign(2, committed)),
        SignedMessage::Body(net.sign(2, body)),
    ] {
        let before = net.state(3);
        let effects = net.deliver(3, message);
        let expected = Misbehaviour::LargeOperation {
            signer: ReplicaId(1),
            bytes: 1001,
            limit: 1000,
        };
        assert_eq!(effects, [Effect::Reject(expected)]);
        assert_eq!(net.state(3), before);
    }
}

#[test]
fn rule_27_what_is_longer_than_its_limit_is_refused_and_what_is_as_long_is_not() {
    let net = Network::with(4, |config| {
        (config.limits.operation, config.limits.result) = (1000, 1000);
        config.limits.part = 1000;
    });
    let part = |bytes: usize| {
        let piece = Piece::Part(vec![1; bytes].into());
        let sequence = Sequence(0);
        SignedMessage::State(net.sign(1, State { sequence, piece }))
    };
    let query = |bytes: usize| {
        let operation = vec![1; bytes];
        let number = 1;
        SignedMessage::Query(net.sign(1, Query { number, operation }))
    };
    let answer = |bytes: usize| {
        let (number, operation) = (1, Vec::new());
        let query = Query { number, operation };
        SignedMessage::Answer(net.sign(1, query.answer(vec![1; bytes])))
    };
    let replies = |bytes: usize| {
        let reply = |result| Reply {
            view: View(0),
            client: ClientId::session(ReplicaId(0), 1),
            timestamp: Timestamp(1),
            request: Digest([0; 32]),
            sequence: Sequence(1),
            result,
        };
        let replies = vec![reply(None), reply(Some(vec![1; bytes]))];
        SignedMessage::Replies(net.sign(1, Replies { replies }))
    };
    let (signer, bytes, limit) = (ReplicaId(1), 1001, 1000);
    let piece = Misbehaviour::LargePiece {
        signer,
        bytes,
        limit,
    };
    let operation = Misbehaviour::LargeOperation {
        signer,
        bytes,
        limit,
    };
    let result = Misbehaviour::LargeResult {
        signer,
        bytes,
        limit,
    };
    let kinds: [(&dyn Fn(usize) -> SignedMessage, Misbehaviour); 4] = [
        (&part, piece),
        (&query, operation),
        (&answer, result.clone()),
        (&replies, result),
    ];
    for (of, flaw) in kinds {
        assert_eq!(net.judge(0, &of(bytes)), Err(flaw.clone()));
        let as_long = net.judge(0, &of(limit));
        assert!(as_long.is_ok() || is_not_needed(&net, 0, &of(limit)));
    }
}

#[test]
fn rule_27_a_batch_over_the_limit_is_refused_by_every_backup() {
    let mut net = small_network();
    let requests = |count| (0..count).map(|i| large(&net, 1, i)).collect();
    let (full, over) = (Batch::new(requests(4)), Batch::new(requests(5)));
    let refused = net.deliver(3, net.pre_prepare(0, 0, 1, &over));
    let taken = net.deliver(3, net.pre_prepare(0, 0, 1, &full));
    assert!(matches!(
        refused[..],
        [Effect::Reject(Misbehaviour::LargeBatch {
            signer: ReplicaId(0),
            limit: 5600,
            ..
        })]
    ));
    assert_eq!(rejects(&taken), []);
    assert!(
        broadcasts(&taken)
            .iter()
            .any(|m| matches!(m, Message::Prepare(_)))
    );
}

#[test]
pub(crate) fn rule_27_the_primary_fills_a_batch_up_to_its_bytes_and_all_is_executed() {
    let mut net = small_network();
    // All that may wait of every speaker, which is several batches.
    for (speaker, client) in (0..4).flat_map(|speaker| (0..8).map(move |i| (speaker, i))) {
        let request = large(&net, speaker, client);
        for to in 0..4 {
            let effects = net.deliver(to, SignedMessage::Request(request.clone()));
            assert_eq!(rejects(&effects), []);
        }
    }
    net.run();
    for i in 0..4 {
        assert_eq!(net.executed(i).len(), 32);
        assert_eq!(net.rejects(i), []);
        assert_eq!(net.view(i), (0, true));
    }
    assert!(net.slots(0).iter().all(|(_, requests)| requests.len() <= 4));
}

#[test]
pub(crate) fn rule_27_over_its_bound_a_speaker_is_refused_and_the_others_are_not() {
    let mut net = small_network();
    let flood: Vec<Effect> = (0..12)
        .flat_map(|client| net.deliver(2, SignedMessage::Request(large(&net, 3, client))))
        .collect();
    let other = net.deliver(2, SignedMessage::Request(large(&net, 1, 1)));
    let speaker = ReplicaId(3);
    let refused = Misbehaviour::TooManyWaiting { speaker };
    assert_eq!(rejects(&flood), vec![refused; 4]);
    assert_eq!(rejects(&other), []);
}

#[test]
fn rule_27_a_flood_of_small_requests_is_bounded_by_its_number() {
    let mut net = Network::with(4, |config| config.limits.waiting_requests = 3);
    let flood: Vec<Effect> = (0..5)
        .flat_map(|client| net.deliver(2, SignedMessage::Request(request(&net, 3, client, 1))))
        .collect();
    assert_eq!(rejects(&flood).len(), 2);
}

#[test]
fn rule_27_speakers_take_turns_in_a_batch() {
    let mut net = Network::with(4, |config| {
        small(&mut config.limits);
        config.slots_in_flight = 1;
    });
    // The first request is proposed at once, alone. The others wait meanwhile.
    let first = large(&net, 3, 0);
    net.deliver(0, SignedMessage::Request(first.clone()));
    for client in 1..8 {
        net.deliver(0, SignedMessage::Request(large(&net, 3, client)));
    }
    for speaker in [1, 2] {
        net.deliver(0, SignedMessage::Request(large(&net, speaker, 1)));
    }
    let batch = Batch::new(vec![first]);
    let next = net.commit_at(0, 0, 1, &batch);
    let in_turn: Vec<_> = proposals(&next).iter().map(speakers).collect();
    assert_eq!(in_turn.first(), Some(&vec![1, 2, 3, 3]));
}

#[test]
fn rule_27_speakers_take_turns_from_batch_to_batch_though_a_batch_holds_one_request() {
    let mut net = Network::with(4, |config| {
        config.batch_limit = 1;
        config.slots_in_flight = 1;
    });
    for client in 0..8 {
        net.deliver(0, SignedMessage::Request(request(&net, 3, client, 1)));
    }
    for speaker in [1, 2] {
        net.deliver(0, SignedMessage::Request(request(&net, speaker, 1, 1)));
    }
    let mut batch = Batch::new(vec![request(&net, 3, 0, 1)]);
    let mut turns = Vec::new();
    for sequence in 1..=4 {
        let next = net.commit_at(0, 0, sequence, &batch);
        batch = proposals(&next).remove(0);
        turns.extend(speakers(&batch));
    }
    assert_eq!(turns, [1, 2, 3, 3]);
}

#[test]
fn rule_27_the_turns_of_a_batch_are_counted_in_bytes() {
    let mut net = Network::with(4, |config| {
        small(&mut config.limits);
        config.slots_in_flight = 1;
    });
    let first = large(&net, 3, 0);
    net.deliver(0, SignedMessage::Request(first.clone()));
    for client in 1..4 {
        net.deliver(0, SignedMessage::Request(large(&net, 3, client)));
        net.deliver(0, SignedMessage::Request(request(&net, 1, client, 1)));
        net.deliver(0, SignedMessage::Request(request(&net, 2, client, 1)));
    }
    let batch = Batch::new(vec![first]);
    let next = net.commit_at(0, 0, 1, &batch);
    let in_turn: Vec<_> = proposals(&next).iter().map(speakers).collect();
    assert_eq!(in_turn.first(), Some(&vec![1, 2, 3, 1, 2, 1, 2, 3, 3]));
}

#[test]
fn rule_27_a_result_over_the_limit_is_cut() {
    let mut net = Network::with(4, |config| config.limits.result = 5);
    net.submit_for(1, "a", 1);
    net.run();
    let results: Vec<_> = net.results(1).iter().map(|a| a.result.clone()).collect();
    assert_eq!(results, [Some(b"a/1 d".to_vec())]);
}

#[test]
fn rule_27_the_replies_of_a_slot_are_split_into_messages_that_fit() {
    // Twelve requests fill a batch of 3400 bytes, but their replies take more.
    let mut net = Network::with(4, |config| config.limits.batch = 3400);
    (0..4).for_each(|i| net.set_accent(i, &b"quite certainly ".repeat(12)));
    let names: Vec<_> = ('a'..='m').map(String::from).collect();
    for name in &names {
        net.submit_for(1, name, 1);
    }
    net.run();
    let told = net.sent(2).into_iter().filter_map(|message| match message {
        Message::Replies(told) => Some(told.replies.len()),
        _ => None,
    });
    assert_eq!(net.slots(2).len(), 2, "one request alone, and twelve");
    assert_eq!(told.collect::<Vec<_>>(), [1, 11, 1]);
    assert_eq!(net.results(1).len(), names.len());
}

/// Whether a replica has no use for a message.
fn is_not_needed(net: &Network, at: u32, message: &SignedMessage) -> bool {
    matches!(net.judge(at, message), Err(Misbehaviour::NotNeeded { .. }))
}

#[test]
pub(crate) fn rule_28_a_certificate_longer_than_needed_is_refused_before_its_signatures_are_checked()
 {
    let net = Network::new(4);
    let m = net.batch(0, 1);
    // PREPAREs of one replica that say something else each: their signatures would all have to be checked.
    let mut certificate = net.certificate(0, 1, &m, &[1, 2]);
    for timestamp in 2..200 {
        let other = net.batch(0, timestamp);
        let vote = net.signed_prepare(3, 0, timestamp, &other);
        certificate.prepares.push(vote);
    }
    let stuffed = SignedMessage::ViewChange(net.wish(3, 1, vec![certificate.clone()]));
    let wishes = [1, 2, 3].map(|i| net.wish(i, 1, vec![certificate.clone()]));
    let new_view = net.new_view(1, 1, wishes.to_vec(), &[(1, m.digest())]);
    let mut commits = [0, 1, 2].map(|i| net.signed_commit(i, 0, 1, &m)).to_vec();
    commits.push(commits[0].clone());
    let committed = Committed {
        proof: commits,
        batch: m,
    };
    let committed = SignedMessage::Committed(net.sign(3, committed));
    for message in [stuffed, new_view, committed] {
        let judged = net.judge(0, &message);
        assert!(judged.is_err(), "{message:?}");
        assert!(!is_not_needed(&net, 0, &message));
        assert_eq!(net.checks_for(0, &message), 0);
    }
}

#[test]
fn rule_28_what_is_known_already_or_too_far_ahead_is_not_needed_again() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(1, 1));
    let proposal = net.pre_prepare(0, 0, 1, &m);
    let far = net.pre_prepare(0, 0, 1000, &m);
    let far_in_a_later_view = net.pre_prepare(1, 1, 1000, &m);
    let body = SignedMessage::Body(net.sign(2, Body { batch: m }));
    let wish = SignedMessage::ViewChange(net.wish(3, 1, Vec::new()));
    assert_eq!(net.judge(3, &proposal), Ok(()));
    assert_eq!(net.judge(0, &wish), Ok(()));
    net.deliver(3, proposal.clone());
    net.deliver(0, wish.clone());

    for (at, message) in [
        (3, &proposal),
        (3, &far),
        (3, &far_in_a_later_view),
        (3, &body),
        (0, &wish),
    ] {
        assert!(is_not_needed(&net, at, message), "{message:?}");
    }
    // The second proposal for a slot is evidence against its primary.
    let second = net.pre_prepare(0, 0, 1, &other);
    assert_eq!(net.judge(3, &second), Ok(()));
    net.deliver(3, second);
    assert_eq!(net.accusations(3).len(), 1);
}

#[test]
pub(crate) fn rule_27_early_proposals_of_one_sender_are_bounded_in_bytes() {
    let mut net = Network::with(4, |config| {
        small(&mut config.limits);
        config.limits.early = 12_000;
    });
    for sequence in 1..=8 {
        let requests = (0..4).map(|i| large(&net, 1, 4 * sequence + i)).collect();
        let batch = Batch::new(requests);
        net.deliver(3, net.pre_prepare(1, 1, sequence, &batch));
    }
    let sizes = net.sizes(3);
    assert!(
        (1..=12_000).contains(&sizes.early_bytes),
        "{} bytes are kept",
        sizes.early_bytes
    );
}

#[test]
fn rule_28_what_there_is_no_room_for_costs_no_signature_check() {
    let mut net = Network::with(4, |config| config.limits.waiting_requests = 3);
    let ask = |net: &Network, client| SignedMessage::Request(request(net, 3, client, 1));
    for client in 0..3 {
        let message = ask(&net, client);
        assert_eq!(net.judge(2, &message), Ok(()));
        net.deliver(2, message);
    }
    assert!(is_not_needed(&net, 2, &ask(&net, 3)));
    let again = ask(&net, 2);
    assert_eq!(net.judge(2, &again), Ok(()), "it waits already");
}

#[test]
pub(crate) fn rule_28_a_peer_that_asks_without_end_is_answered_within_its_allowance() {
    let mut net = Network::with(4, |config| config.limits.operation = 100_000);
    let large = Batch::new(vec![request(&net, 1, 1, 100_000)]);
    net.commit_at(0, 0, 1, &large);
    let fetch = |digest| Fetch { digest };
    let ask = |net: &mut Network| {
        let fetch = net.sign(3, fetch(large.digest()));
        net.deliver(0, SignedMessage::Fetch(fetch)).len()
    };
    let answered: usize = (0..1000).map(|_| ask(&mut net)).sum();
    assert!((150..175).contains(&answered), "{answered} answers");
    net.run_for(Duration::from_millis(1000));
    assert_eq!(ask(&mut net), 1);
}

#[test]
fn rule_28_the_bytes_of_the_results_that_a_peer_reads_come_out_of_its_allowance() {
    let mut net = Network::new(4);
    let read = |net: &mut Network, number| {
        let operation = vec![b'x'; 60_000];
        let query = net.sign(3, Query { number, operation });
        let effects = net.deliver(0, SignedMessage::Query(query)).into_iter();
        let answers = effects.filter(|effect| matches!(effect, Effect::Send { .. }));
        answers.count()
    };
    let answered: usize = (0..3000).map(|number| read(&mut net, number)).sum();
    assert!((2000..2500).contains(&answered), "{answered} answers");
    net.run_for(Duration::from_millis(1000));
    assert_eq!(read(&mut net, 3000), 1);
}

#[test]
pub(crate) fn rule_27_a_forgotten_result_is_told_as_forgotten_and_its_request_does_not_execute_again()
 {
    let mut net = Network::with(4, |config| config.limits.results = 250);
    for name in ["a", "b", "c"] {
        net.submit_for(1, name, 1);
        net.run();
    }
    for name in ["a", "c"] {
        net.submit_for(1, name, 1);
        net.run();
    }
    let results: Vec<_> = net.results(1).iter().map(|a| a.result.clone()).collect();
    let told = |text: &str| Some(text.as_bytes().to_vec());
    let expected = ["a/1 done", "b/1 done", "c/1 done"].map(told);
    assert_eq!(results[..3], expected);
    assert_eq!(results[3..], [None, told("c/1 done")]);
    assert_eq!(net.executed(0).len(), 3);
    assert!(net.sizes(0).result_bytes <= 250);
}

/// A request of a client of process 1, signed after a slot has executed.
fn after(net: &Network, name: &str, timestamp: u64, slot: u64) -> Signed<Request> {
    let client = ClientId::named(ReplicaId(1), name);
    let request = Request::new(client, Timestamp(timestamp), name.into());
    net.sign(1, request.after(Sequence(slot)))
}

/// Four replicas that remember three clients, after slots with requests of `names`, one each.
fn remembering_three(names: &[&str]) -> Network {
    let mut net = Network::with(4, |config| {
        config.limits.clients = 300;
        config.checkpoint_interval = 2;
        config.window = 4;
    });
    for (slot, name) in (0..).zip(names) {
        let asked = after(&net, name, 1, slot);
        ask_all(&mut net, &asked);
    }
    net
}

/// Delivers a request to all replicas, and runs them until nothing is left to do.
fn ask_all(net: &mut Network, request: &Signed<Request>) {
    for i in 0..4 {
        net.deliver(i, SignedMessage::Request(request.clone()));
    }
    net.run();
}

#[test]
fn rule_27_a_request_of_a_forgotten_client_does_not_execute_again_and_its_next_one_does() {
    let mut net = remembering_three(&["a", "b", "c", "d"]);
    assert_eq!(net.sizes(0).client_bytes, 300, "a is forgotten");
    let again = after(&net, "a", 1, 0);
    ask_all(&mut net, &again);
    let (client, timestamp) = (ClientId::named(ReplicaId(1), "a"), Timestamp(1));
    let expired = Misbehaviour::Expired { client, timestamp };
    assert_eq!(net.rejects(2), [expired]);
    assert_eq!(net.executed(0).len(), 4);
    let next = after(&net, "a", 2, 4);
    ask_all(&mut net, &next);
    assert_eq!(net.executed(3).len(), 5);
    // A faulty primary proposes the old one of another all the same.
    let batch = Batch::new(vec![after(&net, "b", 1, 1)]);
    net.commit_at(3, 0, 6, &batch);
    assert_eq!(net.status(3).executed, Sequence(6));
    assert_eq!(net.executed(3).len(), 5);
}

#[test]
fn rule_27_a_request_that_expires_while_it_waits_is_no_reason_to_change_the_view() {
    let mut net = Network::with(4, |config| config.limits.clients = 200);
    let late = after(&net, "late", 1, 0);
    for i in 1..4 {
        net.deliver(i, SignedMessage::Request(late.clone()));
    }
    for (slot, name) in (0..).zip(["a", "b", "c"]) {
        let batch = Batch::new(vec![after(&net, name, 1, slot)]);
        for i in 0..4 {
            net.commit_at(i, 0, slot + 1, &batch);
        }
    }
    net.run_for(Duration::from_millis(5000));
    for i in 1..4 {
        assert_eq!(net.sizes(i).requests, 0, "it waits no longer at {i}");
        assert_eq!(net.view(i), (0, true));
        assert_eq!(net.timer(i, Timer::View), None);
    }
    assert_eq!(net.executed(1).len(), 3);
}

#[test]
fn rule_27_a_request_from_the_future_does_not_execute_and_holds_nobody_up() {
    let mut net = remembering_three(&["a"]);
    let early = after(&net, "early", 1, 2);
    ask_all(&mut net, &early);
    assert_eq!(net.status(0).executed, Sequence(2), "it has the slot 2");
    assert_eq!((net.executed(0).len(), net.sizes(3).requests), (1, 0));
    ask_all(&mut net, &early);
    assert_eq!(net.executed(0).len(), 2);
    net.run_for(Duration::from_millis(5000));
    assert_eq!(net.view(2), (0, true));
}

#[test]
fn rule_27_a_fetched_table_refuses_the_same_old_requests() {
    let mut net = remembering_three(&["a"]);
    net.isolate(3);
    for (slot, name) in (1..).zip(["b", "c", "d", "e", "f"]) {
        let asked = after(&net, name, 1, slot);
        ask_all(&mut net, &asked);
    }
    net.heal();
    net.run_for(Duration::from_millis(3000));
    assert_eq!(net.status(3).executed, Sequence(6));
    let again = after(&net, "c", 1, 2);
    let rejects = net.rejects(3).len();
    net.deliver(3, SignedMessage::Request(again));
    assert_eq!(net.rejects(3).len(), rejects + 1);
}

#[test]
fn rule_28_a_vote_beyond_its_quorum_costs_no_signature_check_unless_it_can_be_evidence() {
    let mut net = Network::new(4);
    let (m, other) = (net.batch(0, 1), net.batch(0, 2));
    let prepare = net.prepare(2, 0, 1, &m);
    net.deliver(3, net.pre_prepare(0, 0, 1, &m));
    assert_eq!(net.checks_for(3, &prepare), 1, "it may decide");
    net.deliver(3, net.prepare(1, 0, 1, &m));
    assert_eq!(net.checks_for(3, &prepare), 0, "the slot is prepared");
    assert_eq!(net.checks_for(3, &net.prepare(2, 0, 1, &other)), 1);
    assert_eq!(net.checks_for(3, &net.prepare(0, 0, 1, &m)), 1, "a primary");

    let commit = net.commit(2, 0, 1, &m);
    assert_eq!(net.checks_for(3, &commit), 1, "it may decide");
    net.deliver(3, net.commit(0, 0, 1, &m));
    net.deliver(3, net.commit(1, 0, 1, &m));
    assert_eq!(net.checks_for(3, &commit), 0, "the slot is committed");
    assert_eq!(net.checks_for(3, &net.commit(2, 0, 1, &other)), 1);
    let replica = net.replica(3);
    assert!(replica.surplus(ReplicaId(2), &commit).is_some());
    assert!(
        replica.surplus(ReplicaId(1), &commit).is_none(),
        "passed on"
    );
    net.deliver(3, commit.clone());
    assert_eq!(net.checks_for(3, &commit), 1, "the first may be false");
}
