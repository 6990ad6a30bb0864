//! Tests of one process alone. The test plays its peers.

pub(crate) mod links;

use std::net::SocketAddr;
use std::num::NonZeroU32;

use quorate_host::{BadBatch, Batch};
use quorate_protocol::message::{Memory, Proved, Standing};
use quorate_protocol::{
    ClusterId, Config, Keys, Message, Quorum, Record, ReplicaId, Sequence, SignedMessage, View,
};
use quorate_wire::method::{
    BallotStatus, FinalizeDecision, ReceiveMessage, Round, RoundStatus, SendMessage, Status,
    VoteStatus,
};
use quorate_wire::{CallError, Caller, Fault};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::links::Tap;
use super::*;
use crate::link::Lane;
use crate::storage;

const LONG: Duration = Duration::from_secs(20);

/// The configuration of P, one of four processes. The others cannot be reached.
pub(crate) fn config() -> NodeConfig {
    let nowhere: SocketAddr = ([127, 0, 0, 1], 1).into();
    let secret_key = |index: u8| [index + 1; 32];
    NodeConfig {
        index: 0,
        addresses: vec![nowhere; 4],
        cluster: [7; 32],
        secret_key: secret_key(0),
        public_keys: (0..4)
            .map(|index| Keys::public_key(&secret_key(index)))
            .collect(),
        fault: None,
        default_decision: "retreat".into(),
        view_timeout_ms: 60_000,
        seed: 7,
        batch_limit: 256,
        decision_timeout_ms: 60_000,
        allowed_hosts: vec!["quorate.example".into()],
        life: 0,
        starts: None,
        data: None,
        checkpoint_interval: None,
        status_interval_ms: None,
        links: Vec::new(),
        started_us: 0,
        trace: false,
        loss_percent: 0.0,
        control: None,
        web: None,
    }
}

/// The keys of one of the four processes.
pub(crate) fn keys_of(process: ReplicaId, cluster: ClusterId) -> Keys {
    let NodeConfig { public_keys, .. } = config();
    let secret = [u8::try_from(process.0).unwrap() + 1; 32];
    Keys::new(process, secret, &public_keys, cluster).unwrap()
}

#[test]
fn the_endpoint_is_known_by_its_address() {
    let hosts = |ip: &str| limits(&config(), ip.parse().unwrap()).allowed_hosts;
    assert_eq!(hosts("10.0.0.1"), ["quorate.example", "10.0.0.1"]);
    assert_eq!(hosts("fd00::2"), ["quorate.example", "[fd00::2]"]);
    let any = |ip: &str| limits(&config(), ip.parse().unwrap()).any_address;
    assert!(any("0.0.0.0") && any("::") && !any("10.0.0.1"));
}

/// Configurations with many processes and a long checkpoint interval.
pub(crate) fn large_clusters() -> impl Iterator<Item = NodeConfig> {
    [4, 31, 64].into_iter().map(|n| NodeConfig {
        addresses: vec![([127, 0, 0, 1], 1).into(); n],
        checkpoint_interval: Some(10_000),
        ..config()
    })
}

#[test]
fn a_call_may_take_longer_than_a_decision() {
    let call = |decision_timeout_ms| {
        let config = NodeConfig {
            decision_timeout_ms,
            ..config()
        };
        limits(&config, IpAddr::from([127, 0, 0, 1])).call
    };
    assert_eq!(call(10_000), Limits::default().call);
    assert_eq!(call(100_000), Duration::from_secs(105));
}

/// A round in which each of `n` processes heard the longest decision, written with escapes, of all.
fn longest_round(n: usize) -> RoundStatus {
    let decision = "\"".repeat(200);
    let vote = VoteStatus {
        process: "Z6".into(),
        decision: decision.clone(),
    };
    let ballot = BallotStatus {
        process: "Z6".into(),
        sequence_number: 1 << 40,
        votes: vec![vote; n],
        tie: false,
        decision: decision.clone(),
        refused: String::new(),
    };
    RoundStatus {
        round: 1,
        close_sequence_number: 1 << 40,
        ballots: vec![ballot; n],
        tally: Vec::new(),
        tie: false,
        decision,
    }
}

