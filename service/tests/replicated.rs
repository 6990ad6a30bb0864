//! The exchange and the store behind one service: operations, queries, snapshots.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use proptest::collection::vec;
use proptest::prelude::*;
use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, ClusterId, Part, Quorum, ReplicaId, Sequence, Timestamp};
use quorate_service::exchange::{Command, Rules, WINDOW};
use quorate_service::gathering::Membership;
use quorate_service::kv::Answer as Value;
use quorate_service::{Answer, BadSnapshot, Operation, Replicated, Service};

fn service() -> Replicated {
    let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
    let rules = Rules {
        quorum,
        default_decision: "retreat".into(),
    };
    Replicated::new(rules, Membership::plain(ClusterId([7; 32]), quorum))
}

/// A service, and the next sequence number to execute.
struct Run {
    service: Replicated,
    next: u64,
}

fn request(client: ClientId, operation: &[u8]) -> Request {
    Request::new(client, Timestamp(1), operation.to_vec())
}

impl Run {
    fn new() -> Self {
        Self {
            service: service(),
            next: 1,
        }
    }

    fn bytes(&mut self, client: u32, operation: &[u8]) -> Answer {
        let sequence = Sequence(self.next);
        self.next += 1;
        let request = request(ReplicaId(client).into(), operation);
        let answer = self.service.execute(sequence, &request);
        Answer::decode(&answer).unwrap()
    }

    fn text(&mut self, text: &str) -> Answer {
        self.bytes(9, &Operation::KeyValue(text.into()).encode())
    }

    fn commands(&mut self, client: u32, commands: Vec<Command>) {
        let answer = self.bytes(client, &Operation::Exchange(commands).encode());
        assert_eq!(answer, Answer::Exchange);
    }

    fn decide(&mut self, round: u64, decision: &str) {
        self.commands(0, vec![Command::Close { round }]);
        for process in 0..3 {
            self.commands(process, vec![ballot(round, decision)]);
        }
        assert_eq!(self.service.exchange().decision(round), Some(decision));
    }
}

fn ballot(round: u64, decision: &str) -> Command {
    let votes: BTreeMap<_, _> = (0..3)
        .map(|voter| (ReplicaId(voter), decision.to_owned()))
        .collect();
    Command::Ballot { round, votes }
}

fn changed(before: &[Part], after: &[Part]) -> usize {
    after.iter().filter(|part| !before.contains(part)).count()
}

#[test]
fn each_operation_reaches_the_service_that_it_names() {
    let mut run = Run::new();
    assert_eq!(run.text("set x=42"), Answer::KeyValue(Value::Ok));
    run.decide(1, "attack");
    assert_eq!(
        run.text("get x"),
        Answer::KeyValue(Value::Value("42".into()))
    );
}

#[test]
fn an_unreadable_operation_gets_an_answer_and_changes_nothing() {
    let mut run = Run::new();
    run.text("set x=42");
    let before = run.service.snapshot();
    let mut longer = Operation::KeyValue("delete x".into()).encode();
    longer.push(0);
    for bytes in [&b""[..], b"\xff", b"set x=43", &longer] {
        assert_eq!(run.bytes(1, bytes), Answer::Unreadable);
        assert_eq!(run.service.query(bytes), None);
    }
    assert_eq!(run.service.snapshot(), before);
    assert!(Answer::Unreadable.to_string().contains("set KEY=VALUE"));
}

#[test]
fn only_get_is_a_query_and_it_answers_as_an_ordered_get_does() {
    let mut run = Run::new();
    run.text("set x=42");
    for key in ["x", "y"] {
        let get = Operation::KeyValue(format!("get {key}")).encode();
        let answer = run.service.query(&get).unwrap();
        assert_eq!(Answer::decode(&answer), Some(run.bytes(1, &get)));
    }
    for operation in [
        Operation::KeyValue("set x=1".into()),
        Operation::KeyValue("nonsense".into()),
        Operation::Exchange(Vec::new()),
    ] {
        assert_eq!(run.service.query(&operation.encode()), None);
    }
}

#[test]
fn a_restored_copy_continues_as_the_original_does() {
    let mut run = Run::new();
    for round in 1..=100 {
        run.decide(round, ["attack", "retreat"][usize::from(round % 3 == 0)]);
        run.text(&format!("set key{round}={}", "v".repeat(2000)));
    }
    run.commands(1, vec![Command::Close { round: 101 }, ballot(101, "wait")]);
    let parts = run.service.snapshot();
    let mut copy = Run::new();
    copy.text("set gone=1");
    copy.service.restore(&parts).unwrap();
    copy.next = run.next;
    assert_eq!(copy.service.snapshot(), parts);
    for run in [&mut run, &mut copy] {
        run.commands(0, vec![ballot(101, "wait")]);
        run.commands(2, vec![ballot(101, "wait")]);
        assert_eq!(run.service.exchange().decision(101), Some("wait"));
        assert_eq!(run.text("get gone"), Answer::KeyValue(Value::NoSuchKey));
    }
    assert_eq!(copy.service.snapshot(), run.service.snapshot());
}

