//! Who counts as correct, and what follows when such a process does not answer as it should.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use quorate_wire::method::{
    FinalizeDecision, ProcessStatus, Read, RoundSummary, SendMessage, Status, StatusAnswer, Submit,
    Submitted, Traffic,
};
use quorate_wire::{Endpoint, Fault};
use support::{KeyFile, Processes, assert_refused, client, complained, printed, send_signal};
use tokio::runtime::Runtime;

/// What a process that the test plays does at its status calls, which are counted from 0.
type OnStatus = fn(u32) -> (Duration, Result<(), Fault>);

/// Plays a process that decides this.
fn play(
    runtime: &Runtime,
    name: &'static str,
    decision: &'static str,
    on_status: OnStatus,
) -> SocketAddr {
    let calls = AtomicU32::new(0);
    let endpoint = Endpoint::new()
        .method(async |_: SendMessage| Ok("sent".to_owned()))
        .method(move |_: FinalizeDecision| async move { Ok(decision.to_owned()) })
        .method(move |_: Status| {
            let (pause, result) = on_status(calls.fetch_add(1, Ordering::Relaxed));
            async move {
                tokio::time::sleep(pause).await;
                result.map(|()| StatusAnswer::Process(Box::new(status(name))))
            }
        });
    serve(runtime, endpoint)
}

/// Serves an endpoint on a free port until the test ends.
fn serve(runtime: &Runtime, endpoint: Endpoint) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    runtime.spawn(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        endpoint.serve(listener, std::future::pending()).await
    });
    address
}

fn status(process: &str) -> ProcessStatus {
    ProcessStatus {
        process: process.into(),
        cluster: "ab".repeat(32),
        processes: 2,
        port: 1,
        life: 0,
        fault: "none".into(),
        seed: 7,
        view: 0,
        view_active: true,
        primary: "P".into(),
        low_watermark: 0,
        high_watermark: 200,
        executed: 0,
        last_slot: 0,
        round: RoundSummary {
            round: 0,
            close_sequence_number: 0,
            ballots: 0,
            decision: String::new(),
        },
        proofs: Vec::new(),
        refused: Vec::new(),
        view_changes: Vec::new(),
        traffic: Traffic::default(),
    }
}

fn at_once(_call: u32) -> (Duration, Result<(), Fault>) {
    (Duration::ZERO, Ok(()))
}

