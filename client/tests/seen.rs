//! What a faulty live process does, and what a rule of a link does, is seen from outside: in the traces of the processes.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "../../simulator/tests/seen/effects.rs"]
mod effects;
#[path = "../../simulator/tests/seen/shows.rs"]
mod shows;

use std::time::{Duration, Instant};

use quorate_server::{ClusterConfig, LinkRules};
use quorate_trace::{Event, Trace};

use effects::{EFFECTS, Effect};
use shows::{CASES, Case, Seen};
use support::{Folder, Processes, complained, eventually, printed};

/// Longer than any case takes: no correct process asks for another view because of the time.
const NO_VIEW_TIMEOUT: Duration = Duration::from_secs(600);

/// What lets a behaviour show within seconds.
fn set(behaviour: &str, folder: &Folder, config: &mut ClusterConfig) {
    match behaviour {
        // It loses its disk, so it needs one. The others must keep it as their primary while it is away.
        "amnesia" => {
            config.data_dir = Some(folder.path().to_owned());
            config.view_timeout = NO_VIEW_TIMEOUT;
        }
        // A forger acts in view changes: Q, as the primary of view 1.
        "forge" => config.links = LinkRules::parse(&["P->* pre-prepare: cut"], 4).unwrap(),
        // The last tenth of the view timeout must be enough for an agreement, also on a busy machine.
        "slow" => {
            config.view_timeout = Duration::from_secs(3);
            config.decision_timeout = Duration::from_secs(60);
        }
        "spam" => config.view_timeout = NO_VIEW_TIMEOUT,
        "tamper" => config.checkpoint_interval = Some(8),
        _ => {}
    }
}

/// Something for the processes to do, in which the behaviour may show.
fn act(behaviour: &str, processes: &Processes) {
    match behaviour {
        "amnesia" => {
            processes.client(&["submit", "set before=1"]);
            let output = processes.client(&["restart", "P"]);
            assert!(output.status.success(), "{}", complained(&output));
            processes.client(&["submit", "set after=1"]);
        }
        // Each operation takes seconds.
        "slow" => {
            processes.client(&["--format", "lines"]);
        }
        _ => {
            processes.client(&["--format", "lines"]);
            for number in 0..5 {
                processes.client(&["submit", &format!("set k{number}=1")]);
            }
        }
    }
}

fn events(processes: &Processes) -> Vec<Event> {
    let trace = Trace::read(printed(&processes.client(&["trace"])).as_bytes());
    trace.unwrap().events
}

/// One that sends without a pause stops early. On a busy machine there would be more to read each time than can be read in time.
fn limited(faulty: &str) -> String {
    match faulty {
        "S=spam" | "S=flood" => format!("{faulty}@until=2s"),
        _ => faulty.to_owned(),
    }
}

#[test]
fn each_behaviour_of_a_live_process_is_seen_in_the_traces_of_the_others() {
    for Case { faulty, shows } in CASES {
        let (liar, behaviour) = faulty.split_once('=').unwrap();
        let folder = Folder::new("seen");
        let words = limited(faulty);
        let processes =
            Processes::start_traced_with(&words, |config| set(behaviour, &folder, config));
        eventually(faulty, || {
            act(behaviour, &processes);
            shows(&Seen::of(&events(&processes), liar))
        });
    }
}

/// Processes that do something all the time until a window that ends after this time is over.
fn act_through_a_window(rules: &[&str], end: Duration) -> Vec<Event> {
    let processes = Processes::start_traced("none", LinkRules::default());
    act("", &processes);
    let told = processes.client(&[&["link"], rules].concat());
    assert!(told.status.success(), "{}", complained(&told));
    let begun = Instant::now();
    while begun.elapsed() < end {
        act("", &processes);
    }
    act("", &processes);
    events(&processes)
}

#[test]
fn each_effect_of_a_link_between_live_processes_is_seen_in_their_traces() {
    for Effect { rules, shows } in EFFECTS {
        let what = rules.join(", ");
        if what.contains('@') {
            // A machine that stands still for the whole window sees nothing of it.
            eventually(&what, || {
                shows(&act_through_a_window(rules, Duration::from_millis(1300)))
            });
            continue;
        }
        let links = LinkRules::parse(rules, 4).unwrap();
        let processes = Processes::start_traced("none", links);
        eventually(&what, || {
            act("", &processes);
            shows(&events(&processes))
        });
    }
}
