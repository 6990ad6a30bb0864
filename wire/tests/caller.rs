//! The caller against the endpoint, and against servers that answer as they should not.

#![allow(clippy::unwrap_used, clippy::wildcard_imports)]

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::*;
use quorate_wire::method::*;
use quorate_wire::{CallError, Caller, Endpoint, Fault, Method, Value};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

fn round() -> RoundStatus {
    let ballot = BallotStatus {
        process: "Q".into(),
        sequence_number: 7,
        votes: vec![VoteStatus {
            process: "R".into(),
            decision: "attack".into(),
        }],
        tie: true,
        decision: "attack".into(),
        refused: "it came after the decision".into(),
    };
    RoundStatus {
        round: 1,
        close_sequence_number: 3,
        ballots: vec![ballot],
        tally: vec![TallyStatus {
            decision: "attack".into(),
            ballots: 1,
        }],
        tie: false,
        decision: String::new(),
    }
}

fn status() -> ProcessStatus {
    ProcessStatus {
        process: "P".into(),
        cluster: "ab".into(),
        processes: 4,
        port: 65535,
        life: 2,
        fault: "none".into(),
        seed: 7,
        view: 1,
        view_active: true,
        primary: "Q".into(),
        low_watermark: 0,
        high_watermark: 200,
        executed: u64::MAX,
        last_slot: u64::MAX,
        round: RoundSummary {
            round: 1,
            close_sequence_number: 3,
            ballots: 1,
            decision: String::new(),
        },
        proofs: vec![ProofStatus {
            accused: "S".into(),
            what: "two PREPAREs for slot 1 in view 0".into(),
        }],
        refused: vec![RefusedStatus {
            sender: "R".into(),
            batches: 3,
            why: "the signature of P is not valid in this cluster".into(),
        }],
        view_changes: vec![ViewChangeStatus {
            view: 1,
            primary: "Q".into(),
            reason: ViewChangeReason::Timer,
            waited_ms: 500,
            asked_by: vec!["P".into(), "R".into()],
            started: false,
        }],
        traffic: Traffic {
            messages_sent: 1 << 31,
            bytes_sent: 1 << 40,
            signatures_checked: 0,
            messages_lost: 0,
            outbox_bytes: 1 << 33,
            inbox_bytes: 5,
        },
    }
}

fn slot(sequence_number: u64, phase: Phase) -> SlotStatus {
    SlotStatus {
        sequence_number,
        phase,
        prepares_received: 2,
        commits_received: 1,
        prepared_by: vec!["Q".into(), "R".into()],
        committed_by: vec!["S".into()],
        executed: false,
    }
}

