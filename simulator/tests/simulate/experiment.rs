//! `simulate experiment`: its folder, the same again, and what is left when it is stopped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{end, objects, program, simulate};

/// A folder that is not there.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    path
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_report_has_its_data_and_pictures_and_a_script_that_makes_the_same_data_again() {
    let path = folder("report-bound");
    let ended = simulate(&format!(
        "experiment bound --quick --out {}",
        path.display()
    ));
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(
        ended.printed.contains("bound: 520 runs, 5 of 5"),
        "{ended:?}"
    );
    let page = read(&path, "index.html");
    assert!(
        page.contains("<svg role=\"img\""),
        "the picture is in the page"
    );
    assert!(page.contains("simulated"));
    assert!(read(&path, "bound-shares.svg").starts_with("<svg "));
    let rows = objects(&read(&path, "runs.jsonl"));
    assert_eq!(rows.len(), 520);
    assert_eq!(read(&path, "runs.csv").lines().count(), 521);
    assert!(read(&path, "machine.json").contains("\"engine\""));

    // The command of a row plays its run, in the report's folder.
    let broken = rows.iter().find(|row| row["figures"]["disagrees"] == 1.0);
    let again = broken.expect("beyond the bound some disagree")["again"]
        .as_str()
        .expect("a command");
    let arguments = again
        .strip_prefix("simulate ")
        .expect("a command of simulate");
    let played = end(program(&format!("{arguments} --no-shrink")).current_dir(&path));
    assert_eq!(played.status, Some(1), "{played:?}");
    assert!(played.printed.contains("agreement"), "{played:?}");

    let bin = Path::new(env!("CARGO_BIN_EXE_simulate"))
        .parent()
        .expect("a folder");
    let paths = std::env::var("PATH").unwrap_or_default();
    let mut script = Command::new("sh");
    script
        .arg(path.join("reproduce.sh"))
        .env("PATH", format!("{}:{paths}", bin.display()));
    let ended = end(&mut script);
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(
        ended.printed.contains("the same data, byte for byte"),
        "{ended:?}"
    );
}

#[test]
fn a_folder_with_something_in_it_is_refused_before_anything_is_played() {
    let path = folder("report-full");
    fs::create_dir_all(&path).expect("it can be made");
    fs::write(path.join("mine.txt"), "mine").expect("it can be written");
    let ended = simulate(&format!("experiment all --out {}", path.display()));
    assert_eq!(ended.status, Some(2));
    assert!(
        ended.complained.contains("it is not empty")
            && ended.complained.contains("name another folder"),
        "{ended:?}"
    );
    assert_eq!(fs::read_dir(&path).expect("it is there").count(), 1);
}

#[test]
fn an_experiment_that_is_not_known_is_refused_with_those_that_are() {
    let ended = simulate("experiment everything --out nowhere");
    assert_eq!(ended.status, Some(2));
    assert!(
        ended.complained.contains("messages") && ended.complained.contains("bound"),
        "{ended:?}"
    );
}

#[test]
fn ctrl_c_leaves_a_report_of_what_was_played_and_says_what_was_not() {
    let path = folder("report-stopped");
    let mut command = program(&format!("experiment all --out {}", path.display()));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program can be run");
    // Signals are waited for before the folder is made.
    while !path.is_dir() {
        thread::yield_now();
    }
    kill(
        Pid::from_raw(i32::try_from(child.id()).expect("a pid")),
        Signal::SIGINT,
    )
    .expect("it runs");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let complained = String::from_utf8(output.stderr).expect("it is text");
    assert!(
        complained.contains("stopped by Ctrl-C before the end; not whole:"),
        "{complained}"
    );
    assert!(
        complained.contains("reads"),
        "the last one was not begun: {complained}"
    );
    assert!(read(&path, "index.html").contains("Not run: "));
}