#[test]
fn a_small_change_changes_few_parts() {
    let mut run = Run::new();
    for round in 1..=WINDOW + 100 {
        run.decide(round, "attack");
    }
    for key in 0..500 {
        run.text(&format!("set key{key}={}", "v".repeat(1000)));
    }
    let before = run.service.snapshot();
    assert!(before.len() > 40);
    run.text("set key7=w");
    let after = run.service.snapshot();
    assert_eq!(changed(&before, &after), 1);
    // These parts change: the latest round, the part that holds it, the part with the round whose votes are forgotten, and
    // the part that lost a round to the window.
    run.decide(WINDOW + 101, "attack");
    assert!((1..=4).contains(&changed(&after, &run.service.snapshot())));
}

#[test]
fn histories_that_lead_to_the_same_state_give_the_same_snapshot() {
    let (mut one, mut other) = (Run::new(), Run::new());
    // The exchange executes the same slots; the store's commands differ.
    for run in [&mut one, &mut other] {
        run.decide(1, "attack");
    }
    for text in ["set a=1", "set b=2", "cas a 1 3"] {
        one.text(text);
    }
    for text in ["set c=1", "set b=2", "set a=3", "delete c"] {
        other.text(text);
    }
    assert_eq!(one.service.snapshot(), other.service.snapshot());
    other.text("set a=4");
    assert_ne!(one.service.snapshot(), other.service.snapshot());
}

#[test]
fn an_invalid_snapshot_is_refused_and_changes_nothing() {
    let mut run = Run::new();
    run.decide(1, "attack");
    run.text("set x=42");
    let good = run.service.snapshot();
    // The counts, the latest round, one part of rounds, the ledger's count, one part of keys.
    assert_eq!(good.len(), 5);
    let with = |place: usize, bytes: &[u8]| {
        let mut parts = good.clone();
        parts[place] = bytes.into();
        parts
    };
    for (bad, error) in [
        (Vec::new(), BadSnapshot::Missing),
        (good[..2].to_vec(), BadSnapshot::Missing),
        (with(0, b"\x03"), BadSnapshot::Unreadable),
        (with(0, b"\x82\x00\x01\x00"), BadSnapshot::NotCanonical),
        (with(1, b""), BadSnapshot::Unreadable),
        (with(1, b"\xff\xff\x7f"), BadSnapshot::NotCanonical),
    ] {
        assert_eq!(run.service.restore(&bad), Err(error), "{bad:?}");
        assert_eq!(run.service.snapshot(), good);
    }
    assert_eq!(run.service.restore(&good), Ok(()));
}

/// Executes an HTTP request that this process received, and returns its answer.
fn request_over(run: &mut Run, process: &str, json: &str) -> Answer {
    let operation = Operation::Request(json.to_owned()).encode();
    let sequence = Sequence(run.next);
    run.next += 1;
    let client = ClientId::named(ReplicaId(0), process);
    let answer = run.service.execute(sequence, &request(client, &operation));
    Answer::decode(&answer).unwrap()
}

#[test]
fn a_request_over_http_enters_the_ledger_and_its_data_is_executed() {
    let mut run = Run::new();
    let gave = |answer| Answer::Request(Box::new(answer));
    let set = r#"{"id": [0, 7], "data": "set x=1", "timestamp": 1.5}"#;
    let answer = request_over(&mut run, "P", set);
    assert_eq!(answer, gave(Answer::KeyValue(Value::Ok)));
    let other = r#"{"id": [1, 0], "data": "anything", "timestamp": 1}"#;
    assert_eq!(request_over(&mut run, "P", other), gave(Answer::Ordered));
    for json in [
        r#"{"id": [0], "data": "set x=2", "timestamp": 1}"#,
        r#"{"id": [0, 8], "data": "set x=2"}"#,
        "nonsense",
    ] {
        let answer = request_over(&mut run, "P", json);
        assert_eq!(answer, Answer::Unreadable, "{json}");
    }
    assert_eq!(
        run.text("get x"),
        Answer::KeyValue(Value::Value("1".into()))
    );
    let entries: Vec<_> = run.service.ledger().since(0).map(|one| one.id).collect();
    assert_eq!(entries, [(0, 7), (1, 0)]);
    let mut other = service();
    assert_eq!(other.restore(&run.service.snapshot()), Ok(()));
    assert_eq!(other.ledger(), run.service.ledger());
}