#[tokio::test]
async fn every_method_goes_there_and_back() {
    let endpoint = Endpoint::new()
        .method(|sent: SendMessage| async move { Ok(format!("{sent:?}")) })
        .method(|received: ReceiveMessage| async move { Ok(format!("{received:?}")) })
        .method(|finalize: FinalizeDecision| async move { Ok(format!("{finalize:?}")) })
        .method(|asked: Status| async move {
            Ok(match asked.sequence_number {
                None => StatusAnswer::Process(Box::new(status())),
                Some(number) => StatusAnswer::Slot(slot(number, Phase::Prepared)),
            })
        })
        .method(|_: Round| async move { Ok(round()) })
        .method(|read: Read| async move { Ok(format!("{read:?}")) })
        .method(|submit: Submit| async move {
            Ok(Submitted {
                sequence_number: 1 << 40,
                view: 2,
                done: true,
                result: format!("{submit:?}"),
            })
        })
        .method(|tell: GatherTell| async move { Ok(tell.packet.len() == 3_000_000) });
    let served = Served::start(endpoint).await;
    let caller = served.caller();

    for round in [None, Some(1), Some(1 << 40)] {
        let send = SendMessage {
            recipient: "Q".into(),
            decision: "<attack> & 'é'\r\n".into(),
            round,
        };
        assert_eq!(caller.call(send.clone()).await, Ok(format!("{send:?}")));
        let finalize = FinalizeDecision { round };
        assert_eq!(
            caller.call(finalize.clone()).await,
            Ok(format!("{finalize:?}"))
        );
        for signature in [None, Some(vec![0, 255])] {
            let receive = ReceiveMessage {
                sender: "P".into(),
                decision: String::new(),
                round,
                signature,
            };
            assert_eq!(
                caller.call(receive.clone()).await,
                Ok(format!("{receive:?}"))
            );
        }
    }
    assert_eq!(
        caller.call(Status::default()).await,
        Ok(StatusAnswer::Process(Box::new(status())))
    );
    assert_eq!(caller.call(Round::default()).await, Ok(round()));
    for number in [1, u64::MAX] {
        let asked = Status {
            sequence_number: Some(number),
        };
        let answer = StatusAnswer::Slot(slot(number, Phase::Prepared));
        assert_eq!(caller.call(asked).await, Ok(answer));
    }
    let read = Read { key: "é<".into() };
    assert_eq!(caller.call(read.clone()).await, Ok(format!("{read:?}")));
    for request in [
        None,
        Some(RequestName {
            client: Client::Name("alice".into()),
            timestamp: 1 << 40,
        }),
        Some(RequestName {
            client: Client::Key {
                public_key: [0xA1; 32],
                signature: [7; 64],
                after: 1 << 40,
            },
            timestamp: 1,
        }),
    ] {
        let submit = Submit {
            operation: "set x=a & b".into(),
            request,
        };
        let submitted = caller.call(submit.clone()).await.unwrap();
        assert_eq!((submitted.sequence_number, submitted.view), (1 << 40, 2));
        assert_eq!(submitted.result, format!("{submit:?}"));
    }
    assert_eq!(
        caller
            .call(GatherTell {
                packet: vec![7; 3_000_000],
            })
            .await,
        Ok(true)
    );
    let names = caller.methods().await.unwrap();
    assert!(
        names.contains(&"gather.tell".to_owned()) && names.contains(&"system.multicall".to_owned()),
        "{names:?}"
    );
}

#[test]
fn rounds_are_read_from_int_i8_and_decimal_strings_and_are_at_least_1() {
    let round = |value| FinalizeDecision::from_params(vec![value]).map(|method| method.round);
    assert_eq!(round(Value::Integer(1)), Ok(Some(1)));
    assert_eq!(round(Value::Long(1 << 40)), Ok(Some(1 << 40)));
    assert_eq!(round(Value::String("12".into())), Ok(Some(12)));
    for wrong in [
        Value::Integer(0),
        Value::Integer(-1),
        Value::String("x".into()),
        Value::Boolean(true),
    ] {
        let fault = round(wrong).unwrap_err();
        assert_eq!(fault.code(), Fault::WRONG_PARAMETERS);
        assert!(
            fault
                .message()
                .contains("parameter 1 (round): expected a number of at least 1"),
            "{fault}"
        );
    }
}

#[test]
fn every_phase_reads_back_from_its_name_and_no_other_name_does() {
    for (phase, name) in [
        (Phase::Unknown, "unknown"),
        (Phase::PrePrepared, "pre-prepared"),
        (Phase::Prepared, "prepared"),
        (Phase::Committed, "committed"),
        (Phase::Executed, "executed"),
        (Phase::Stable, "stable"),
    ] {
        let answer = StatusAnswer::Slot(slot(7, phase));
        let value = Status::answer_into_value(answer.clone());
        let Value::Struct(mut members) = value.clone() else {
            panic!("{value:?}")
        };
        assert_eq!(members["phase"], Value::String(name.into()));
        assert_eq!(Status::answer_from_value(value), Ok(answer));
        members.insert("phase".into(), Value::String("done".into()));
        let error = Status::answer_from_value(Value::Struct(members)).unwrap_err();
        assert!(error.contains("member phase"), "{error}");
    }
}

