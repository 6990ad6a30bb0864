//! `docs/json.md` lists the members of what the commands print with `--format json`, all of them and no others.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use quorate_wire::Endpoint;
use quorate_wire::method::{
    BallotStatus, Bid, ProcessStatus, ProofStatus, Round, RoundStatus, RoundSummary, Status,
    StatusAnswer, TallyStatus, Traffic, ViewChangeReason, ViewChangeStatus, VoteStatus,
};
use serde_json::Value;
use support::{Processes, client, printed};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// The members in the table under a heading of the page.
fn listed(heading: &str) -> BTreeSet<String> {
    let page = include_str!("../../docs/json.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let members = rows.map(|row| row.split_once('`').unwrap().0.to_owned());
    members.collect()
}

/// The members of an object, as the page writes them: `processes[].ballots[].decision`.
fn members(object: &Value) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    gather(object, "", &mut members);
    members
}

fn gather(value: &Value, path: &str, members: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let dot = if path.is_empty() { "" } else { "." };
                gather(value, &format!("{path}{dot}{name}"), members);
            }
        }
        Value::Array(values) => {
            for value in values {
                gather(value, &format!("{path}[]"), members);
            }
        }
        _ => {
            members.insert(path.to_owned());
        }
    }
}

#[test]
fn the_page_lists_the_members_that_each_command_prints() {
    let processes = Processes::start(4, "none");
    processes.client(&["--format", "lines"]);
    for (heading, arguments) in [
        ("client submit", &["submit", "set x=42"][..]),
        ("client submit", &["submit", "get y"]),
        ("client read", &["read", "x"]),
        ("client read", &["read", "y"]),
        ("client bench", &["bench", "--rounds", "1"]),
        (
            "client bench",
            &["bench", "--operations", "1", "--runs", "1", "--compare"],
        ),
        ("client fault", &["fault", "Q"]),
        ("client fault", &["heal"]),
        ("client link", &["link", "*->*: delay 1ms"]),
        ("client kill, restart, pause and resume", &["restart", "S"]),
        ("What all objects share", &["submit", "sing"]),
    ] {
        let output = processes.client(&[arguments, &["--format", "json"]].concat());
        let object = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(members(&object), listed(heading), "{arguments:?}");
    }
}

#[test]
fn the_page_lists_the_members_of_a_proof() {
    let processes = Processes::start(4, "P=equivocate");
    processes.client(&["--format", "lines"]);
    processes.client(&["heal", "P"]);
    let output = processes.client(&["evidence", "--format", "json"]);
    let object = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(members(&object), listed("client evidence"), "{object}");
}

/// Has one process after the other order these commands.
fn order(processes: &Processes, commands: &[(usize, &str)]) {
    for (process, command) in commands {
        let address = processes.all()[*process].address.to_string();
        let output = client(&["submit", command, "--endpoint", &address]);
        let executed = matches!(output.status.code(), Some(0 | 1));
        assert!(executed, "{command}: {output:?}");
    }
}

/// Four members that agree on this. R makes two offers, each with all that an offer may have.
fn agreed(activity: &str) -> Processes {
    let processes = Processes::start(4, "none");
    let output = processes.client(&["members", "--format", "json"]);
    let members: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = format!("found {} P,Q,R,S", members["cluster"].as_str().unwrap());
    let terms = "can=cores:4 needs=cores:2 least=2 most=3 without=R deadline=9";
    let terms = format!("1 offer {activity} {terms} prefer={activity}");
    let plain = format!("1 offer {activity} can=cores:8");
    order(
        &processes,
        &[
            (0, found.as_str()),
            (2, terms.as_str()),
            (2, plain.as_str()),
        ],
    );
    for process in [0, 1, 3] {
        order(&processes, &[(process, plain.as_str())]);
    }
    order(&processes, &[(0, "1 close offers"), (1, "1 close offers")]);
    processes
}

#[test]
fn the_page_lists_the_members_of_each_view_of_a_gathering() {
    let check = |processes: &Processes, commands: &[(&str, &[&str])]| {
        for (heading, arguments) in commands {
            let output = processes.client(&[arguments, &["--format", "json"][..]].concat());
            let object = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(members(&object), listed(heading), "{arguments:?}");
        }
    };
    let auction = agreed("auction");
    let bid = format!("1 bid lamp {}", "ab".repeat(32));
    order(&auction, &[(0, "1 auction lamp second"), (1, bid.as_str())]);
    for phase in ["1 close bids lamp", "1 close reveals lamp"] {
        order(&auction, &[(0, phase), (1, phase)]);
    }
    check(
        &auction,
        &[
            ("client members", &["members"]),
            ("client offers", &["offers"]),
            ("client agreement", &["agreement"]),
            ("client auction", &["auction"]),
            ("client auction LOT", &["auction", "lamp"]),
            ("client happenings", &["happenings"]),
        ],
    );
    let vote = agreed("vote");
    let closes = "1 close ballots lunch";
    order(
        &vote,
        &[
            (0, "1 question lunch borda soup,rice"),
            (1, "1 ballot lunch rice"),
            (0, closes),
        ],
    );
    check(
        &vote,
        &[
            ("client vote", &["vote"]),
            ("client vote QUESTION", &["vote", "lunch"]),
        ],
    );
    let work = agreed("work");
    let commands = [
        (0, "1 work count primes 0 100 1"),
        (0, "1 result count 1 25"),
        (0, "1 close results count"),
    ];
    order(&work, &commands);
    check(
        &work,
        &[
            ("client work", &["work"]),
            ("client work JOB", &["work", "count"]),
        ],
    );
}