#[test]
fn the_same_id_is_the_same_request_whatever_its_timestamp_and_whichever_process_it_came_over() {
    let mut run = Run::new();
    let json = |timestamp: u32, data: &str| {
        format!(r#"{{"id": [0, 7], "data": "{data}", "timestamp": {timestamp}}}"#)
    };
    for (process, timestamp) in [("P", 2), ("P", 3), ("Q", 2), ("Q", 1)] {
        let answer = request_over(&mut run, process, &json(timestamp, "set x=1"));
        let first = (process, timestamp) == ("P", 2);
        assert_eq!(first, answer != Answer::Again, "{answer:?}");
    }
    let other = request_over(&mut run, "Q", &json(4, "set x=2"));
    assert_eq!(other, Answer::IdTaken);
    assert_eq!(
        run.text("get x"),
        Answer::KeyValue(Value::Value("1".into()))
    );
    assert_eq!(run.service.ledger().count(), 1);
}

#[test]
fn requests_of_one_client_that_come_over_two_processes_execute_whichever_is_ordered_first() {
    let mut run = Run::new();
    let later = r#"{"id": [0, 1], "data": "set y=1", "timestamp": 2}"#;
    let earlier = r#"{"id": [0, 0], "data": "set x=1", "timestamp": 1}"#;
    for (process, json) in [("Q", later), ("P", earlier)] {
        let answer = request_over(&mut run, process, json);
        assert!(matches!(answer, Answer::Request(_)), "{answer:?}");
    }
}

#[test]
fn a_ballot_with_an_invalid_decision_does_not_count() {
    let mut run = Run::new();
    run.commands(0, vec![Command::Close { round: 1 }]);
    run.commands(1, vec![ballot(1, &"x".repeat(100_000))]);
    let round = run.service.exchange().round(1).unwrap();
    assert_eq!(round.counted().count(), 0);
    assert!(round.ballots.iter().all(|ballot| ballot.votes.is_empty()));
}

/// A change of any of the three services.
#[derive(Clone, Debug)]
enum Change {
    Decide(u64),
    Close(u64),
    Text(String),
    Request(u64, u64, usize),
}

impl Run {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Decide(round) => {
                self.commands(0, vec![Command::Close { round: *round }]);
                for process in 0..4 {
                    self.commands(process, vec![ballot(*round, "attack")]);
                }
            }
            Change::Close(round) => self.commands(1, vec![Command::Close { round: *round }]),
            Change::Text(text) => drop(self.text(text)),
            Change::Request(client, seq, length) => {
                let data = "d".repeat(*length);
                let json = format!(r#"{{"id":[{client},{seq}],"timestamp":1.5,"data":"{data}"}}"#);
                request_over(self, "P/1", &json);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let length = || prop_oneof![Just(1usize), Just(600), Just(4000)];
    prop_oneof![
        1 => (1..100u64).prop_map(Change::Decide),
        1 => (1..300u64).prop_map(Change::Close),
        4 => (0..60u8, length()).prop_map(|(key, length)| Change::Text(format!("set key{key}={}", "v".repeat(length)))),
        2 => (0..60u8).prop_map(|key| Change::Text(format!("delete key{key}"))),
        3 => (0..5u64, 0..100u64, length()).prop_map(|(client, seq, length)| Change::Request(client, seq, 10 * length)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The parts that a snapshot made are kept until they change. None must outlive its change.
    #[test]
    fn snapshots_on_the_way_leave_no_trace(changes in vec((change(), any::<bool>()), 1..150)) {
        let (mut often, mut once) = (Run::new(), Run::new());
        for (change, looks) in &changes {
            often.change(change);
            once.change(change);
            if *looks {
                often.service.snapshot();
            }
        }
        let parts = once.service.snapshot();
        prop_assert_eq!(&often.service.snapshot(), &parts);
        let mut restored = Run::new();
        restored.service.restore(&parts).unwrap();
        prop_assert_eq!(restored.service.snapshot(), parts);
    }

    /// One change costs a few parts of at most 32 KiB and one value, however many parts there are.
    #[test]
    fn one_change_changes_few_parts_and_all_are_bounded(changes in vec(change(), 1..80)) {
        let mut run = Run::new();
        let mut before = run.service.snapshot();
        for change in &changes {
            run.change(change);
            let after = run.service.snapshot();
            let new = changed(&before, &after);
            // The head; of the exchange, the latest round and up to 100 rounds whose votes are forgotten; of the ledger its
            // head, its clients, its ends; of the store a part that splits.
            prop_assert!(new <= 10, "{change:?} changes {new} of {} parts", after.len());
            prop_assert!(after.iter().all(|part| part.len() <= 32 * 1024 + 40_100));
            before = after;
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(operation in vec(any::<u8>(), 0..64)) {
        let request = request(ReplicaId(1).into(), &operation);
        let answer = service().execute(Sequence(1), &request);
        prop_assert!(Answer::decode(&answer).is_some());
    }

    #[test]
    fn any_parts_are_either_refused_or_restored_exactly(parts in vec(vec(any::<u8>(), 0..8), 0..4)) {
        let parts: Vec<Part> = parts.into_iter().map(Part::from).collect();
        let mut service = service();
        if service.restore(&parts).is_ok() {
            prop_assert_eq!(service.snapshot(), parts);
        }
    }
}

fn several(operations: &[Vec<u8>]) -> Vec<u8> {
    Operation::Several(operations.to_vec()).encode()
}

fn text(text: &str) -> Vec<u8> {
    Operation::KeyValue(text.into()).encode()
}

#[test]
fn operations_of_a_list_execute_in_order_and_one_that_cannot_be_read_harms_no_other() {
    let mut run = Run::new();
    let list_in_list = several(&[text("set x=9")]);
    let operations = [
        text("set x=1"),
        vec![255, 255],
        text("get x"),
        list_in_list,
        Operation::Exchange(vec![Command::Close { round: 1 }]).encode(),
        text("cas x 1 2"),
    ];
    assert_eq!(
        run.bytes(0, &several(&operations)),
        Answer::Several(vec![
            Answer::KeyValue(Value::Ok),
            Answer::Unreadable,
            Answer::KeyValue(Value::Value("1".into())),
            Answer::Unreadable,
            Answer::Exchange,
            Answer::KeyValue(Value::Ok),
        ])
    );
    assert_eq!(
        run.text("get x"),
        Answer::KeyValue(Value::Value("2".into()))
    );
    assert!(run.service.exchange().round(1).is_some());
    assert_eq!(run.service.query(&several(&[text("get x")])), None);
}

#[test]
fn answers_of_a_list_never_exceed_a_result_and_what_has_no_room_does_not_execute() {
    let mut run = Run::new();
    let limit = 20_000;
    run.service = service().with_longest_result(limit);
    run.text(&format!("set long={}", "v".repeat(4096)));
    let mut operations = vec![text("get long"); 10];
    operations.push(text("set small=1"));
    let request = request(ReplicaId(0).into(), &several(&operations));
    let result = run.service.execute(Sequence(9), &request);
    assert!(result.len() <= limit);
    let answers = Answer::decode(&result).unwrap().each(11);
    let full = answers
        .iter()
        .position(|one| *one == Answer::NoRoom)
        .unwrap();
    assert_eq!(full, 3);
    assert!(answers[full..].iter().all(|one| *one == Answer::NoRoom));
    assert_eq!(run.text("get small"), Answer::KeyValue(Value::NoSuchKey));
}

#[test]
fn a_list_of_too_many_operations_is_no_operation_however_short_they_are() {
    let mut run = Run::new();
    let list = |count| several(&vec![text("set x=1"); count]);
    assert_eq!(
        Operation::fitting(vec![9; 5000], 128 * 1024),
        Operation::MOST
    );
    let most = run.bytes(0, &list(Operation::MOST));
    assert_eq!(
        most,
        Answer::Several(vec![Answer::KeyValue(Value::Ok); Operation::MOST])
    );
    let more = list(Operation::MOST + 1);
    assert_eq!(run.bytes(0, &more), Answer::Unreadable);
    assert_eq!(Operation::parts(&more)[..], [more][..]);
    let empty = several(&vec![Vec::new(); 128 * 1024 - 4]);
    assert_eq!(run.bytes(0, &empty), Answer::Unreadable);
}

#[test]
fn as_many_operations_go_into_a_list_as_its_bytes_allow_and_at_least_one() {
    let operation = text(&format!("set x={}", "v".repeat(200)));
    let all = vec![operation.clone(); 100];
    let lengths = || all.iter().map(Vec::len);
    let limit = 10_000;
    let count = Operation::fitting(lengths(), limit);
    assert!(several(&all[..count]).len() <= limit);
    assert!(several(&all[..count + 1]).len() + 6 > limit, "{count}");
    assert_eq!(Operation::fitting(lengths(), 10), 1);
    assert_eq!(Operation::fitting(lengths(), 1 << 20), 100);
    let long = vec![operation.len() + 20_000; 6];
    assert_eq!(Operation::fitting(long, 128 * 1024), 6);
    assert_eq!(Operation::parts(&several(&all)), all);
    assert_eq!(Operation::parts(&operation)[..], [operation][..]);
    assert_eq!(Operation::parts(&[255]), [[255]]);
}
