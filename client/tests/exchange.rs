//! What the exchange says about itself: verdict, votes, story, JSON, picture.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::{Processes, client, complained, printed};

fn spawned(faulty: &str, arguments: &[&str]) -> std::process::Output {
    client(&[&["--spawn", "--faulty", faulty], arguments].concat())
}

fn object(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn beyond_the_bound_two_proved_liars_count_no_more_and_the_three_facts_say_so() {
    let liars = "R=lie:retreat,S=lie:retreat";
    let output = spawned(liars, &["--format", "table", "--decision-timeout", "3s"]);
    let text = printed(&output);
    for fact in [
        "Proved faulty: R: two PREPAREs for slot 1 in view 0 (by ",
        "Proved faulty: S: two PREPAREs for slot 1 in view 0 (by ",
        "Agreement: there is no decision at P and Q (quorum 3 of 4).",
        "Validity:  does not apply: nothing was decided.",
        "Bound:     2 of 4 processes are faulty, at most 1 is survived.",
    ] {
        assert!(text.contains(fact), "{text}");
    }
    assert_eq!(output.status.code(), Some(3), "{text}");
    // The lines alone have no room for it.
    let output = spawned(liars, &["--format", "lines", "--decision-timeout", "3s"]);
    assert!(complained(&output).contains("there is no decision at P and Q"));
    assert_eq!(output.status.code(), Some(3));
}

/// The members that a value has, as `docs/exchange.md` writes them. Empty lists and `null` have none.
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
        Value::Null => {}
        _ => {
            members.insert(path.to_owned());
        }
    }
}

#[test]
fn the_page_lists_every_member_of_the_object() {
    let page = include_str!("../../docs/exchange.md");
    let rows = page.split_once("\n## JSON\n").unwrap().1.lines();
    let rows = rows.filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<_> = rows
        .map(|row| row.split_once('`').unwrap().0.to_owned())
        .collect();
    let mut found = BTreeSet::new();
    for faulty in ["none", "P=equivocate", "P"] {
        let output = spawned(faulty, &["--format", "json", "--explain"]);
        gather(&object(&output), "", &mut found);
    }
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
    // These need another client, a process that is gone, or a ballot that comes late.
    let rare = |member: &String| {
        ["other_votes", "decisions[].cause", "ballots[].refused"]
            .iter()
            .any(|rare| member.starts_with(rare))
    };
    let missing: Vec<_> = listed
        .difference(&found)
        .filter(|member| !rare(member))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_tie_is_told_at_the_ballot_and_where_it_decides() {
    let tie = "P=attack,Q=attack,R=retreat,S=retreat";
    let output = spawned("none", &["--format", "table", "--decision", tie]);
    let text = printed(&output).replace(['│', '\n'], " ");
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("attack: P Q;"), "{words}");
    assert!(words.contains("retreat (a tie gives"), "{words}");
    assert!(words.contains("Tally: 3 ballots for 'retreat'."), "{words}");
    assert!(
        words
            .contains("Validity: does not apply: the correct processes had said different things."),
        "{words}"
    );
}

#[test]
fn a_fault_that_is_switched_on_later_shows_no_ballots_of_the_round_before() {
    for fault in ["R=silent", "R=lie"] {
        let processes = Processes::start(4, "none");
        processes.client(&["--format", "lines"]);
        processes.client(&["fault", fault]);
        let output = processes.client(&["--format", "json"]);
        let exchange = object(&output);
        assert_eq!(exchange["round"], 2);
        let rows = exchange["decisions"].as_array().unwrap();
        assert_eq!(rows[2]["decision"], "faulty", "{exchange:#}");
        let closes: BTreeSet<_> = rows
            .iter()
            .filter_map(|row| row["close_sequence_number"].as_u64())
            .collect();
        assert_eq!(closes.len(), 1, "{exchange:#}");
        // This round's ballots execute after its Close, or with it. The ballots of the round before have executed before it.
        let slots = rows
            .iter()
            .flat_map(|row| row["ballots"].as_array().unwrap());
        let slots: Vec<_> = slots
            .map(|ballot| ballot["sequence_number"].as_u64())
            .collect();
        assert!(!slots.is_empty());
        assert!(
            slots.iter().all(|slot| slot >= &closes.first().copied()),
            "{exchange:#}"
        );
    }
}

