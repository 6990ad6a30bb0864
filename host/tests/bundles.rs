//! The operations of callers without a name: those that wait at the same time travel in one request.
#![allow(clippy::unwrap_used)]

mod four;

use std::collections::BTreeMap;

use four::Cluster;
use quorate_host::{Answer, Ask, BYTES, LANES, Order, Outcome, Refusal, RequestName, UNDER_WAY};
use quorate_protocol::{ClientId, ReplicaId, Timestamp};
use quorate_service::kv::Answer as Value;
use quorate_service::{Answer as Result, Operation};

/// The outcomes so far, by caller. Nobody gets two answers.
fn outcomes(cluster: &Cluster) -> BTreeMap<u64, Outcome> {
    let mut outcomes = BTreeMap::new();
    for (caller, answer) in &cluster.answers {
        let Answer::Outcome(outcome) = answer else {
            panic!("{answer:?}");
        };
        let before = outcomes.insert(*caller, outcome.clone());
        assert_eq!(before, None, "{caller}");
    }
    outcomes
}

/// How many operations each request has that was signed so far.
fn operations_of_each(cluster: &Cluster) -> Vec<usize> {
    let count = |one: &quorate_protocol::message::Request| Operation::parts(&one.operation).len();
    cluster.asked.iter().map(count).collect()
}

fn value(text: &str) -> Result {
    Result::KeyValue(Value::Value(text.to_owned()))
}

/// Fills all lanes of P. The requests are not delivered yet.
fn fill_lanes(cluster: &mut Cluster) {
    for lane in 0..LANES as u64 {
        cluster.submit(0, "set lane=x", 1_000_000 + lane);
        cluster.turn(0);
    }
    assert_eq!(operations_of_each(cluster), [1; LANES]);
}

#[test]
fn one_caller_alone_waits_for_nobody_and_its_operation_is_a_request_of_its_own() {
    let mut cluster = Cluster::start();
    cluster.submit(0, "set x=1", 7);
    cluster.turn(0);
    let operation = Operation::KeyValue("set x=1".into()).encode();
    assert_eq!(cluster.asked.len(), 1);
    assert_eq!(cluster.asked[0].operation, operation);
    cluster.pass();
    let outcome = &outcomes(&cluster)[&7];
    assert_eq!(outcome.answer, Result::KeyValue(Value::Ok));
    assert_eq!(outcome.ordered.unwrap().0.0, 1);
}

#[test]
fn operations_asked_at_once_execute_in_one_request_and_each_caller_gets_its_own_answer() {
    let mut cluster = Cluster::start();
    for caller in 0..100 {
        cluster.submit(0, &format!("set k{caller}={caller}"), caller);
    }
    cluster.pass();
    for caller in 0..100 {
        cluster.submit(0, &format!("get k{caller}"), 100 + caller);
    }
    cluster.submit(0, "sing", 200);
    cluster.submit(0, "cas k7 8 9", 201);
    assert_eq!(cluster.processes[0].under_way(), 102);
    cluster.pass();
    assert_eq!(operations_of_each(&cluster), [100, 102]);
    let outcomes = outcomes(&cluster);
    assert_eq!(outcomes.len(), 202);
    for caller in 0..100 {
        assert_eq!(outcomes[&caller].answer, Result::KeyValue(Value::Ok));
        assert_eq!(outcomes[&(100 + caller)].answer, value(&caller.to_string()));
    }
    assert!(matches!(
        outcomes[&200].answer,
        Result::KeyValue(Value::Refused(_))
    ));
    assert!(matches!(
        outcomes[&201].answer,
        Result::KeyValue(Value::CasFailed { .. })
    ));
    let slots: Vec<_> = outcomes
        .values()
        .map(|one| one.ordered.unwrap().0.0)
        .collect();
    assert_eq!(slots, [vec![1; 100], vec![2; 102]].concat());
    assert_eq!(cluster.processes[0].under_way(), 0);
}

