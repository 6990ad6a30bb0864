//! The trace of live processes.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use quorate_fault::link::Rules as LinkRules;
use quorate_trace::{Event, EventId, Kind, Why};
use quorate_wire::method::Trace;
use quorate_wire::{CallError, Caller, Fault};
use serde::Deserialize;

use support::{Processes, complained, eventually, printed, send_signal};

/// What `trace` answers, as far as it is needed.
#[derive(Deserialize)]
struct Page {
    next: u64,
    more: bool,
    pushed_out: u64,
    events: Vec<Event>,
}

fn call(address: SocketAddr, since: Option<u64>) -> Result<Page, CallError> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let caller = Caller::new(address, std::time::Duration::from_secs(20));
    let answer = runtime.block_on(caller.call(Trace { since }))?;
    Ok(answer.read().unwrap())
}

fn schema() -> jsonschema::Validator {
    let schema = serde_json::from_str(include_str!("../../docs/trace.schema.json")).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
}

/// Asserts that a line of a trace is as the schema says.
fn assert_valid(schema: &jsonschema::Validator, line: &serde_json::Value) {
    if let Err(error) = schema.validate(line) {
        panic!("{error}: {line}");
    }
}

/// All events of a process so far.
fn events_of(address: SocketAddr) -> Vec<Event> {
    let (mut events, mut since) = (Vec::new(), None);
    loop {
        let page = call(address, since).unwrap();
        assert_eq!(page.pushed_out, 0);
        events.extend(page.events);
        since = Some(page.next);
        if !page.more {
            return events;
        }
    }
}

fn all_events(processes: &Processes) -> Vec<Event> {
    let all = processes.all().iter();
    all.flat_map(|process| events_of(process.address)).collect()
}

#[test]
fn every_receive_of_live_processes_leads_back_to_one_send_and_every_line_is_as_the_schema_says() {
    let processes = Processes::start_traced("P", LinkRules::default());
    assert_eq!(processes.client(&[]).status.code(), Some(0));
    for number in 0..20 {
        let set = format!("set k{number}=1");
        let submitted = processes.client(&["submit", &set]);
        assert!(submitted.status.success(), "{submitted:?}");
    }
    // What is received is read first, so what was sent for it is read too.
    let received = all_events(&processes);
    let sends: BTreeMap<EventId, Event> = all_events(&processes)
        .into_iter()
        .filter(|event| event.kind == Kind::Send)
        .map(|event| (event.id(), event))
        .collect();
    let mut arrived = 0;
    for event in received.iter().filter(|event| event.kind == Kind::Receive) {
        let send = &sends[&event.msg.unwrap()];
        assert_eq!((event.cause, event.from), (event.msg, Some(send.p)));
        assert_eq!(
            (event.message, event.slot, event.digest),
            (send.message, send.slot, send.digest)
        );
        arrived += 1;
    }
    assert!(arrived > 100, "{arrived}");
    for kind in [
        Kind::Start,
        Kind::Accept,
        Kind::Prepared,
        Kind::Committed,
        Kind::Execute,
        Kind::View,
        Kind::Call,
        Kind::Answer,
        Kind::Timer,
    ] {
        assert!(received.iter().any(|event| event.kind == kind), "{kind:?}");
    }
    let schema = schema();
    for event in &received {
        assert_valid(&schema, &serde_json::to_value(event).unwrap());
    }
}

#[test]
fn the_numbers_of_a_live_process_grow_by_one_and_since_leaves_out_what_is_known() {
    let processes = Processes::start_traced("none", LinkRules::default());
    let address = processes.all()[1].address;
    eventually("more than a page of events", || {
        let _ = processes.client(&["submit", "set x=1"]);
        events_of(address).len() > 600
    });
    let events = events_of(address);
    for (event, i) in events.iter().zip(1..) {
        assert_eq!(event.i, i);
    }
    let page = call(address, Some(17)).unwrap();
    assert_eq!(
        (page.events[0].i, page.events.len(), page.next, page.more),
        (18, 500, 517, true)
    );
}

#[test]
fn a_process_without_a_trace_says_how_to_get_one() {
    let processes = Processes::start(4, "none");
    match call(processes.all()[0].address, None) {
        Err(CallError::Fault(fault)) => {
            assert_eq!(fault.code(), Fault::NO_TRACE);
            assert!(
                fault.to_string().contains("start the server with --trace"),
                "{fault}"
            );
        }
        _ => panic!("it must refuse"),
    }
}

