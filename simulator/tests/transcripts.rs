//! The scenarios in `scenarios/`: each plays as it stands there.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use quorate_simulator::transcript::{difference, play};

#[test]
fn every_scenario_plays_as_it_is_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("there is a folder of scenarios")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut differ = String::new();
    for file in files {
        let name = file.display();
        let old = fs::read_to_string(&file).expect("it can be read");
        let new = play(&old).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!new.contains("WRONG"), "{name}: a client was lied to");
        assert!(
            !new.contains("DISAGREES") || old.contains("beyond the bound"),
            "{name}: correct replicas have executed different batches"
        );
        if let Some(difference) = difference(&old, &new) {
            let _ = writeln!(differ, "--- {name}\n{difference}");
        }
    }
    assert!(
        differ.is_empty(),
        "{differ}if this is how it should be: simulate transcript --rewrite, and read what has changed"
    );
}

#[test]
fn a_text_that_differs_is_shown_and_can_be_rewritten() {
    let text = "# A remark.\n> cluster 4\n> order P/1\nP: does nothing\n\n> show\n";
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("a-text-that-differs.txt");
    fs::write(&file, text).expect("it can be written");
    let simulate = |option: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simulate"));
        command.arg("transcript").args(option).arg(&file);
        let output = command.output().expect("it can be run");
        let said = String::from_utf8(output.stdout).expect("it is text");
        (output.status.code(), said)
    };

    let (differs, shown) = simulate(&[]);
    let unchanged = fs::read_to_string(&file).expect("it can be read");
    let (rewritten, _) = simulate(&["--rewrite"]);
    let (alike, nothing) = simulate(&[]);

    assert_eq!((differs, rewritten, alike), (Some(1), Some(0), Some(0)));
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines.contains(&"-P: does nothing"), "{shown}");
    assert!(
        lines.contains(&"+P,Q,R,S: executes slot 1 [P/1]"),
        "{shown}"
    );
    assert_eq!(unchanged, text);
    assert_eq!(nothing, "1 scenario, no difference\n");
}

#[test]
fn what_is_no_command_is_refused_with_its_line_and_what_to_write() {
    let wrong = [
        ("> run", "line 1: a story begins with: cluster 4"),
        ("> cluster 4\n> jump", "line 2: there is no command 'jump'"),
        ("> cluster 4 window 1", "at least twice"),
        ("> cluster 4\n> submit P", "write P/1, P/1..8 or c/1@Q"),
        ("> cluster 4\n> submit Z/1", "there is no process Z"),
        ("> cluster 4\n> wait long", "write 250ms or 10s"),
        (
            "> cluster 4\n> drop shout",
            "'shout' is not a kind of message",
        ),
        ("> cluster 4\n> run away", "'away' has no meaning here"),
        (
            "> cluster 4\n> forge view-change v to P",
            "nothing has the name 'v'",
        ),
    ];
    for (text, words) in wrong {
        let error = play(text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