#[test]
fn while_all_lanes_are_under_way_operations_wait_and_then_leave_together() {
    let mut cluster = Cluster::start();
    fill_lanes(&mut cluster);
    for caller in 0..10 {
        cluster.submit(0, &format!("set k{caller}={caller}"), caller);
        cluster.turn(0);
    }
    assert_eq!(cluster.asked.len(), LANES);
    assert_eq!(cluster.processes[0].under_way(), LANES + 10);
    cluster.pass();
    assert_eq!(
        operations_of_each(&cluster),
        [vec![1; LANES], vec![10]].concat()
    );
    assert_eq!(outcomes(&cluster).len(), LANES + 10);
}

#[test]
fn a_caller_who_goes_takes_only_its_own_operation_along_and_only_if_it_has_not_left() {
    let mut cluster = Cluster::start();
    for caller in 0..3 {
        cluster.submit(0, &format!("set left{caller}=x"), caller);
    }
    cluster.turn(0);
    for lane in 1..LANES as u64 {
        cluster.submit(0, "set lane=x", 1000 + lane);
        cluster.turn(0);
    }
    for caller in 3..6 {
        cluster.submit(0, &format!("set waits{caller}=x"), caller);
    }
    let gone = cluster.processes[0].give_up(|caller| [1, 4].contains(caller));
    assert_eq!(gone.len(), 2);
    cluster.pass();
    let answered: Vec<u64> = outcomes(&cluster)
        .into_keys()
        .filter(|one| *one < 1000)
        .collect();
    assert_eq!(answered, [0, 2, 3, 5]);
    for key in ["left0", "left1", "left2", "waits3", "waits5"] {
        assert_eq!(
            cluster.look(2, &format!("get {key}")),
            Value::Value("x".into()),
            "{key}"
        );
    }
    assert_eq!(cluster.look(2, "get waits4"), Value::NoSuchKey);
    assert_eq!(cluster.processes[0].under_way(), 0);
}