#[tokio::test]
async fn a_round_of_64_processes_fits_into_an_answer_with_all_its_votes() {
    let mut config = config();
    config.addresses = vec![config.addresses[0]; 64];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::new()
        .method(async |_: Round| Ok(longest_round(64)))
        .limits(limits(&config, address.ip()));
    tokio::spawn(endpoint.serve(listener, std::future::pending()));
    let answer = Caller::new(address, LONG).call(Round::default()).await;
    assert_eq!(answer.unwrap(), longest_round(64));
}

#[test]
fn the_same_seed_gives_the_same_dice_whatever_the_cluster_and_others_at_each_process() {
    let dice = |seed, index, cluster| {
        let config = NodeConfig {
            seed,
            index,
            cluster: [cluster; 32],
            ..config()
        };
        config.dice_seed()
    };
    assert_eq!(dice(42, 1, 7), dice(42, 1, 8));
    assert_ne!(dice(42, 1, 7), dice(43, 1, 7));
    assert_ne!(dice(42, 1, 7), dice(42, 2, 7));
}

/// A running P.
struct Running {
    address: SocketAddr,
    caller: Caller,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<anyhow::Result<Ending>>,
}

fn run_p(config: NodeConfig) -> Running {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let caller = Caller::new(address, LONG);
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(run(config, listener, || Ok(()), async {
        let _ = stopped.await;
    }));
    Running {
        address,
        caller,
        stop,
        ended,
    }
}

/// A message signed by Q, for the cluster with this id.
fn message_of_q(cluster: u8, executed: u64) -> Vec<u8> {
    let mut keys = keys_of(ReplicaId(1), ClusterId([cluster; 32]));
    let standing = Standing {
        view: View(0),
        active: true,
        memory: Memory::Whole,
        executed: Sequence(executed),
        stable: Sequence(0),
        proved: Proved::none(),
    };
    let message = keys.sign_message(Message::Standing(standing)).unwrap();
    postcard::to_stdvec(&message.into_signed()).unwrap()
}

#[tokio::test]
async fn messages_behind_a_bad_signature_are_not_checked() {
    let p = run_p(config());
    let room = usize::MAX;
    let envelope = links::envelope(ReplicaId(1), ReplicaId(0));
    let outbox = outbox::Outbox::start(&envelope, ReplicaId(0), room, p.address);
    let send = |messages: &[Vec<u8>]| {
        for message in messages {
            outbox.push(links::letter(message.as_slice().into()));
        }
        outbox.send();
    };
    let checked = async || {
        let status = p.caller.call(Status::default()).await.unwrap();
        status.into_process().unwrap().traffic.signatures_checked
    };
    let (good, bad) = (message_of_q(7, 0), message_of_q(8, 0));
    send(&[good, bad, message_of_q(7, 1)]);
    while checked().await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(checked().await, 1);
    send(&[message_of_q(7, 1)]);
    while checked().await == 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(checked().await, 2);
}

#[tokio::test]
async fn callers_that_wait_for_a_decision_are_told_when_the_process_ends() {
    let p = run_p(config());
    let caller = p.caller.clone();
    let waiting = tokio::spawn(async move { caller.call(FinalizeDecision { round: None }).await });
    // The call has arrived once the process has sent a message because of it: the round's Close.
    while p
        .caller
        .call(Status::default())
        .await
        .unwrap()
        .into_process()
        .unwrap()
        .traffic
        .messages_sent
        == 0
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    p.stop.send(()).unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(
        matches!(&error, CallError::Fault(fault) if fault.code() == Fault::SHUTTING_DOWN),
        "{error}"
    );
    let ending = tokio::time::timeout(LONG, p.ended).await.unwrap();
    assert_eq!(ending.unwrap().unwrap(), Ending::ShutDown);
}

