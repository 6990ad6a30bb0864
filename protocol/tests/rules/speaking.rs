//! Who may speak for a client: rule 26.

use crate::harness::{Network, key_of, rejects, slots};
use quorate_protocol::client::Client;
use quorate_protocol::message::{Batch, Body, Committed, Reply, Request};
use quorate_protocol::{
    ClientId, ClientKey, ClusterId, Effect, Keys, Misbehaviour, Quorum, ReplicaId, Seal, Sequence,
    Signed, SignedMessage, Timestamp, View,
};

const CLUSTER: ClusterId = ClusterId([1; 32]);

/// Every message that can bring this request to R.
fn ways(net: &Network, request: &Signed<Request>) -> [SignedMessage; 4] {
    let batch = Batch::new(vec![request.clone()]);
    let body = Body {
        batch: batch.clone(),
    };
    let committed = Committed {
        proof: (0..3).map(|i| net.signed_commit(i, 0, 1, &batch)).collect(),
        batch: batch.clone(),
    };
    [
        SignedMessage::Request(request.clone()),
        net.pre_prepare(0, 0, 1, &batch),
        SignedMessage::Body(net.sign(1, body)),
        SignedMessage::Committed(net.sign(1, committed)),
    ]
}

#[test]
pub(crate) fn rule_26_a_request_whose_signer_may_not_speak_for_the_client_is_refused_however_it_comes()
 {
    let mut net = Network::new(4);
    let (owner, signer) = (ReplicaId(2), ReplicaId(1));
    let far = Timestamp(u64::MAX);
    for client in [
        owner.into(),
        ClientId::session(owner, 1),
        ClientId::named(owner, "c"),
    ] {
        let request = net.sign(1, Request::new(client, far, b"x".to_vec()));
        for message in ways(&net, &request) {
            let before = net.state(3);
            let refused = Misbehaviour::RequestOfAnother { signer, client };
            assert_eq!(net.deliver(3, message), [Effect::Reject(refused)]);
            assert_eq!(net.state(3), before);
        }
    }
}

#[test]
fn rule_26_a_request_that_the_clients_key_has_not_signed_is_refused_however_it_comes() {
    let mut net = Network::new(4);
    let signed = net.keyed_request(1, "c", 1).value().clone();
    let of_another = key_of("d").seal(net.cluster(), Timestamp(1), Sequence(0), b"c/1");
    let with = |change: &dyn Fn(&mut Request)| {
        let mut request = signed.clone();
        change(&mut request);
        request
    };
    let signer = ReplicaId(1);
    for request in [
        with(&|r| r.seal = None),
        with(&|r| r.seal = Some(Seal([0; 64]).into())),
        with(&|r| r.seal = Some(of_another.into())),
        with(&|r| r.timestamp = Timestamp(2)),
        with(&|r| r.operation.push(b'!')),
        with(&|r| r.client = key_of("d").client()),
        // A client without a key has nothing to sign with.
        with(&|r| r.client = ClientId::named(signer, "c")),
    ] {
        let client = request.client;
        for message in ways(&net, &net.sign(1, request.clone())) {
            let before = net.state(3);
            let refused = Misbehaviour::BadSeal { signer, client };
            assert_eq!(net.deliver(3, message), [Effect::Reject(refused)]);
            assert_eq!(net.state(3), before);
        }
    }
    let accepted = net.deliver(3, SignedMessage::Request(net.sign(1, signed)));
    assert_eq!(rejects(&accepted), []);
}

#[test]
fn rule_26_a_client_with_a_key_is_the_same_at_every_process() {
    let mut net = Network::new(4);
    let carried = |i| net.keyed_request(i, "c", 1);
    let [at_q, at_r] = [carried(1), carried(2)];
    assert_eq!(at_q.value().digest(), at_r.value().digest());
    let once = Batch::new(vec![at_q, at_r]);
    assert_eq!(slots(&net.commit_at(3, 0, 1, &once)), [(1, vec![(99, 1)])]);
}

#[test]
fn rule_26_another_operation_under_the_same_timestamp_is_refused_and_gets_no_reply_of_the_first() {
    let mut net = Network::new(4);
    let key = key_of("c");
    let ask = |carrier, operation: &[u8]| {
        let request = key.request(net.cluster(), Timestamp(7), operation.to_vec());
        net.sign(carrier, request)
    };
    let (one, other) = (ask(1, b"one"), ask(2, b"other"));
    let taken = Effect::Reject(Misbehaviour::TimestampTaken {
        client: key.client(),
        timestamp: Timestamp(7),
    });

    net.deliver(3, SignedMessage::Request(one.clone()));
    let waiting = net.deliver(3, SignedMessage::Request(other.clone()));
    let batch = Batch::new(vec![one]);
    net.commit_at(3, 0, 1, &batch);
    let executed = net.deliver(3, SignedMessage::Request(other));

    assert_eq!(waiting, executed);
    assert_eq!(executed, [taken]);
}

#[test]
fn rule_26_a_client_takes_no_reply_to_another_request_than_its_own() {
    let mut client = Client::new(Quorum::of(4.try_into().unwrap()), 0);
    let net = Network::new(4);
    let asked = net.verified_request(0, "c", 1);
    let own = asked.value().clone();
    let other = Request::new(own.client, own.timestamp, b"another".to_vec());
    client.wait_for(asked);
    let mut hear = |request: &Request| {
        let reply = Reply {
            view: View(0),
            client: own.client,
            timestamp: own.timestamp,
            request: request.digest(),
            sequence: Sequence(1),
            result: Some(b"ok".to_vec()),
        };
        let heard = (0..4).map(|i| client.on_reply(ReplicaId(i), reply.clone()));
        heard.flatten().count()
    };
    assert_eq!(hear(&other), 0);
    assert_eq!(hear(&own), 1);
}

#[test]
fn rule_26_real_keys_and_simulated_ones_tell_alike_who_has_signed_a_request() {
    let [first, second] = [ReplicaId(0), ReplicaId(1)];
    let public = [1, 2].map(|i| Keys::public_key(&[i; 32]));
    judge_seals(
        &Keys::new(first, [1; 32], &public, CLUSTER).unwrap(),
        Keys::new(second, [2; 32], &public, CLUSTER).unwrap(),
        &ClientKey::new(&[9; 32]),
    );
    judge_seals(
        &Keys::simulated(first, 2, CLUSTER),
        Keys::simulated(second, 2, CLUSTER),
        &ClientKey::simulated("c"),
    );
}

fn judge_seals(carrier: &Keys, mut judge: Keys, key: &ClientKey) {
    let mut judged = |request| {
        let message = SignedMessage::Request(carrier.sign(request).into_signed());
        judge.verify_message(message).map(drop)
    };
    let asked = |cluster| key.request(cluster, Timestamp(1), b"x".to_vec());
    let refused = Err(Misbehaviour::BadSeal {
        signer: ReplicaId(0),
        client: key.client(),
    });

    assert_eq!(judged(asked(CLUSTER)), Ok(()));
    assert_eq!(judged(asked(ClusterId([2; 32]))), refused);
    let mut altered = asked(CLUSTER);
    altered.operation = b"y".to_vec();
    assert_eq!(judged(altered), refused);
    // Bytes that are no point of the curve.
    let mut nobodys = asked(CLUSTER);
    nobodys.client = ClientId::Key([255; 32]);
    assert!(judged(nobodys).is_err());
}