#[test]
fn a_request_that_has_no_room_yet_is_dropped_once_all_its_callers_have_gone() {
    let mut cluster = Cluster::configured(|config| config.limits.waiting_requests = 2);
    for client in 0..3 {
        let order = Order {
            id: (client, 0),
            number: 1,
            json: format!(r#"{{"id": [{client}, 0], "timestamp": 1.5, "data": "x"}}"#),
            data: "x".to_owned(),
        };
        cluster.processes[0].ask(cluster.now, Ask::Order(order), 100 + client);
    }
    for caller in 0..3 {
        cluster.submit(0, &format!("set k{caller}=x"), caller);
    }
    cluster.turn(0);
    assert_eq!(operations_of_each(&cluster).last(), Some(&3));
    let gone = cluster.processes[0].give_up(|caller| *caller < 3);
    assert_eq!(gone, [0, 1, 2]);
    for _ in 0..5 {
        cluster.pass();
    }
    for caller in 0..3 {
        assert_eq!(cluster.look(0, &format!("get k{caller}")), Value::NoSuchKey);
    }
    assert_eq!(cluster.processes[0].service().ledger().count(), 3);
    cluster.submit(0, "set after=x", 5);
    cluster.pass();
    assert_eq!(cluster.look(0, "get after"), Value::Value("x".into()));
}

#[test]
fn answers_too_long_for_one_result_come_with_several_and_none_is_lost() {
    let mut cluster = Cluster::start();
    let long = "v".repeat(4096);
    for caller in 0..50 {
        cluster.submit(0, &format!("set k{caller}={caller}{}", &long[2..]), caller);
    }
    cluster.pass();
    for caller in 0..50 {
        cluster.submit(0, &format!("get k{caller}"), 100 + caller);
        cluster.submit(0, &format!("set other{caller}=x"), 200 + caller);
    }
    for _ in 0..10 {
        cluster.pass();
    }
    let outcomes = outcomes(&cluster);
    assert_eq!(outcomes.len(), 150);
    for caller in 0..50 {
        let expected = value(&format!("{caller}{}", &long[2..]));
        assert!(outcomes[&(100 + caller)].answer == expected, "{caller}");
        assert_eq!(
            outcomes[&(200 + caller)].answer,
            Result::KeyValue(Value::Ok)
        );
    }
    assert!(
        cluster.asked.len() <= 8,
        "{:?}",
        operations_of_each(&cluster)
    );
}

#[test]
fn callers_whose_operation_has_a_slot_are_told_it_each() {
    let mut cluster = Cluster::start();
    cluster.submit(0, "set x=1", 1);
    cluster.submit(0, "set y=2", 2);
    assert_eq!(cluster.processes[0].placed(|_| true).count(), 0);
    cluster.turn(0);
    let placed = cluster.processes[0].placed(|_| true);
    let placed: Vec<_> = placed.map(|(caller, slot)| (*caller, slot.0)).collect();
    assert_eq!(placed, [(1, 1), (2, 1)]);
}

#[test]
fn operations_beyond_the_number_or_the_bytes_that_may_wait_are_refused_and_room_comes_back() {
    let mut cluster = Cluster::start();
    let most = UNDER_WAY as u64;
    for caller in 0..=most {
        cluster.submit(0, "set x=1", caller);
    }
    cluster.turn(0);
    assert_eq!(cluster.answers, [(most, Answer::Refused(Refusal::Full))]);
    for _ in 0..5 {
        cluster.pass();
    }
    assert_eq!(cluster.processes[0].under_way(), 0);
    cluster.answers.clear();

    let bytes = 100_000;
    let most = (BYTES / bytes) as u64;
    for caller in 0..=most {
        let operation = Operation::Text("x".repeat(bytes));
        let name = None;
        cluster.processes[0].ask(cluster.now, Ask::Submit { operation, name }, caller);
    }
    for _ in 0..40 {
        cluster.pass();
    }
    let refused = (most, Answer::Refused(Refusal::Full));
    assert_eq!(cluster.answers.len() as u64, most + 1);
    assert_eq!(
        cluster
            .answers
            .iter()
            .filter(|one| **one == refused)
            .count(),
        1
    );
    assert_eq!(cluster.processes[0].under_way(), 0);
}

#[test]
fn a_bundle_that_expires_is_told_to_all_its_callers_and_never_executes() {
    // The reply tables have room for four clients.
    let mut cluster = Cluster::configured(|config| config.limits.clients = 400);
    cluster.pass();
    cluster.cut_off = Some(0);
    for caller in 0..3 {
        cluster.submit(0, &format!("set lost{caller}=x"), caller);
    }
    cluster.turn(0);
    for client in 0..20 {
        let operation = Operation::KeyValue(format!("set k{client}=x"));
        let name = Some(RequestName {
            client: ClientId::named(ReplicaId(1), &client.to_string()),
            timestamp: Timestamp(1),
            seal: None,
        });
        cluster.processes[1].ask(cluster.now, Ask::Submit { operation, name }, 100 + client);
        cluster.turn(1);
    }
    for _ in 0..40 {
        cluster.pass();
    }
    let mut told: Vec<u64> = Vec::new();
    for (caller, answer) in &cluster.answers {
        if *caller < 3 {
            assert_eq!(*answer, Answer::Refused(Refusal::Expired));
            told.push(*caller);
        }
    }
    told.sort_unstable();
    assert_eq!(told, [0, 1, 2]);
    cluster.cut_off = None;
    for _ in 0..40 {
        cluster.pass();
    }
    for at in 0..4 {
        assert_eq!(cluster.look(at, "get k19"), Value::Value("x".into()));
        assert_eq!(cluster.look(at, "get lost0"), Value::NoSuchKey);
    }
    cluster.submit(0, "set after=x", 7);
    for _ in 0..5 {
        cluster.pass();
    }
    assert_eq!(cluster.look(3, "get after"), Value::Value("x".into()));
}
