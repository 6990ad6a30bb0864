//! The trace of a run: every reception is of something that was sent, and everything that was sent ends somewhere.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::ReplicaId;
use quorate_simulator::plan::Choice;
use quorate_simulator::trace::Hash;
use quorate_simulator::{Outcome, Plan, Recorded, Trace, Watch, run, run_with};
use quorate_trace::file;
use quorate_trace::{Actor, Event, EventId, Kind, Whom, Why};

fn outcome(plan: &Plan) -> Outcome {
    let watch = Watch {
        trace: Trace::Digest(Hash::default()),
        events: true,
        ..Watch::default()
    };
    run_with(plan, watch, &|| false).unwrap()
}

fn recorded(plan: &Plan) -> Recorded {
    outcome(plan).recorded.unwrap()
}

fn four_processes(seed: u64) -> Plan {
    let choice = Choice {
        processes: Some(4),
        ..Choice::default()
    };
    Plan::generate(seed, &choice)
}

/// The seeds of the tests: among them are runs with losses, partitions, restarts, twins, and processes that stand still.
fn plans() -> impl Iterator<Item = Plan> {
    let twins = ["P", "Q"].map(|name| name.to_owned().try_into().unwrap());
    let choice = Choice {
        processes: Some(4),
        twins: Some(twins.to_vec()),
        ..Choice::default()
    };
    let with_twins = (0..5).map(move |seed| Plan::generate(seed, &choice));
    let seeds = (0..50).map(|seed| Plan::generate(seed, &Choice::default()));
    seeds.chain(with_twins)
}

#[test]
fn each_receive_has_exactly_one_send_and_each_send_ends_in_a_receive_or_a_drop_or_is_in_flight() {
    for plan in plans() {
        let outcome = outcome(&plan);
        let Recorded { events, in_flight } = outcome.recorded.unwrap();
        // A run ends where a rule is broken: in the middle of what a process sends.
        let end = outcome.violation.map(|_| outcome.simulated.0);
        let mut sends: BTreeMap<EventId, &Event> = BTreeMap::new();
        let mut ends: BTreeSet<(EventId, ReplicaId)> = BTreeSet::new();
        ends.extend(in_flight.iter().map(|(msg, to)| (*msg, to.process)));
        for event in &events {
            match event.kind {
                Kind::Send => assert_eq!(sends.insert(event.id(), event), None),
                Kind::Receive => {
                    let send = sends[&event.msg.unwrap()];
                    assert_eq!(
                        event.cause, event.msg,
                        "the send comes before it: {event:?}"
                    );
                    assert_eq!(event.from, Some(send.p));
                    if send.what.is_none() {
                        assert_eq!((event.message, event.slot), (send.message, send.slot));
                    }
                    assert!(is_for(send, event.p), "{send:?} {event:?}");
                    ends.insert((send.id(), event.p.process));
                }
                Kind::Drop if event.why != Some(Why::Refused) => {
                    let send = sends[&event.msg.unwrap()];
                    let to = match event.to {
                        Some(Whom::One(to)) => to,
                        _ => event.p,
                    };
                    assert!(is_for(send, to), "{send:?} {event:?}");
                    // One copy of a doubled message may arrive and the other be lost.
                    ends.insert((send.id(), to.process));
                }
                _ => {}
            }
        }
        for send in sends.values().filter(|send| Some(send.t_us) != end) {
            for to in recipients(send, plan.processes) {
                assert!(
                    ends.contains(&(send.id(), to)),
                    "seed {}: {send:?} to {to}",
                    plan.seed
                );
            }
        }
    }
}

fn is_for(send: &Event, to: Actor) -> bool {
    match send.to {
        Some(Whom::All) => to.process != send.p.process,
        Some(Whom::One(one)) => one.process == to.process,
        None => false,
    }
}

fn recipients(send: &Event, n: u32) -> Vec<ReplicaId> {
    let all = (0..n).map(ReplicaId);
    all.filter(|to| is_for(send, (*to).into())).collect()
}

#[test]
fn the_numbers_of_a_life_grow_by_one_and_a_cause_comes_before_what_follows() {
    for plan in plans() {
        let mut last: BTreeMap<(Actor, u32), u64> = BTreeMap::new();
        let mut known = BTreeSet::new();
        let mut time = 0;
        for event in recorded(&plan).events {
            let before = last.insert((event.p, event.life), event.i).unwrap_or(0);
            assert_eq!(event.i, before + 1, "{event:?}");
            assert!(event.t_us >= time, "{event:?}");
            time = event.t_us;
            if let Some(cause) = event.cause {
                assert!(known.contains(&cause), "{event:?}");
            }
            known.insert(event.id());
        }
    }
}

#[test]
fn a_phase_of_a_slot_follows_from_an_earlier_phase_of_it_or_from_what_has_reached_the_process() {
    let recorded = recorded(&four_processes(3));
    let events: BTreeMap<EventId, &Event> = recorded
        .events
        .iter()
        .map(|event| (event.id(), event))
        .collect();
    let mut phases = 0;
    for event in events.values() {
        if !matches!(event.kind, Kind::Accept | Kind::Prepared | Kind::Committed) {
            continue;
        }
        let cause = events[&event.cause.unwrap()];
        match cause.kind {
            Kind::Accept | Kind::Prepared => {
                assert!(
                    cause.slot == event.slot && cause.kind < event.kind,
                    "{event:?} {cause:?}"
                );
            }
            Kind::Receive | Kind::Send | Kind::Timer => {}
            _ => panic!("{event:?} follows from {cause:?}"),
        }
        phases += 1;
    }
    assert!(phases > 100, "{phases}");
}

#[test]
fn a_run_is_the_same_with_a_trace_and_without() {
    for plan in plans().step_by(6) {
        let plain = run(&plan, Trace::Digest(Hash::default())).unwrap();
        let traced = outcome(&plan);
        assert_eq!(plain.trace.digest(), traced.trace.digest());
        assert_eq!(plain.counts, traced.counts);
    }
}

#[test]
fn each_line_of_a_trace_is_as_the_schema_says_and_is_read_as_it_was_written() {
    let schema = include_str!("../../docs/trace.schema.json");
    let schema = serde_json::from_str(schema).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let mut kinds = BTreeSet::new();
    for plan in plans().step_by(6) {
        let trace = recorded(&plan).trace(&plan, "simulate run");
        let mut text = Vec::new();
        trace.write(&mut text).unwrap();
        assert_eq!(file::Trace::read(&text[..]).unwrap(), trace);
        for line in text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let line: serde_json::Value = serde_json::from_slice(line).unwrap();
            if let Err(error) = schema.validate(&line) {
                panic!("{error}: {line}");
            }
            kinds.insert(line["kind"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(
        kinds.len(),
        16,
        "the header and every kind of event: {kinds:?}"
    );
}

#[test]
fn a_compressed_trace_is_read_as_it_was_written() {
    let plan = four_processes(1);
    let trace = recorded(&plan).trace(&plan, "simulate run");
    let folder = std::env::temp_dir().join(format!("quorate-trace-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (plain, packed) = (folder.join("trace.jsonl"), folder.join("trace.jsonl.gz"));
    trace.save(&plain).unwrap();
    trace.save(&packed).unwrap();
    assert_eq!(file::Trace::open(&plain).unwrap(), trace);
    assert_eq!(file::Trace::open(&packed).unwrap(), trace);
    let size = |path| std::fs::metadata(path).unwrap().len();
    assert!(5 * size(&packed) < size(&plain));
    std::fs::remove_dir_all(&folder).unwrap();
}