#[test]
fn a_submitted_client_and_its_timestamp_go_together() {
    let text = || Value::String("x".into());
    let submit = |params: Vec<Value>| Submit::from_params(params).map(|submit| submit.request);
    assert_eq!(submit(vec![text()]), Ok(None));
    assert_eq!(submit(vec![text(), Value::Nil, Value::Nil]), Ok(None));
    let three = || Value::String("3".into());
    let named = |client| {
        let timestamp = 3;
        Ok(Some(RequestName { client, timestamp }))
    };
    assert_eq!(
        submit(vec![text(), text(), three()]),
        named(Client::Name("x".into()))
    );
    let key = || Value::String("0B".repeat(32));
    let signed = |length| Value::Base64(vec![5; length]);
    assert_eq!(
        submit(vec![text(), key(), three(), signed(64)]),
        named(Client::Key {
            public_key: [0x0B; 32],
            signature: [5; 64],
            after: 0,
        })
    );
    assert_eq!(
        submit(vec![text(), key(), three(), signed(64), three()]),
        named(Client::Key {
            public_key: [0x0B; 32],
            signature: [5; 64],
            after: 3,
        })
    );
    // Without a signature, the digits of a key are a name like any other.
    assert_eq!(
        submit(vec![text(), key(), three()]),
        named(Client::Name("0B".repeat(32)))
    );
    for (params, advice) in [
        (vec![text(), text()], "go together"),
        (
            vec![text(), Value::Nil, Value::Nil, signed(64)],
            "a signature needs the client",
        ),
        (
            vec![text(), key(), three(), signed(63)],
            "parameter 4 (signature): expected 64 bytes, got 63",
        ),
        (
            vec![text(), text(), three(), signed(64)],
            "expected a public key in 64 hexadecimal digits",
        ),
        (vec![text(), Value::Nil, Value::Integer(3)], "go together"),
        (
            vec![text(), text(), Value::Integer(0)],
            "parameter 3 (timestamp): expected a number of at least 1",
        ),
        (
            vec![text(), Value::Integer(1), Value::Integer(1)],
            "parameter 2 (client): expected a string",
        ),
        (
            vec![text(), text(), three(), Value::Nil, three()],
            "after needs the signature",
        ),
        (
            vec![text(), key(), three(), signed(64), Value::Integer(-1)],
            "parameter 5 (after): expected a number of at least 0",
        ),
        (vec![], "expected 1 to 5 parameters, got 0"),
    ] {
        let fault = submit(params).unwrap_err();
        assert_eq!(fault.code(), Fault::WRONG_PARAMETERS);
        assert!(fault.message().contains(advice), "{fault}");
    }
}

#[test]
fn wrong_parameters_are_named() {
    let text = || Value::String("x".into());
    let fault = SendMessage::from_params(vec![text(), Value::Integer(1)]).unwrap_err();
    assert_eq!(
        fault.message(),
        "send_message: parameter 2 (decision): expected a string, got int"
    );
    let fault = SendMessage::from_params(vec![text()]).unwrap_err();
    assert_eq!(
        fault.message(),
        "send_message(recipient, decision[, round]): expected 2 to 3 parameters, got 1"
    );
    let fault = Status::from_params(vec![text()]).unwrap_err();
    assert_eq!(fault.code(), Fault::WRONG_PARAMETERS);
}

#[tokio::test]
async fn faults_come_back_as_they_were_made() {
    let served = Served::start(echo()).await;
    let error = served
        .caller()
        .call(Refuse("not 'yet' é".into()))
        .await
        .unwrap_err();
    assert_eq!(error, CallError::Fault(Fault::new(3, "not 'yet' é")));
    let missing = served.caller().call(Wait("x".into())).await.unwrap_err();
    assert!(matches!(missing, CallError::Fault(fault) if fault.code() == Fault::NO_SUCH_METHOD));
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_unreachable() {
    // No ordinary program can listen on port 1, and none that may does.
    let error = Caller::new(([127, 0, 0, 1], 1).into(), LONG)
        .call(Echo("x".into()))
        .await
        .unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1 "), "{error}");
}

#[tokio::test]
async fn a_server_that_is_silent_times_the_call_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let after = Duration::from_millis(20);
    let error = Caller::new(address, LONG)
        .call_with_timeout(Echo("x".into()), after)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        CallError::TimedOut {
            address: address.to_string(),
            method: "echo".into(),
            after
        }
    );
}