#[test]
fn a_process_that_was_too_busy_at_the_start_still_must_agree() {
    let runtime = Runtime::new().unwrap();
    let p = play(&runtime, "P", "attack", at_once);
    let q = play(&runtime, "Q", "retreat", |call| {
        let pause = if call == 0 { 30 } else { 0 };
        (Duration::from_secs(pause), Ok(()))
    });
    let endpoints = format!("{p},{q}");
    let output = client(&["--endpoint", &endpoints, "--timeout", "3s"]);
    let printed = printed(&output);
    assert!(
        printed.contains("DISAGREE: P 'attack' and Q 'retreat'"),
        "{printed}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_process_that_hangs_is_no_decision() {
    let processes = Processes::start_with_decision_timeout(4, "none", Duration::from_secs(1));
    processes.signal("S", "STOP");
    let output = processes.client(&["--timeout", "2s"]);
    let printed = printed(&output);
    assert!(printed.contains("there is no decision at S"), "{printed}");
    assert_eq!(output.status.code(), Some(3), "{printed}");
}

#[test]
fn a_process_that_hangs_is_waited_for_once() {
    let runtime = Runtime::new().unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let finalizes = Arc::clone(&calls);
    let of_three = |process| {
        Ok(StatusAnswer::Process(Box::new(ProcessStatus {
            processes: 3,
            ..status(process)
        })))
    };
    let p = Endpoint::new()
        .method(move |_: Status| async move { of_three("P") })
        .method(async |_: SendMessage| std::future::pending().await)
        .method(move |_: FinalizeDecision| {
            finalizes.fetch_add(1, Ordering::Relaxed);
            std::future::pending()
        });
    let mut endpoints = serve(&runtime, p).to_string();
    for name in ["Q", "R"] {
        let other = Endpoint::new()
            .method(async |_: SendMessage| Ok("sent".to_owned()))
            .method(async |_: FinalizeDecision| Ok("attack".to_owned()))
            .method(move |_: Status| async move { of_three(name) });
        endpoints += &format!(",{}", serve(&runtime, other));
    }
    let output = client(&["--endpoint", &endpoints, "--timeout", "1s"]);
    let printed = printed(&output);
    for recipient in ["Q", "R"] {
        let line = format!("Process P could not send to {recipient} (send_message at ");
        assert!(printed.contains(&line), "{printed}");
    }
    assert!(printed.contains("there is no decision at P"), "{printed}");
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert_eq!(calls.load(Ordering::Relaxed), 0, "P was asked again");
}

/// Four processes. P says that it is faulty, and answers nothing else.
fn four_of_which_p_answers_nothing(runtime: &Runtime) -> String {
    let of_four = |process, fault: &str| {
        Ok(StatusAnswer::Process(Box::new(ProcessStatus {
            processes: 4,
            fault: fault.to_owned(),
            ..status(process)
        })))
    };
    let asked = AtomicU32::new(0);
    let p = Endpoint::new()
        .method(async |_: SendMessage| std::future::pending().await)
        .method(async |_: FinalizeDecision| std::future::pending().await)
        .method(move |_: Status| {
            let is_first = asked.fetch_add(1, Ordering::Relaxed) == 0;
            async move {
                if !is_first {
                    std::future::pending::<()>().await;
                }
                of_four("P", "silent")
            }
        });
    let mut endpoints = vec![serve(runtime, p).to_string()];
    for name in ["Q", "R", "S"] {
        let other = Endpoint::new()
            .method(move |call: SendMessage| async move {
                let SendMessage {
                    recipient,
                    decision,
                    ..
                } = call;
                Ok(format!("{name} sent decision '{decision}' to {recipient}"))
            })
            .method(async |_: FinalizeDecision| Ok("attack".to_owned()))
            .method(move |_: Status| async move { of_four(name, "none") });
        endpoints.push(serve(runtime, other).to_string());
    }
    endpoints.join(",")
}

/// With this time-out, whoever waits for P does not end.
const FOR_EVER: [&str; 2] = ["--timeout", "1h"];

#[test]
fn an_exchange_goes_on_without_a_faulty_process_that_never_answers_and_says_so() {
    let runtime = Runtime::new().unwrap();
    let endpoints = four_of_which_p_answers_nothing(&runtime);
    let output = client(&[&["--endpoint", &endpoints], &FOR_EVER[..]].concat());
    let printed = printed(&output);
    for line in [
        "Process P could not send to S (no answer within 1s after the others)",
        "Process P finalized decision: none (no answer within 1s after the others)",
        "Agreement: Q, R and S agree on 'attack'",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    assert_eq!(output.status.code(), Some(0), "{printed}");
}

#[test]
fn a_measurement_goes_on_without_a_faulty_process_that_never_answers() {
    let runtime = Runtime::new().unwrap();
    let endpoints = four_of_which_p_answers_nothing(&runtime);
    let bench = ["bench", "--rounds", "3", "--endpoint", &endpoints];
    let output = client(&[&bench, &FOR_EVER[..]].concat());
    let printed = printed(&output);
    assert!(printed.contains("rounds per second"), "{printed}");
    assert_eq!(output.status.code(), Some(0), "{printed}");
}

#[test]
fn an_exchange_is_judged_by_how_many_processes_there_are() {
    let runtime = Runtime::new().unwrap();
    let p = play(&runtime, "P", "attack", at_once);
    let port = p.port().to_string();
    for command in [&[][..], &["bench"], &["status"], &["read", "x"]] {
        let arguments = [command, &["--base-port", &port, "--processes", "7"]].concat();
        assert_refused(
            &arguments,
            "process P is one of 2, not of 7: pass --processes 2",
        );
    }
    let processes = Processes::start(3, "none");
    let endpoints = |names: &[&str]| {
        let named = processes.all().iter();
        let named = named.filter(|process| names.contains(&process.name.as_str()));
        named
            .map(|process| process.address.to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    let two = endpoints(&["P", "R"]);
    assert_refused(
        &["--endpoint", &two],
        "process P is one of 3, not of 2: give --endpoint of those 3",
    );
    let output = client(&["status", "--endpoint", &two]);
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
}

#[test]
fn another_program_is_not_taken_for_a_process() {
    let runtime = Runtime::new().unwrap();
    let stranger = serve(&runtime, Endpoint::new()).to_string();
    for command in [&[][..], &["bench"], &["status"], &["read", "x"]] {
        let endpoints = format!("{stranger},127.0.0.1:1");
        let arguments = [command, &["--endpoint", &endpoints]].concat();
        let advice = format!("{stranger} is not a Quorate process");
        assert_refused(&arguments, &advice);
    }
    let p = play(&runtime, "P", "attack", at_once);
    let output = client(&["status", "--endpoint", &format!("{p},{stranger}")]);
    assert!(printed(&output).contains("not Quorate"));
    assert_eq!(output.status.code(), Some(0));
}

/// A process that answers its status, and `read` and `submit` never; `calls` counts those.
fn hangs(name: &'static str, calls: &Arc<AtomicU32>) -> Endpoint {
    let (reads, submits) = (Arc::clone(calls), Arc::clone(calls));
    Endpoint::new()
        .method(move |_: Status| async move { Ok(StatusAnswer::Process(Box::new(status(name)))) })
        .method(move |_: Read| {
            reads.fetch_add(1, Ordering::Relaxed);
            std::future::pending()
        })
        .method(move |_: Submit| {
            submits.fetch_add(1, Ordering::Relaxed);
            std::future::pending()
        })
}

/// A process that answers `read` and `submit` at once; `calls` counts those.
fn answers(name: &'static str, calls: &Arc<AtomicU32>) -> Endpoint {
    let (reads, submits) = (Arc::clone(calls), Arc::clone(calls));
    Endpoint::new()
        .method(move |_: Status| async move { Ok(StatusAnswer::Process(Box::new(status(name)))) })
        .method(move |_: Read| {
            reads.fetch_add(1, Ordering::Relaxed);
            async { Ok("42".to_owned()) }
        })
        .method(move |_: Submit| {
            submits.fetch_add(1, Ordering::Relaxed);
            async {
                Ok(Submitted {
                    sequence_number: 1,
                    view: 0,
                    done: true,
                    result: "ok".to_owned(),
                })
            }
        })
}

#[test]
fn a_read_or_a_signed_request_goes_to_the_next_process_too_if_one_does_not_answer() {
    let key = KeyFile::new("asked", &"7".repeat(64));
    let submit = [
        &["submit", "set x=42", "--timestamp", "1"][..],
        &["--key", key.path()],
    ]
    .concat();
    for (command, answer) in [(&["read", "x"][..], "42\n"), (&submit, "ok\n")] {
        let runtime = Runtime::new().unwrap();
        let calls = [Arc::default(), Arc::default()];
        let p = serve(&runtime, hangs("P", &calls[0]));
        let q = serve(&runtime, answers("Q", &calls[1]));
        let endpoints = format!("{p},{q}");
        let output = client(&[command, &["--endpoint", &endpoints]].concat());
        assert_eq!(printed(&output), answer, "{}", complained(&output));
        assert_eq!(calls.map(|calls| calls.load(Ordering::Relaxed)), [1, 1]);
    }
}

#[test]
fn a_measurement_of_operations_needs_a_process_that_answers() {
    let listeners = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [p, q] = listeners
        .each_ref()
        .map(|silent| silent.local_addr().unwrap());
    let silent = format!("{p},{q}");
    let arguments = ["bench", "--operations", "1", "--timeout", "200ms"];
    assert_refused(
        &[&arguments[..], &["--endpoint", &silent]].concat(),
        "no correct process answers",
    );
}

#[test]
fn an_operation_without_a_key_is_submitted_to_one_process() {
    for name in [&[][..], &["--client", "anna", "--timestamp", "1"]] {
        let runtime = Runtime::new().unwrap();
        let calls = [Arc::default(), Arc::default()];
        let p = serve(&runtime, hangs("P", &calls[0]));
        let q = serve(&runtime, answers("Q", &calls[1]));
        let endpoints = format!("{p},{q}");
        let submit = ["submit", "set x=42", "--timeout", "3s"];
        let output = client(&[&submit[..], name, &["--endpoint", &endpoints]].concat());
        assert_eq!(output.status.code(), Some(3), "{}", complained(&output));
        assert!(complained(&output).contains("did not answer within 3s"));
        assert_eq!(calls.map(|calls| calls.load(Ordering::Relaxed)), [1, 0]);
    }
}

#[test]
fn status_shows_at_once_who_is_gone_who_hangs_and_who_is_another_program() {
    let runtime = Runtime::new().unwrap();
    let p = Endpoint::new().method(|_: Status| async {
        let processes = 4;
        Ok(StatusAnswer::Process(Box::new(ProcessStatus {
            processes,
            ..status("P")
        })))
    });
    let p = serve(&runtime, p);
    let q = play(&runtime, "Q", "attack", |_| {
        (Duration::from_secs(60), Ok(()))
    });
    let r = serve(&runtime, Endpoint::new());
    let endpoints = format!("{p},{q},{r},127.0.0.1:1");
    let output = client(&["status", "--endpoint", &endpoints]);
    assert_eq!(output.status.code(), Some(0), "{}", complained(&output));
    let printed = printed(&output);
    for words in ["no answer", "not Quorate", "unreachable"] {
        assert!(printed.contains(words), "{printed}");
    }
    let output = client(&["status", "--endpoint", &endpoints, "--format", "json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let reachable = [0, 1, 2, 3].map(|place| object["processes"][place]["reachable"].as_bool());
    assert_eq!(
        reachable,
        [Some(true), Some(true), Some(false), Some(false)]
    );
    let cause = object["processes"][1]["cause"].as_str().unwrap();
    assert!(cause.contains("did not answer within 2s"), "{cause}");
}

#[test]
fn bench_says_that_there_were_too_many_calls() {
    let runtime = Runtime::new().unwrap();
    let p = play(&runtime, "P", "attack", at_once);
    let q = Endpoint::new()
        .method(async |_: SendMessage| Err(Fault::overloaded("busy")))
        .method(async |_: FinalizeDecision| Ok("attack".to_owned()))
        .method(async |_: Status| Ok(StatusAnswer::Process(Box::new(status("Q")))));
    let q = serve(&runtime, q);
    let endpoints = format!("{p},{q}");
    assert_refused(
        &["bench", "--rounds", "1", "--endpoint", &endpoints],
        "busy): use fewer --clients",
    );
}

#[test]
fn bench_does_not_guess_what_was_sent() {
    let runtime = Runtime::new().unwrap();
    let p = play(&runtime, "P", "attack", |call| {
        let result = if call < 2 {
            Ok(())
        } else {
            Err(Fault::overloaded("busy"))
        };
        (Duration::ZERO, result)
    });
    let q = play(&runtime, "Q", "attack", at_once);
    let arguments = format!("bench --rounds 1 --warmup 0 --runs 1 --endpoint {p},{q}");
    let output = client(&arguments.split(' ').collect::<Vec<_>>());
    let message = complained(&output);
    assert!(
        message.contains("process P does not say what it has sent"),
        "{message}"
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn bench_judges_agreement_and_validity_as_the_exchange_does() {
    let runtime = Runtime::new().unwrap();
    let p = play(&runtime, "P", "attack", at_once);
    let q = play(&runtime, "Q", "retreat", at_once);
    let bench = |endpoints: &str| {
        let arguments = format!("bench --rounds 1 --format json --endpoint {endpoints}");
        let output = client(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(1), "{}", complained(&output));
        complained(&output)
    };
    let disagreement = bench(&format!("{p},{q}"));
    assert!(
        disagreement
            .contains("round 1: the correct processes DISAGREE: P 'attack' and Q 'retreat'"),
        "{disagreement}"
    );

    let other = play(&runtime, "P", "retreat", at_once);
    let invalid = bench(&format!("{other},{q}"));
    assert!(
        invalid.contains("round 1: P and Q agree on 'retreat'; validity: every correct process had said 'attack': BROKEN"),
        "{invalid}"
    );
}

#[test]
fn ctrl_c_ends_the_client_with_its_own_status() {
    let runtime = Runtime::new().unwrap();
    let p = play(&runtime, "P", "attack", |_| {
        (Duration::from_secs(60), Ok(()))
    });
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let mut client = Command::new(env!("CARGO_BIN_EXE_client"))
            .args(["--endpoint", &p.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = client.id();
        support::eventually("the client catches signals", || support::catches(pid, 15));
        send_signal(pid, signal);
        support::eventually("the client ends", || client.try_wait().unwrap().is_some());
        assert_eq!(client.wait().unwrap().code(), Some(status));
    }
}