#[test]
fn the_page_lists_the_members_of_what_a_process_says_it_does() {
    let runtime = Runtime::new().unwrap();
    let endpoint = Endpoint::new()
        .method(async |_: Status| {
            Ok(StatusAnswer::Process(Box::new(ProcessStatus {
                fault: "none".into(),
                ..talkative()
            })))
        })
        .method(async |_: Bid| Ok("Q bids 75 for 'lamp' as soon as it is time".to_owned()));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    runtime.spawn(endpoint.serve(listener, std::future::pending()));
    let output = client(&[
        "bid",
        "lamp",
        "75",
        "--format",
        "json",
        "--endpoint",
        &address,
    ]);
    let object = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(members(&object), listed("client bid"));
}

/// A process whose status has a value in every member.
fn talkative() -> ProcessStatus {
    let (p, decision) = ("P".to_owned(), "attack".to_owned());
    ProcessStatus {
        process: "Q".into(),
        cluster: "ab".into(),
        processes: 4,
        port: 1,
        life: 2,
        fault: "none".into(),
        seed: 7,
        view: 1,
        view_active: true,
        primary: "Q".into(),
        low_watermark: 0,
        high_watermark: 256,
        executed: 5,
        last_slot: 5,
        round: RoundSummary {
            round: 1,
            close_sequence_number: 5,
            ballots: 1,
            decision,
        },
        proofs: vec![ProofStatus {
            accused: p,
            what: "two proposals for slot 1 in view 0".into(),
        }],
        refused: Vec::new(),
        view_changes: vec![ViewChangeStatus {
            view: 1,
            primary: "Q".into(),
            reason: ViewChangeReason::Timer,
            waited_ms: 500,
            asked_by: vec!["Q".into()],
            started: true,
        }],
        traffic: Traffic {
            messages_sent: 1,
            bytes_sent: 2,
            signatures_checked: 3,
            messages_lost: 4,
            outbox_bytes: 5,
            inbox_bytes: 6,
        },
    }
}

/// The round of which it tells.
fn its_round() -> RoundStatus {
    let (p, decision) = ("P".to_owned(), "attack".to_owned());
    RoundStatus {
        round: 1,
        close_sequence_number: 5,
        ballots: vec![BallotStatus {
            process: p.clone(),
            sequence_number: 3,
            votes: vec![VoteStatus {
                process: p,
                decision: decision.clone(),
            }],
            tie: false,
            decision: decision.clone(),
            refused: "it came late".into(),
        }],
        tally: vec![TallyStatus {
            decision: decision.clone(),
            ballots: 3,
        }],
        tie: false,
        decision,
    }
}

/// What `client status` says of the talkative process.
fn status_of_talkative(arguments: &[&str]) -> String {
    let runtime = Runtime::new().unwrap();
    let endpoint = Endpoint::new()
        .method(async |_: Status| Ok(StatusAnswer::Process(Box::new(talkative()))))
        .method(async |_: Round| Ok(its_round()));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    runtime.spawn(endpoint.serve(listener, std::future::pending()));
    let output = client(&[&["status", "--endpoint", &address], arguments].concat());
    printed(&output)
}

#[test]
fn the_page_lists_the_members_of_a_status_in_which_nothing_is_empty() {
    let object = serde_json::from_str(&status_of_talkative(&["--format", "json"])).unwrap();
    assert_eq!(members(&object), listed("client status"));
}

#[test]
fn the_tables_of_status_show_proofs_refused_ballots_and_why_the_view_was_changed() {
    let tables = status_of_talkative(&[]);
    for words in [
        "│ Q       │",
        "│ timer ",
        "(P@3)",
        "│ P             │ Q  │ two proposals for slot 1 in view 0 │",
    ] {
        assert!(tables.contains(words), "'{words}' is missing in:\n{tables}");
    }
    for line in tables.lines() {
        assert!(console::measure_text_width(line) <= 80, "{line}\n{tables}");
    }
}

#[test]
fn the_version_comes_first_and_no_number_has_more_than_3_decimals() {
    let processes = Processes::start(4, "none");
    for arguments in [&["status"][..], &["bench", "--rounds", "1"], &["heal"], &[]] {
        let output = processes.client(&[arguments, &["--format", "json"]].concat());
        let printed = printed(&output);
        assert!(printed.starts_with("{\n  \"v\": 1,\n"), "{printed}");
        let words = printed.split([' ', ',', '\n']);
        for number in words.filter(|word| word.parse::<f64>().is_ok()) {
            let decimals = number.split_once('.').map_or("", |(_, decimals)| decimals);
            assert!(decimals.len() <= 3, "{number} in {printed}");
        }
    }
}
