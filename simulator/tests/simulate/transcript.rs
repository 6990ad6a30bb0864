//! `simulate transcript` as people use it.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use quorate_simulator::transcript::{COMMANDS, WORDS};

use crate::support::{Ended, end, file, program, simulate};

const FRESH: &str = "# Mine.\n> cluster 4\n> order P/1\n";
const PLAYED: &str = "# Mine.\n> cluster 4\n> order P/1\nP,Q,R,S: executes slot 1 [P/1]\n";

fn transcript(text: &str, name: &str, options: &str) -> Ended {
    let text = file(name, text);
    end(program(&format!("transcript {options}")).arg(text))
}

#[test]
fn a_fresh_text_is_played_and_says_that_nothing_is_recorded_and_how_to_record() {
    let ended = transcript(FRESH, "fresh.txt", "");
    assert_eq!(ended.status, Some(0));
    assert!(ended.printed.starts_with(PLAYED), "{ended:?}");
    assert!(
        ended.printed.ends_with(
            "\n1 scenario, no difference, 1 without recorded output (--rewrite records it)\n"
        ),
        "{ended:?}"
    );
    assert!(ended.complained.contains("has no recorded output"));
}

#[test]
fn play_prints_what_happens_and_compares_nothing() {
    let ended = transcript(FRESH, "to-play.txt", "--play");
    assert_eq!((ended.status, ended.complained.as_str()), (Some(0), ""));
    assert!(ended.printed.starts_with(PLAYED), "{ended:?}");
    let other = PLAYED.replace("executes", "forgets");
    let again = transcript(&other, "to-play-too.txt", "--play");
    assert_eq!((again.status, again.printed), (Some(0), ended.printed));
}

#[test]
fn play_reads_standard_input_where_the_file_is_a_dash() {
    let mut command = program("transcript --play -");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program can be run");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(FRESH.as_bytes()).expect("it is read");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.stdout.starts_with(PLAYED.as_bytes()));

    let refused = simulate("transcript --rewrite -");
    assert_eq!(refused.status, Some(2));
    assert!(refused.complained.contains("standard input"), "{refused:?}");
}

#[test]
fn scenarios_that_do_not_differ_are_counted() {
    let mut command = program("transcript");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    command.current_dir(root.expect("the workspace"));
    let ended = end(&mut command);
    let scenarios = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"));
    let scenarios = scenarios.expect("there are scenarios").count();
    assert_eq!(ended.status, Some(0));
    assert_eq!(
        ended.printed,
        format!("{scenarios} scenarios, no difference\n")
    );
}

#[test]
fn how_lines_end_does_not_count() {
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/scenarios/03-one-view-change-repeated.txt"
    );
    let text = fs::read_to_string(scenario).expect("it can be read");
    for (name, text) in [
        ("windows.txt", text.replace('\n', "\r\n")),
        ("no-end.txt", text.trim_end().to_owned()),
        (
            "half-an-end.txt",
            text.trim_end().replace('\n', "\r\n") + "\r",
        ),
    ] {
        let ended = transcript(&text, name, "");
        assert_eq!(ended.printed, "1 scenario, no difference\n", "{name}");
        assert_eq!(ended.status, Some(0));
    }
}

#[test]
fn the_page_of_scenarios_has_every_command_with_its_example() {
    let page = include_str!("../../../docs/scenarios.md").replace("\\|", "|");
    for entry in COMMANDS {
        let row = format!("| `{}` | ", entry.form);
        let row = page.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("'{}' is not on the page", entry.form));
        assert!(
            row.ends_with(&format!(" | `> {}` |", entry.example)),
            "{row}"
        );
        assert!(
            row.to_lowercase().contains(&entry.does.to_lowercase()),
            "{row}"
        );
    }
    for (word, meaning) in WORDS {
        assert!(
            page.contains(&format!("| `{word}` | {meaning} |")),
            "{word}"
        );
    }
}

#[test]
fn help_has_every_command() {
    let help = simulate("transcript --help").printed;
    for entry in COMMANDS {
        assert!(help.contains(entry.form), "{}", entry.form);
    }
    let widest = help.lines().map(str::len).max();
    assert!(widest <= Some(104), "{widest:?}");
}
