//! Clients: rules 20, 21 and 26.

use crate::harness::Network;
use quorate_protocol::client::{Client, Read};
use quorate_protocol::message::{Query, Reply};
use quorate_protocol::{
    ClientId, Duration, Effect, Message, Quorum, ReplicaId, Sequence, SignedMessage, Timestamp,
    View,
};

#[test]
fn rule_20_a_result_needs_a_quorum_of_matching_replies() {
    let quorum = Quorum::of(4.try_into().unwrap());
    let mut client = Client::new(quorum, 0);
    let net = Network::new(4);
    let asked = net.verified_request(0, "c", 1);
    let request = asked.value().digest();
    client.wait_for(asked);
    let reply = |view, sequence, result: &[u8]| Reply {
        view: View(view),
        client: ClientId::named(ReplicaId(0), "c"),
        timestamp: Timestamp(1),
        request,
        sequence: Sequence(sequence),
        result: Some(result.to_vec()),
    };

    // A repeated reply, one with a false result, and one with another slot.
    assert_eq!(client.on_reply(ReplicaId(0), reply(0, 1, b"ok")), None);
    assert_eq!(client.on_reply(ReplicaId(0), reply(0, 1, b"ok")), None);
    assert_eq!(client.on_reply(ReplicaId(1), reply(0, 1, b"no")), None);
    assert_eq!(client.on_reply(ReplicaId(2), reply(0, 2, b"ok")), None);
    assert_eq!(client.on_reply(ReplicaId(2), reply(0, 1, b"ok")), None);
    let accepted = client.on_reply(ReplicaId(3), reply(0, 1, b"ok"));
    assert_eq!(accepted.and_then(|a| a.result), Some(b"ok".to_vec()));
    assert_eq!(client.on_reply(ReplicaId(3), reply(0, 1, b"ok")), None);
}

#[test]
fn rule_20_requests_and_queries_of_clients_are_repeated_until_they_get_results() {
    let mut net = Network::new(4);
    net.drop_if(|parcel| parcel.from == 1 && matches!(parcel.message, SignedMessage::Request(_)));
    net.submit_for(1, "c", 1);
    net.run();
    assert_eq!(net.results(1), []);
    net.release();
    net.run_for(Duration::from_millis(400));
    let results: Vec<_> = net.results(1).iter().map(|a| a.result.clone()).collect();
    assert_eq!(results, [Some(b"c/1 done".to_vec())]);

    net.ask(2, b"count");
    net.run();
    assert_eq!(net.reads(2), [Read::Agreed(b"count = 1".to_vec())]);
}

#[test]
fn rule_26_an_answer_to_another_query_with_the_same_number_does_not_count() {
    let mut client = Client::new(Quorum::of(4.try_into().unwrap()), 0);
    let asked = client.ask(b"get x".to_vec());
    let other = Query {
        number: asked.number,
        operation: b"get y".to_vec(),
    };
    let mut hear = |from, query: &Query| {
        let answer = query.answer(b"5".to_vec());
        client.on_answer(ReplicaId(from), answer)
    };
    for from in 0..4 {
        assert_eq!(hear(from, &other), None);
    }
    assert_eq!(hear(0, &asked), None);
    assert_eq!(hear(1, &asked), None);
    assert_eq!(hear(2, &asked), Some(Read::Agreed(b"5".to_vec())));
}

#[test]
fn rule_20_a_restarted_replica_answers_no_query_from_a_state_older_than_clients_were_told() {
    let mut net = Network::new(4);
    net.order(0, 1);
    net.crash(3);
    net.isolate(3);
    net.restart(3);
    let query = |number| {
        let operation = b"count".to_vec();
        Query { number, operation }
    };
    let older = net.deliver(3, SignedMessage::Query(net.sign(1, query(1))));
    net.heal();
    net.run_for(Duration::from_millis(1000));
    assert_eq!(net.executed(3), [(0, 1)]);
    let current = net.deliver(3, SignedMessage::Query(net.sign(1, query(2))));

    assert_eq!(older, []);
    assert!(
        matches!(
            &current[..],
            [
                Effect::Read { .. },
                Effect::Send {
                    message: Message::Answer(_),
                    ..
                }
            ]
        ),
        "{current:?}"
    );
}

#[test]
fn rule_21_a_view_that_only_one_replica_claims_is_not_believed() {
    let mut client = Client::new(Quorum::of(4.try_into().unwrap()), 0);
    let asked = Network::new(4).verified_request(0, "c", 1);
    let request = asked.value().digest();
    client.wait_for(asked);
    let reply = |view| Reply {
        view: View(view),
        client: ClientId::named(ReplicaId(0), "c"),
        timestamp: Timestamp(1),
        request,
        sequence: Sequence(1),
        result: Some(Vec::new()),
    };
    assert_eq!(client.on_reply(ReplicaId(0), reply(99)), None);
    assert_eq!(client.on_reply(ReplicaId(1), reply(3)), None);
    let accepted = client.on_reply(ReplicaId(2), reply(2));
    assert_eq!(accepted.map(|a| a.view), Some(View(3)));
}