#[test]
fn what_a_cut_link_loses_has_a_line_that_says_so() {
    let links = LinkRules::parse(&["P->Q: cut"], 4).unwrap();
    let processes = Processes::start_traced("none", links);
    let p = processes.all()[0].address;
    let submitted = processes.client(&["submit", "set x=1"]);
    assert!(submitted.status.success(), "{submitted:?}");
    let events = events_of(p);
    let lost: Vec<&Event> = events
        .iter()
        .filter(|event| event.kind == Kind::Drop)
        .collect();
    assert!(!lost.is_empty());
    for drop in lost {
        assert_eq!(drop.why, Some(Why::Cut));
        let to = drop.to.map(|to| to.to_string());
        assert_eq!(to.as_deref(), Some("Q"));
        let sent = events
            .iter()
            .find(|event| Some(event.id()) == drop.msg)
            .unwrap();
        assert_eq!((sent.kind, sent.message), (Kind::Send, drop.message));
    }
    let received = events_of(processes.all()[1].address);
    let of_p = |event: &&Event| {
        event.kind == Kind::Receive && event.from.is_some_and(|from| from.to_string() == "P")
    };
    assert_eq!(received.iter().find(of_p), None);
}

#[test]
fn client_trace_prints_one_trace_of_all_processes_which_can_be_read_again() {
    let processes = Processes::start_traced("none", LinkRules::default());
    assert!(processes.client(&["submit", "set x=1"]).status.success());
    let output = processes.client(&["trace"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = printed(&output);
    let header = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_valid(&schema(), &header);
    let trace = quorate_trace::Trace::read(text.as_bytes()).unwrap();
    let command = format!("client trace --endpoint {}", processes.endpoints());
    assert_eq!(trace.header.command, command);
    assert_eq!((trace.header.n, trace.header.f), (4, 1));
    assert!(trace.header.cluster.is_some() && trace.header.plan.is_none());
    let mut seen = std::collections::BTreeSet::new();
    for event in &trace.events {
        // The last events may follow from what another process did after it was asked.
        let is_elsewhere = |cause| !trace.events.iter().any(|other| other.id() == cause);
        assert!(
            event
                .cause
                .is_none_or(|cause| seen.contains(&cause) || is_elsewhere(cause))
        );
        seen.insert(event.id());
    }
    for process in ["P", "Q", "R", "S"] {
        let executes =
            |event: &&Event| event.p.to_string() == process && event.kind == Kind::Execute;
        assert!(
            trace.events.iter().any(|event| executes(&event)),
            "{process}"
        );
    }
}

#[test]
fn client_trace_writes_the_form_of_a_tool_into_a_file() {
    let processes = Processes::start_traced("none", LinkRules::default());
    let file = std::env::temp_dir().join(format!("quorate-trace-{}.json", std::process::id()));
    let path = file.to_str().unwrap();
    let output = processes.client(&["trace", "--to", "perfetto", "--out", path]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(printed(&output), "");
    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert!(!written["traceEvents"].as_array().unwrap().is_empty());
}

#[test]
fn client_trace_follows_what_happens_until_it_is_stopped() {
    let processes = Processes::start_traced("none", LinkRules::default());
    let path = std::env::temp_dir().join(format!("quorate-follow-{}.jsonl", std::process::id()));
    let follow = std::process::Command::new(env!("CARGO_BIN_EXE_client"))
        .args(["trace", "--follow", "--endpoint", &processes.endpoints()])
        .stdout(std::fs::File::create(&path).unwrap())
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&path).unwrap();
    eventually("the header is printed", || {
        said().contains("\"kind\":\"header\"")
    });
    assert!(!said().contains("\"kind\":\"execute\""));
    assert!(processes.client(&["submit", "set x=1"]).status.success());
    eventually("all four execute", || {
        said().matches("\"kind\":\"execute\"").count() >= 4
    });
    send_signal(follow.id(), "INT");
    let output = follow.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = said();
    std::fs::remove_file(&path).unwrap();
    let trace = quorate_trace::Trace::read(text.as_bytes()).unwrap();
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for event in &trace.events {
        let before = last
            .insert(event.p.to_string(), event.i)
            .unwrap_or_default();
        assert_eq!(event.i, before + 1, "{}", event.p);
    }
}

#[test]
fn client_trace_names_who_does_not_answer_and_shows_the_others() {
    let processes = Processes::start_traced("none", LinkRules::default());
    processes.kill("S");
    let output = processes.client(&["trace"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complained(&output).contains("process S: "), "{output:?}");
    let trace = quorate_trace::Trace::read(printed(&output).as_bytes()).unwrap();
    assert!(trace.events.iter().any(|event| event.p.to_string() == "R"));

    let untraced = Processes::start(4, "none");
    let output = untraced.client(&["trace"]);
    assert_eq!(output.status.code(), Some(2));
    let advice = "start the server with --trace";
    assert!(complained(&output).contains(advice), "{output:?}");
    assert_eq!(printed(&output), "");
}
