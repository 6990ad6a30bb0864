//! Processes that end, are started again, are paused, and are ended with their server.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use quorate_wire::method::{
    ProcessKill, ProcessList, ProcessPause, ProcessRestart, ProcessResume, Read, ServerControl,
    ServerStop, Status, Submit, Supervised,
};
use quorate_wire::{CallError, Caller, Fault, Method};
use support::{Server, Started, answers, eventually, get, is_alive, signal};
use tokio::runtime::Runtime;

/// Far more than any call here takes.
const PATIENCE: Duration = Duration::from_secs(40);

/// Calls a method at a port of this machine.
fn call<M: Method>(port: u16, method: M) -> Result<M::Answer, CallError> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async { Caller::new(address, PATIENCE).call(method).await })
}

/// The port at which the server takes commands.
fn control(process: &Started) -> u16 {
    let address = call(process.port, ServerControl).unwrap();
    address.parse::<SocketAddr>().unwrap().port()
}

/// What the server says of one of its processes.
fn listed(server: &Server, name: &str) -> Supervised {
    let all = call(control(&server.processes[0]), ProcessList).unwrap();
    all.into_iter().find(|one| one.process == name).unwrap()
}

/// What a process, or its server for it, answers to `status`.
fn status(process: &Started) -> Result<(), CallError> {
    call(process.port, Status::default()).map(drop)
}

fn named(name: &str) -> String {
    name.to_owned()
}

fn pause(name: &str, milliseconds: Option<u64>) -> ProcessPause {
    ProcessPause {
        process: named(name),
        milliseconds,
    }
}

#[test]
fn a_killed_process_is_started_again_on_its_port_and_says_why_it_was_away() {
    let server = Server::start(&["--faulty", "none", "--restart", "on-failure"]);
    let killed = server.processes[2].clone();
    signal(killed.pid, "KILL");
    eventually("the server answers for it", || match status(&killed) {
        Err(CallError::Fault(fault)) if fault.code() == Fault::AWAY => {
            assert!(fault.message().contains("killed by signal 9"), "{fault}");
            true
        }
        // It may be back already.
        Ok(()) => listed(&server, "R").restarts == 1,
        _ => false,
    });
    eventually("it runs again", || listed(&server, "R").state == "running");
    eventually("it answers", || answers(killed.port));
    let again = listed(&server, "R");
    assert_eq!((again.port, again.restarts), (killed.port, 1));
    assert_ne!(again.pid, killed.pid);
    let ready = std::fs::read_to_string(server.ready_file()).unwrap();
    assert!(ready.contains(&again.pid.to_string()), "{ready}");
    let said = server.complaints();
    assert!(
        said.contains(
            "process R ended on its own (killed by signal 9); it restarts in 1 s, try 1 of 10"
        ),
        "{said}"
    );
}

#[test]
fn the_log_says_once_and_truly_why_a_process_ended() {
    let mut server = Server::start(&["--faulty", "none", "--restart", "on-failure"]);
    let control = control(&server.processes[0]);
    let process = named("P");
    call(control, ProcessKill { process }).unwrap();
    signal(server.processes[1].pid, "KILL");
    eventually("Q has ended", || {
        server.complaints().contains("process Q ended on its own")
    });
    for name in ["R", "S"] {
        let process = named(name);
        call(control, ProcessRestart { process }).unwrap();
    }
    call(control, pause("S", Some(50))).unwrap();
    eventually("S goes on", || {
        server.complaints().contains("process S goes on")
    });
    server.signal("TERM");
    server.wait();
    let said = server.complaints();
    let of = |words: &str| said.matches(words).count();
    let by_caller = "process P was ended by a caller (killed by signal 9); it restarts in";
    assert_eq!((of(by_caller), of("process P ended")), (1, 0), "{said}");
    assert_eq!(of(" ended on its own"), 1, "{said}");
    assert_eq!(of("ended by a caller"), 1, "{said}");
}

#[test]
fn without_a_data_directory_a_process_that_is_started_again_does_not_vote_at_once() {
    let server = Server::start(&["--faulty", "none"]);
    call(
        control(&server.processes[0]),
        ProcessRestart {
            process: named("S"),
        },
    )
    .unwrap();
    assert!(answers(server.processes[3].port), "it has answered");
    let said = server.complaints();
    assert!(said.contains("what this process knew is lost"), "{said}");
}

