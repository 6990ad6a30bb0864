//! What a faulty live process does is seen from outside: in the traces of the other processes.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "../../simulator/tests/seen/shows.rs"]
mod shows;

use quorate_server::LinkRules;
use quorate_trace::Trace;

use shows::{CASES, Case, Seen};
use support::{Processes, eventually, printed};

/// These need more than a few operations, or more than a live process can bear beside other tests. The simulator plays them.
const ELSEWHERE: [&str; 6] = ["amnesia", "flood", "forge", "slow", "spam", "tamper"];

fn seen(processes: &Processes, liar: &str) -> Seen {
    let trace = Trace::read(printed(&processes.client(&["trace"])).as_bytes());
    Seen::of(&trace.unwrap().events, liar)
}

#[test]
fn each_behaviour_of_a_live_process_is_seen_in_the_traces_of_the_others() {
    let is_elsewhere = |case: &Case| ELSEWHERE.iter().any(|name| case.faulty.contains(name));
    for Case { faulty, shows } in CASES.into_iter().filter(|case| !is_elsewhere(case)) {
        let (liar, _) = faulty.split_once('=').unwrap();
        let processes = Processes::start_traced(faulty, LinkRules::default());
        eventually(faulty, || {
            processes.client(&["--format", "lines"]);
            for number in 0..5 {
                processes.client(&["submit", &format!("set k{number}=1")]);
            }
            shows(&seen(&processes, liar))
        });
    }
}
