//! The client speaks as things happen: each line when it is true, and on a terminal what it waits for.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::spawn;
use std::time::Duration;

use quorate_server::LinkRules;
use support::{Folder, Processes, complained, eventually, printed};

/// A program that runs, and what it has printed so far. It is killed when dropped.
struct Running {
    child: Child,
    printed: Arc<Mutex<Vec<u8>>>,
}

impl Running {
    fn start(mut program: Command) -> Self {
        let program = program.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = program.spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let printed = Arc::new(Mutex::new(Vec::new()));
        let so_far = Arc::clone(&printed);
        spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                so_far.lock().unwrap().extend_from_slice(&bytes[..read]);
            }
        });
        Self { child, printed }
    }

    /// `client`, with its standard error on a terminal. What it prints on standard output goes elsewhere.
    fn on_terminal(arguments: &[&str], endpoints: &str, output: &str) -> Self {
        let script = format!("{}/tests/scripts/terminal.py", env!("CARGO_MANIFEST_DIR"));
        let mut python = Command::new("python3");
        python.args([&script, output, env!("CARGO_BIN_EXE_client")]);
        python.args(arguments).args(["--endpoint", endpoints]);
        python.env("TERM", "xterm").env("COLUMNS", "200");
        Self::start(python)
    }

    fn printed(&self) -> String {
        String::from_utf8_lossy(&self.printed.lock().unwrap()).into_owned()
    }

    /// Types Ctrl-C on its terminal.
    fn interrupt(&mut self) {
        support::send_signal(self.child.id(), "INT");
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    fn status(&mut self) -> Option<i32> {
        eventually("the program ends", || self.has_ended());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What stands on a terminal after all this.
fn screen(shown: &str) -> String {
    let mut rows: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut characters = shown.chars();
    while let Some(character) = characters.next() {
        match character {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                let mut number = String::new();
                let letter = loop {
                    match characters.next().unwrap() {
                        letter @ ('A'..='Z' | 'a'..='z') => break letter,
                        one => number.push(one),
                    }
                };
                let number: usize = number.trim_start_matches('[').parse().unwrap_or(0);
                match letter {
                    'A' => row = row.saturating_sub(number.max(1)),
                    'B' => row += number.max(1),
                    'C' => column += number.max(1),
                    'K' if number == 2 => rows[row].clear(),
                    'K' => rows[row].truncate(column),
                    'J' => {
                        rows[row].truncate(column);
                        rows.truncate(row + 1);
                    }
                    // Colours, and whether the cursor is shown.
                    'm' | 'h' | 'l' => {}
                    other => panic!("this terminal does not know {other:?}"),
                }
            }
            character => {
                let row = &mut rows[row];
                row.resize(row.len().max(column + 1), ' ');
                row[column] = character;
                column += 1;
            }
        }
        rows.resize(rows.len().max(row + 1), Vec::new());
    }
    let rows = rows.into_iter().map(String::from_iter);
    let rows: Vec<String> = rows.map(|row: String| row.trim_end().to_owned()).collect();
    rows.join("\n").trim_end().to_owned()
}

#[test]
fn a_line_arrives_before_the_exchange_ends() {
    let minute = Duration::from_secs(60);
    let processes = Processes::start_with_decision_timeout(4, "none", minute);
    processes.signal("S", "STOP");
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
    client.args(["--format", "lines", "--endpoint", &processes.endpoints()]);
    let mut client = Running::start(client);
    // The next line needs S.
    let lines = "Process P sent decision 'attack' to Q\nProcess P sent decision 'attack' to R\n";
    eventually("what P has sent to Q and R is told", || {
        client.printed() == lines
    });
    assert!(!client.has_ended(), "{}", client.printed());
    processes.signal("S", "CONT");
    client.status();
    let line = "\nProcess Q finalized decision: attack\n";
    assert!(client.printed().contains(line), "{}", client.printed());
}

#[test]
fn a_terminal_shows_what_the_client_waits_for_and_nothing_of_it_afterwards() {
    // Q, R and S want another primary, and nobody hears enough of them to start a view.
    let rules = ["R->* view-change: cut", "S->* view-change: cut"];
    let links = LinkRules::parse(&rules, 4).unwrap();
    let processes = Processes::start_with_links(links, Duration::from_secs(60));
    processes.kill("P");
    let endpoints = processes.endpoints();
    let mut client = Running::on_terminal(&["--format", "lines"], &endpoints, "/dev/null");
    eventually("the client says what it waits for", || {
        let shown = client.printed();
        shown.contains("waiting for Q, R and S to decide; P does not answer; ")
            && shown.contains("Q, R and S change to view ")
    });
    let views = processes.client(&["status"]);
    let table = support::printed(&views);
    assert!(
        table.contains("to 1") || table.contains("to 2") || table.contains("to 3"),
        "{table}"
    );
    let healed = processes.client(&["heal"]);
    assert!(healed.status.success() || complained(&healed).contains("P"));
    assert_eq!(client.status(), Some(0), "{}", client.printed());
    assert_eq!(screen(&client.printed()), "", "{:?}", client.printed());
}

#[test]
fn a_terminal_shows_the_verdict_in_a_colour_and_a_pipe_gets_words_alone() {
    let processes = Processes::start(4, "P=deny");
    let endpoints = processes.endpoints();
    let green = "\u{1b}[32mAgreement: Q, R and S agree on 'attack'";
    let mut client = Running::on_terminal(&["--format", "table"], &endpoints, "-");
    assert_eq!(client.status(), Some(0), "{}", client.printed());
    let shown = client.printed();
    assert!(shown.contains(green), "{shown:?}");
    let plain = printed(&processes.client(&["--format", "table"]));
    assert!(
        plain.contains("Agreement: Q") && !plain.contains('\u{1b}'),
        "{plain:?}"
    );
}

#[test]
fn a_bench_shows_on_a_terminal_how_far_it_is() {
    let processes = Processes::start(4, "none");
    let bench = ["bench", "--rounds", "3", "--runs", "1"];
    let mut client = Running::on_terminal(&bench, &processes.endpoints(), "/dev/null");
    assert_eq!(client.status(), Some(0), "{}", client.printed());
    let shown = client.printed();
    assert!(shown.contains("/3 rounds"), "{shown:?}");
    assert_eq!(screen(&shown), "", "{shown:?}");
}

#[test]
fn a_watched_status_is_drawn_in_its_place_and_shows_who_is_gone_and_who_is_back() {
    let folder = Folder::new("speaks");
    let processes = Processes::start_in(folder.path());
    let watch = ["status", "--watch", "20ms"];
    let endpoints = processes.endpoints();
    let mut client = Running::on_terminal(&watch, &endpoints, "-");
    let row_of = |process: &str| {
        let screen = screen(&client.printed());
        let start = format!("│ {process} ");
        let rows: Vec<_> = screen
            .lines()
            .filter(|line| line.starts_with(&start))
            .collect();
        rows.first()
            .map_or_else(String::new, |row| (*row).to_owned())
    };
    eventually("all are there", || {
        ["P", "S"].iter().all(|name| row_of(name).contains("none"))
    });
    for number in 0..3 {
        let set = format!("set x={number}");
        assert!(processes.client(&["submit", &set]).status.success());
    }
    processes.signal("S", "STOP");
    eventually("S does not answer", || row_of("S").contains("no answer"));
    processes.signal("S", "CONT");
    eventually("S answers again", || row_of("S").contains("none"));
    processes.kill("R");
    // Its server says why it is away, once it knows.
    eventually("R is gone", || {
        ["unreachable", "killed by signal 9"]
            .iter()
            .any(|why| row_of("R").contains(why))
    });
    assert!(processes.client(&["restart", "R"]).status.success());
    eventually("R is back, and says so", || {
        row_of("R").contains("none, started again")
    });
    let tables = screen(&client.printed()).matches("│ process │").count();
    assert_eq!(tables, 2, "one table of the processes and one of the round");
    client.interrupt();
    assert_eq!(client.status(), Some(130));
}

#[test]
fn a_watched_status_that_goes_elsewhere_is_appended() {
    let processes = Processes::start(4, "none");
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"));
    client.args(["status", "--watch", "20ms", "--format", "json"]);
    client.args(["--endpoint", &processes.endpoints()]);
    let mut client = Running::start(client);
    eventually("three answers", || {
        client.printed().matches("\"v\": 1").count() >= 3
    });
    assert!(!client.printed().contains('\u{1b}'));
    support::send_signal(client.child.id(), "INT");
    assert_eq!(client.status(), Some(130));
}