#[test]
fn an_equivocating_primary_is_proved_faulty_with_slot_and_view() {
    let output = spawned("P=equivocate", &["--format", "json", "--explain"]);
    let exchange = object(&output);
    assert_eq!(
        exchange["proofs"],
        json!([{
            "accused": "P",
            "what": "two proposals for slot 1 in view 0",
            "proved_by": ["Q", "R", "S"],
        }]),
        "{exchange:#}"
    );
}

#[test]
fn the_story_says_why_the_view_changed_and_which_quorum_decided() {
    let output = spawned("P", &["--format", "json", "--explain"]);
    let exchange = object(&output);
    let story: Vec<_> = exchange["story"].as_array().unwrap().iter().collect();
    let has = |words: &str| {
        let mut sentences = story.iter().filter_map(|sentence| sentence.as_str());
        assert!(
            sentences.any(|sentence| sentence.contains(words)),
            "{story:#?}"
        );
    };
    has("P denied communication to Q, R and S.");
    has(" ms in vain for P, the primary of view 0, and asked for view 1.");
    has("Q, the primary of view 1, started it with the VIEW-CHANGEs of Q, R and S.");
    has("The round was closed in slot 1: Q has the COMMITs of Q, R and S for it.");
    has("says that it heard 'attack' from Q, R and S.");
    has("Of the ballots that count, 3 are for 'attack'.");
    has("So Q, R and S agree on 'attack'.");
    has("No process has proof of a fault.");
    assert!((9..=15).contains(&story.len()), "{story:#?}");
}

#[test]
fn a_lie_is_told_with_what_was_asked_and_what_was_said() {
    let output = spawned("R=lie:retreat", &["--format", "table", "--explain"]);
    let text = printed(&output);
    assert!(
        text.contains("R told 'retreat', not 'attack', to P, Q and S."),
        "{text}"
    );
}

#[test]
fn lines_are_printed_while_a_process_holds_up_the_end() {
    let processes = Processes::start(4, "none");
    processes.signal("S", "STOP");
    let mut child = Command::new(env!("CARGO_BIN_EXE_client"))
        .args(["--format", "lines", "--timeout", "60s"])
        .args(["--endpoint", &processes.endpoints()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert_eq!(first, "Process P sent decision 'attack' to Q");
    assert!(child.try_wait().unwrap().is_none());
    processes.signal("S", "CONT");
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert_eq!(rest.len(), 15, "{rest:#?}");
    assert!(child.wait().unwrap().code().is_some());
}

#[test]
fn another_clients_votes_in_the_same_round_are_told() {
    let processes = Processes::start(4, "none");
    let decisions = ["attack", "retreat", "wait"];
    let endpoints = processes.endpoints();
    for _ in 0..10 {
        let clients = decisions.map(|decision| {
            Command::new(env!("CARGO_BIN_EXE_client"))
                .args(["--format", "json", "--decision", decision])
                .args(["--endpoint", &endpoints])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        });
        for (asked, child) in decisions.iter().zip(clients) {
            let output = child.wait_with_output().unwrap();
            if output.status.code() == Some(3) {
                continue;
            }
            let exchange = object(&output);
            let verdict = &exchange["verdict"];
            let others = exchange["other_votes"].as_array().unwrap();
            if verdict["decision"] != json!(asked) {
                assert!(!others.is_empty(), "{exchange:#}");
            }
            if !others.is_empty() {
                assert_eq!(verdict["validity"], "does not apply", "{exchange:#}");
            }
            assert_eq!(output.status.code(), Some(0), "{exchange:#}");
        }
    }
}

#[test]
fn the_picture_has_the_votes_the_slots_and_the_decisions() {
    let path = std::env::temp_dir().join(format!("quorate-exchange-{}.svg", std::process::id()));
    let output = spawned(
        "P",
        &["--format", "lines", "--diagram", path.to_str().unwrap()],
    );
    assert_eq!(printed(&output), support::SEED_LINES);
    let picture = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    for text in [
        "slot 1: Close of round 1",
        "view change: Q, R and S start view 1 with primary Q",
        "decides 'attack'",
        "stroke-dasharray",
    ] {
        assert!(picture.contains(text), "{text}");
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_an_error() {
    let output = spawned(
        "none",
        &["--format", "lines", "--diagram", "/nowhere/picture.svg"],
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(complained(&output).contains("--diagram /nowhere/picture.svg"));
}