#[tokio::test]
async fn a_send_ends_within_the_decision_timeout_even_if_its_recipient_hangs() {
    let hanging = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config();
    config.addresses[1] = hanging.local_addr().unwrap();
    config.decision_timeout_ms = 200;
    let p = run_p(config);
    let send = SendMessage {
        recipient: "Q".into(),
        decision: "attack".into(),
        round: None,
    };
    let started = std::time::Instant::now();
    let answer = p.caller.call(send).await;
    assert_eq!(answer, Ok("P could not reach Q".to_owned()));
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_faulty_process_votes_in_the_recipients_round_and_does_not_wait_for_its_own() {
    let q = Endpoint::new().method(async |vote: ReceiveMessage| match vote.round {
        Some(5) => Ok("Q received it".to_owned()),
        _ => Err(Fault::new(Fault::ROUND_DECIDED, "it is decided")),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config();
    config.addresses[1] = listener.local_addr().unwrap();
    config.fault = Some("tamper".into());
    // A send that waits for a decision would not end before the test is given up.
    config.decision_timeout_ms = 3_600_000;
    tokio::spawn(q.serve(listener, std::future::pending()));
    let p = run_p(config);
    let send = SendMessage {
        recipient: "Q".into(),
        decision: "attack".into(),
        round: None,
    };
    let answer = p.caller.call(send).await;
    assert_eq!(answer, Ok("P sent decision 'attack' to Q".to_owned()));
}

/// The batches that P sends to Q, one after another, while it has this fault.
async fn batches_to_q(fault: Option<&str>) -> (Running, Tap) {
    let tap = Tap::start(&Lane::ALL).await;
    let mut config = config();
    config.addresses[1] = tap.address;
    config.fault = fault.map(str::to_owned);
    (run_p(config), tap)
}

fn messages_in(batch: &[u8]) -> Result<Vec<SignedMessage>, BadBatch> {
    let batch = Batch::read_numbered(ReplicaId(0), batch)?;
    Ok(batch.messages.into_iter().map(|one| one.message).collect())
}

/// Whether Q can decode a batch and all its signatures are valid.
fn holds(batch: &[u8]) -> bool {
    let mut keys = keys_of(ReplicaId(1), ClusterId([7; 32]));
    messages_in(batch).is_ok_and(|messages| {
        let mut messages = messages.into_iter();
        messages.all(|message| keys.verify_message(message).is_ok())
    })
}

#[tokio::test]
async fn messages_of_a_corrupt_process_are_not_valid() {
    for (fault, expected) in [(None, true), (Some("corrupt"), false)] {
        let (_p, mut tap) = batches_to_q(fault).await;
        for _ in 0..3 {
            let batch = tokio::time::timeout(LONG, tap.batches.recv()).await;
            let batch = batch.unwrap().unwrap();
            assert_eq!(holds(&batch), expected, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_faulty_process_is_woken_to_act_without_input() {
    let (_p, mut tap) = batches_to_q(Some("spam")).await;
    let mut wishes = 0;
    while wishes < 10 {
        let batch = tokio::time::timeout(LONG, tap.batches.recv()).await;
        let messages = messages_in(&batch.unwrap().unwrap()).unwrap();
        let is_wish = |one: &&SignedMessage| matches!(one, SignedMessage::ViewChange(_));
        wishes += messages.iter().filter(is_wish).count();
    }
}

#[tokio::test]
async fn a_process_with_amnesia_starts_without_its_records_and_deletes_them() {
    let folder = std::env::temp_dir().join(format!("quorate-amnesia-{}", std::process::id()));
    let path = folder.join("P.redb");
    let before = [Record::Executed(Sequence(3))];
    let comes_back_with = |fault: Option<&str>| {
        let config = NodeConfig {
            data: Some(path.clone()),
            fault: fault.map(str::to_owned),
            ..config()
        };
        let (_, at_runtime) = question::ways(4);
        let runtime = runtime::Runtime::new(&config, None, true, at_runtime).unwrap();
        runtime.process.replica().records()
    };
    let config = NodeConfig {
        data: Some(path.clone()),
        ..config()
    };
    let mut protocol = Config::new(ReplicaId(0), Quorum::of(NonZeroU32::new(4).unwrap()));
    let (storage, _) = storage::begin(&config, &mut protocol).unwrap();
    storage.unwrap().add(&before).unwrap();
    assert_eq!(comes_back_with(None), before);
    assert_eq!(comes_back_with(Some("silent")), before);
    assert_eq!(comes_back_with(Some("amnesia")), []);
    assert_eq!(comes_back_with(None), [], "the records are deleted");
    std::fs::remove_dir_all(&folder).unwrap();
}
