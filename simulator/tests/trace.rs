//! The trace of a run: every reception is of something that was sent, and everything that was sent ends somewhere.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use quorate_protocol::message::Kind as Message;
use quorate_protocol::{Quorum, ReplicaId};
use quorate_simulator::plan::Choice;
use quorate_simulator::trace::Hash;
use quorate_simulator::{Outcome, Plan, Recorded, Trace, Watch, run, run_with};
use quorate_trace::file;
use quorate_trace::{Actor, Event, EventId, Form, Kind, Whom, Why};

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

fn twins(seed: u64) -> Plan {
    let twins = ["P", "Q"].map(|name| name.to_owned().try_into().unwrap());
    let choice = Choice {
        processes: Some(4),
        twins: Some(twins.to_vec()),
        ..Choice::default()
    };
    Plan::generate(seed, &choice)
}

/// The seeds of the tests: among them are runs with losses, partitions, restarts, twins, and processes that stand still.
fn plans() -> impl Iterator<Item = Plan> {
    let with_twins = (0..5).map(twins);
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

/// A trace in a form, as text.
fn exported(plan: &Plan, form: Form) -> String {
    let mut text = Vec::new();
    let trace = recorded(plan).trace(plan, "simulate run");
    form.write(&trace, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_perfetto_file_is_as_chromes_format_says_and_has_a_flow_for_each_message_that_arrives() {
    let schema = serde_json::from_str(include_str!("chrome-trace.schema.json")).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    for plan in plans().step_by(6) {
        let text = exported(&plan, Form::Perfetto);
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        if let Err(error) = schema.validate(&file) {
            panic!("{error} at {}", error.instance_path());
        }
        let marks = file["traceEvents"].as_array().unwrap();
        let ids = |ph: &str| -> Vec<u64> {
            let flows = marks
                .iter()
                .filter(|mark| mark["ph"] == ph && mark["cat"] == "flow");
            flows.map(|mark| mark["id"].as_u64().unwrap()).collect()
        };
        let events = recorded(&plan).events;
        let receives = events
            .iter()
            .filter(|event| event.kind == Kind::Receive)
            .count();
        assert_eq!(ids("s").len(), receives);
        assert_eq!(ids("s"), ids("f"), "each flow ends");
    }
}

#[test]
fn the_shiviz_file_is_as_its_expression_says_and_its_clocks_are_those_of_the_causes() {
    // ShiViz's own default is `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`.
    let expression = regex::Regex::new(r"(?<host>\S*) (?<clock>\{.*\})\n(?<event>.*)\n").unwrap();
    for plan in plans().step_by(6) {
        let text = exported(&plan, Form::Shiviz);
        let mut clocks: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        let (mut end, mut count) = (0, 0);
        for found in expression.captures_iter(&text) {
            let whole = found.get(0).unwrap();
            assert_eq!(whole.start(), end, "nothing lies between two events");
            end = whole.end();
            count += 1;
            let host = found["host"].to_owned();
            let clock: BTreeMap<String, u64> = serde_json::from_str(&found["clock"]).unwrap();
            for (other, number) in &clock {
                let known = clocks.get(other).map_or(0, |known| known[other]);
                let most = if *other == host { known + 1 } else { known };
                assert!(
                    *number <= most,
                    "{host} knows a later event of {other} than there is"
                );
            }
            let own = clocks.get(&host).map_or(0, |known| known[&host]);
            assert_eq!(clock[&host], own + 1, "each event counts one");
            clocks.insert(host, clock);
        }
        assert_eq!((end, count), (text.len(), recorded(&plan).events.len()));
    }
}

#[test]
fn the_mermaid_file_has_an_arrow_for_each_message_that_arrives_or_is_lost() {
    let plan = four_processes(3);
    let text = exported(&plan, Form::Mermaid);
    assert!(text.starts_with("sequenceDiagram\n    participant P as P\n"));
    let events = recorded(&plan).events;
    let lost = |event: &&Event| event.kind == Kind::Drop && event.to.is_some();
    let lost = events.iter().filter(lost).count();
    let arrived = events
        .iter()
        .filter(|event| event.kind == Kind::Receive)
        .count();
    assert_eq!(text.matches("-x").count(), lost);
    assert_eq!(text.matches(">>").count(), arrived);
    let arrow = regex::Regex::new(r"^    ([P-S](->>|-->>|-x)[P-S]: [^;#]+|Note over [P-S]: [^;#]+|participant [P-S] as [P-S])$").unwrap();
    for line in text.lines().skip(1) {
        assert!(arrow.is_match(line), "{line}");
    }
}

#[test]
fn shiviz_and_mermaid_warn_of_traces_that_they_cannot_show() {
    let plan = four_processes(3);
    let mut trace = recorded(&plan).trace(&plan, "simulate run");
    trace.events.truncate(900);
    assert_eq!(
        Form::ALL.map(|form| form.warning(&trace)),
        [None, None, None, None]
    );
    trace.events = trace.events.iter().cycle().take(5_001).cloned().collect();
    let warns = |trace: &file::Trace| Form::ALL.map(|form: Form| form.warning(trace).is_some());
    assert_eq!(warns(&trace), [false, false, true, true]);
    trace.events.truncate(10);
    trace.header.n = 14;
    assert_eq!(warns(&trace), [false, false, true, false]);
}

/// Either the process has heard a quorum's COMMITs for what it commits, or somebody has sent it the proof.
#[test]
fn what_is_committed_has_the_view_and_the_batch_of_a_quorums_commits() {
    let (mut by_votes, mut by_proofs, mut late) = (0, 0, 0);
    for plan in plans() {
        let events = recorded(&plan).events;
        let quorum = Quorum::of(NonZeroU32::new(plan.processes).unwrap()).size();
        let mut heard: BTreeMap<_, BTreeSet<Actor>> = BTreeMap::new();
        let mut views: BTreeMap<Actor, u64> = BTreeMap::new();
        let mut proofs = BTreeSet::new();
        for event in &events {
            let by = match event.kind {
                Kind::Receive => event.from,
                _ => None,
            };
            let place = (event.p, event.slot);
            match (event.kind, by, event.message) {
                (_, Some(by), Some(Message::COMMIT)) => {
                    let batch = (place, event.view, event.digest);
                    heard.entry(batch).or_default().insert(by);
                }
                // What it has prepared it commits at once. Its own COMMIT counts before it is sent.
                (Kind::Prepared, _, _) => {
                    let batch = (place, event.view, event.digest);
                    heard.entry(batch).or_default().insert(event.p);
                }
                (Kind::Receive, _, Some(Message::COMMITTED)) => {
                    proofs.insert((place, event.view, event.digest));
                }
                (Kind::View, _, _) => {
                    views.insert(event.p, event.view.unwrap());
                }
                (Kind::Committed, _, _) => {
                    let batch = (place, event.view, event.digest);
                    assert!(event.view.is_some() && event.digest.is_some(), "{event:?}");
                    late += usize::from(
                        views
                            .get(&event.p)
                            .is_some_and(|now| event.view < Some(*now)),
                    );
                    let votes = heard.get(&batch).map_or(0, BTreeSet::len);
                    by_votes += usize::from(votes >= quorum);
                    by_proofs += usize::from(votes < quorum);
                    assert!(
                        votes >= quorum || proofs.contains(&batch),
                        "seed {}: {votes} COMMITs of {quorum}, and no proof: {event:?}",
                        plan.seed
                    );
                }
                _ => {}
            }
        }
    }
    assert!(
        by_votes > 0 && by_proofs > 0 && late > 0,
        "{by_votes} {by_proofs} {late}"
    );
}

#[test]
fn the_header_says_which_rule_the_run_broke() {
    let schema = include_str!("../../docs/trace.schema.json");
    let schema = serde_json::from_str(schema).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let mut broken = 0;
    for plan in plans().chain([twins(25)]) {
        let mut outcome = outcome(&plan);
        let trace = outcome.take_trace(&plan, "simulate run").unwrap();
        let told = outcome.violation.as_ref().map(|violation| {
            assert!(!outcome.bound.holds(), "seed {}", plan.seed);
            let rule = violation.rule().0;
            format!("expected beyond the bound: {rule}: {violation}")
        });
        assert_eq!(trace.header.violation, told);
        broken += usize::from(told.is_some());
        let header = serde_json::to_value(&trace.header).unwrap();
        assert!(schema.is_valid(&header), "{header}");
        assert_eq!(header.get("violation").is_some(), told.is_some());
    }
    assert!(broken > 0);
}

#[test]
fn an_answer_leads_back_to_the_call_that_it_answers() {
    let mut answers = 0;
    for plan in plans() {
        let mut calls = BTreeMap::new();
        for event in recorded(&plan).events {
            match event.kind {
                Kind::Call => {
                    assert_eq!(calls.insert(event.id(), event.t_us), None);
                }
                Kind::Answer => {
                    let call = event.msg.unwrap();
                    assert_eq!((call.by, call.life), (event.p, event.life));
                    let asked = calls.remove(&call);
                    assert!(
                        asked.is_some_and(|asked| asked <= event.t_us),
                        "a call is answered once: {event:?}"
                    );
                    answers += 1;
                }
                _ => {}
            }
        }
    }
    assert!(answers > 100, "{answers}");
}
