//! Lies that are written down, or decided on as the run goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use quorate_protocol::message::Batch;
use quorate_simulator::plan::{Choice, Claim, Name, Script, Sending};
use quorate_simulator::script::{Author, Sent, SharedAuthor};
use quorate_simulator::{Plan, Simulation, Trace, Verdict, Watch, run, shrink};

/// The seed whose run the two liars split.
const SEED: u64 = 1;

/// Tells S that every batch is the null batch, and all others the truth.
#[derive(Debug)]
struct Split;

impl Author for Split {
    fn on_send(&mut self, sent: &Sent<'_>) -> Option<Vec<Sending>> {
        let to = |names: &[u32]| names.iter().copied().map(Name::of).collect();
        let truth = Sending {
            to: to(&[0, 1, 2]),
            ..Sending::default()
        };
        let mut lie = Sending {
            to: to(&[3]),
            ..Sending::default()
        };
        match sent.kind.name() {
            "pre-prepare" => lie.requests = Some(Vec::new()),
            "prepare" | "commit" => lie.digest = Some(Claim(Batch::null().digest())),
            _ => return None,
        }
        Some(vec![truth, lie])
    }
}

/// A run in which P and Q have a script that is still empty.
fn plan() -> Plan {
    let choice = Choice {
        processes: Some(4),
        faulty: Some(Vec::new()),
        ..Choice::default()
    };
    let empty = |index| Script {
        process: Name::of(index),
        lies: Vec::new(),
    };
    Plan {
        scripts: vec![empty(0), empty(1)],
        ..Plan::generate(SEED, &choice)
    }
}

fn split() -> Simulation {
    let mut simulation =
        Simulation::new(&plan(), Watch::default()).expect("the plan can be played");
    let author: SharedAuthor = Arc::new(Mutex::new(Split));
    let both = [0, 1].map(|index| (Name::of(index), Arc::clone(&author)));
    simulation.ask(&BTreeMap::from(both));
    simulation
}

#[test]
fn two_authors_of_four_split_the_others_and_the_run_replays_and_shrinks_without_them() {
    let mut simulation = split();
    simulation.play(&|| false);
    let outcome = simulation.outcome();
    let violation = outcome.violation.clone().expect("R and S disagree");
    assert_eq!(violation.rule().0, "agreement");
    assert_eq!(outcome.verdict(), Verdict::Expected);
    let culprits: Vec<_> = violation
        .culprits()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(culprits, ["P", "Q"]);

    let written = simulation.plan();
    assert_eq!(Plan::from_text(&written.to_text()).unwrap(), written);
    let replayed = run(&written, Trace::Off).unwrap();
    assert_eq!(replayed.violation.as_ref(), Some(&violation));
    assert_eq!(
        (replayed.counts, replayed.simulated),
        (outcome.counts, outcome.simulated)
    );

    let smallest = shrink(&written);
    let lies = |plan: &Plan| plan.scripts.iter().map(|one| one.lies.len()).sum::<usize>();
    assert!(lies(&smallest) < lies(&written), "{}", smallest.to_text());
    let broken = run(&smallest, Trace::Off).unwrap().violation.unwrap();
    assert_eq!(broken.rule(), violation.rule());
}

#[test]
fn a_branch_has_the_same_steps_and_goes_on_without_the_author() {
    let mut simulation = split();
    for _ in 0..60 {
        assert!(simulation.step());
    }
    let mut branch = simulation.branch(Watch::default()).unwrap();
    let state = |one: &Simulation| (one.steps(), one.now(), one.standings(), one.plan());
    assert_eq!(state(&branch), state(&simulation));
    branch.play(&|| false);
    assert_eq!(branch.plan(), simulation.plan(), "nobody lies any more");
    assert_eq!(simulation.steps(), 60);
}

#[test]
fn a_script_that_cannot_be_played_is_refused_with_what_to_write() {
    let of = |scripts: &str| Plan::from_text(scripts).unwrap_err().to_string();
    let lie = "[[scripts]]\nprocess = \"P\"\n[[scripts.lies]]\n";
    for (text, reason) in [
        (
            format!("{lie}message = \"prepare\"\nsends = [{{ to = [\"S\"], requests = [] }}]"),
            "a prepare cannot have another requests; it can have another view or slot or digest",
        ),
        (
            format!("{lie}message = \"prepare\"\nsends = [{{ to = [\"S\"], digest = \"x\" }}]"),
            "'x' is no digest: write 64 hexadecimal digits, or 'null'",
        ),
        (
            format!("{lie}message = \"prepare\"\nsends = [{{ to = [\"T\"] }}]"),
            "there is no process T",
        ),
        (
            format!("faulty = [\"P=lie\"]\n{lie}message = \"prepare\""),
            "process P has a script: it can have no behaviour",
        ),
    ] {
        let error = of(&text);
        assert!(error.contains(reason), "{error}");
    }
}
