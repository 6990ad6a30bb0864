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

use support::{Processes, eventually};

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
    let schema = serde_json::from_str(include_str!("../../docs/trace.schema.json")).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for event in &received {
        let line = serde_json::to_value(event).unwrap();
        if let Err(error) = schema.validate(&line) {
            panic!("{error}: {line}");
        }
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