#[test]
fn with_a_data_directory_a_process_that_is_started_again_knows_what_it_knew() {
    let folder = std::env::temp_dir().join(format!("quorate-kept-{}", std::process::id()));
    let data = folder.to_str().unwrap();
    let server = Server::start(&["--faulty", "none", "--data-dir", data]);
    let submit = Submit {
        operation: "set x=42".into(),
        request: None,
    };
    call(server.processes[1].port, submit).unwrap();
    for name in ["P", "Q", "R", "S"] {
        let process = named(name);
        call(control(&server.processes[0]), ProcessRestart { process }).unwrap();
    }
    let key = "x".to_owned();
    assert_eq!(call(server.processes[3].port, Read { key }).unwrap(), "42");
    let said = server.complaints();
    assert!(!said.contains("is lost"), "{said}");
    server.stop();
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_process_that_keeps_ending_is_left_alone_and_its_port_says_so() {
    let server = Server::start(&["--faulty", "S=crash", "--restart", "always:1"]);
    eventually("the server gives up", || {
        listed(&server, "S").state == "gone"
    });
    let gone = listed(&server, "S");
    assert_eq!(
        (gone.reason.as_str(), gone.restarts, gone.pid),
        (
            "crashed, as its fault says, too often to be started again",
            1,
            0
        )
    );
    let page = get(gone.port, "localhost").unwrap();
    assert!(page.starts_with("HTTP/1.1 503 "), "{page}");
    assert!(page.contains("This process is away: crashed"), "{page}");
    let said = server.complaints();
    assert!(said.contains("use `client restart S`"), "{said}");
}

#[test]
fn a_paused_process_is_known_at_once_and_goes_on_when_told_or_by_itself() {
    let server = Server::start(&["--faulty", "none"]);
    let control = control(&server.processes[0]);
    let paused = call(control, pause("Q", None)).unwrap();
    assert_eq!(
        (paused.state.as_str(), paused.reason.as_str()),
        ("paused", "paused")
    );
    let refused = status(&server.processes[1]).unwrap_err();
    assert_eq!(refused, Fault::new(Fault::AWAY, "paused").into());
    let resume = ProcessResume {
        process: named("Q"),
    };
    assert_eq!(call(control, resume.clone()).unwrap().state, "running");
    status(&server.processes[1]).unwrap();
    let refused = call(control, resume).unwrap_err();
    assert_eq!(
        refused,
        Fault::new(Fault::WRONG_STATE, "Q is not paused").into()
    );

    call(control, pause("Q", Some(50))).unwrap();
    eventually("it goes on by itself", || {
        listed(&server, "Q").state == "running"
    });
    status(&server.processes[1]).unwrap();
}

#[test]
fn a_server_that_ends_ends_those_that_are_paused_or_wait_for_a_restart() {
    for end in ["INT", "KILL"] {
        let mut server = Server::start(&["--faulty", "none", "--restart", "always"]);
        let control = control(&server.processes[1]);
        call(control, pause("P", None)).unwrap();
        // This one is not paused by the server.
        signal(server.processes[1].pid, "STOP");
        signal(server.processes[2].pid, "KILL");
        eventually("it has ended", || !is_alive(server.processes[2].pid));
        server.signal(end);
        let status = server.wait();
        assert_eq!(status.code(), (end == "INT").then_some(0));
        server.assert_nothing_is_left();
    }
}

#[test]
fn a_caller_stops_the_server_and_all_its_processes() {
    let mut server = Server::start(&["--faulty", "none"]);
    call(control(&server.processes[3]), ServerStop).unwrap();
    assert_eq!(server.wait().code(), Some(0));
    server.assert_nothing_is_left();
    assert!(!server.ready_file().exists(), "the ready file outlives it");
}

#[test]
fn commands_for_nobody_from_web_pages_and_from_elsewhere_are_refused() {
    let server = Server::start(&["--faulty", "none"]);
    let port = control(&server.processes[0]);
    let process = named("Z");
    let refused = call(port, ProcessRestart { process }).unwrap_err();
    let CallError::Fault(fault) = refused else {
        panic!("{refused}");
    };
    assert_eq!(fault.code(), Fault::UNKNOWN_PROCESS, "{fault}");
    let elsewhere = get(port, "evil.example").unwrap();
    assert!(elsewhere.starts_with("HTTP/1.1 403 "), "{elsewhere}");
    drop(server);
    let server = Server::start(&["--faulty", "none", "--host", "0.0.0.0"]);
    let refused = call(server.processes[0].port, ServerControl).unwrap_err();
    let CallError::Fault(fault) = refused else {
        panic!("{refused}");
    };
    assert_eq!(fault.code(), Fault::NOT_FROM_ELSEWHERE, "{fault}");
}