/// A server that answers its one connection with these bytes, whatever is asked.
async fn canned(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut request).await;
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
        while tokio::io::AsyncReadExt::read(&mut stream, &mut request)
            .await
            .is_ok_and(|read| read > 0)
        {}
    });
    address
}

async fn answered(status: &str, body: &str) -> Result<String, CallError> {
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    Caller::new(canned(answer.into_bytes()).await, LONG)
        .call(Echo("x".into()))
        .await
}

#[tokio::test]
async fn faults_are_read_in_any_order_of_members_and_with_any_status() {
    let fault = "<?xml version='1.0'?><methodResponse> <fault> <value> <struct>\
        <member><name>extra</name><value>1</value></member>\
        <member><name>faultString</name><value>no &amp; no</value></member>\
        <member><name>faultCode</name><value><int>4</int></value></member></struct></value></fault></methodResponse>";
    for status in ["200 OK", "413 Too Large"] {
        assert_eq!(
            answered(status, fault).await,
            Err(CallError::Fault(Fault::new(4, "no & no")))
        );
    }
}

#[tokio::test]
async fn bad_answers_are_named_and_never_quoted() {
    let value =
        "<methodResponse><params><param><value>SECRET</value></param></params></methodResponse>";
    assert_eq!(answered("200 OK", value).await, Ok("SECRET".to_owned()));
    let deep = "<value><array><data>".repeat(100_000);
    let bad = [
        ("500 Oops", value, "HTTP status 500"),
        ("302 Found", "SECRET", "HTTP status 302"),
        ("200 OK", "SECRET", "not well-formed"),
        ("200 OK", "<html>SECRET</html>", "root element"),
        (
            "200 OK",
            "<methodResponse>SECRET</methodResponse>",
            "not an XML-RPC response",
        ),
        (
            "200 OK",
            &format!("<methodResponse>{deep}"),
            "nested deeper",
        ),
        (
            "200 OK",
            &value.replace("SECRET", "<int>1</int>"),
            "expected a string",
        ),
    ];
    for (status, body, cause) in bad {
        let error = answered(status, body).await.unwrap_err();
        assert!(matches!(error, CallError::BadAnswer { .. }), "{error:?}");
        assert!(error.to_string().contains(cause), "{error}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

#[tokio::test]
async fn too_many_connections_are_overload_as_too_many_calls_are() {
    let error = answered("503 Service Unavailable", "SECRET")
        .await
        .unwrap_err();
    assert!(error.is_overload(), "{error:?}");
    assert!(CallError::from(Fault::overloaded("busy")).is_overload());
    assert!(!CallError::from(Fault::internal("busy")).is_overload());
}

#[tokio::test]
async fn what_does_not_speak_http_gives_a_bad_answer() {
    let address = canned(b"SSH-2.0-SECRET\r\n".to_vec()).await;
    let error = Caller::new(address, LONG)
        .call(Echo("x".into()))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("not HTTP"), "{error}");
    assert!(matches!(error, CallError::BadAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn answers_over_8_mib_are_refused_and_broken_ones_unreachable() {
    let error = answered("200 OK", &"x".repeat(9 << 20)).await.unwrap_err();
    assert!(error.to_string().contains("larger than 8 MiB"), "{error}");
    let address = canned(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<meth".to_vec()).await;
    let error = Caller::new(address, LONG)
        .call(Echo("x".into()))
        .await
        .unwrap_err();
    assert!(error.is_unreachable(), "{error}");
}
