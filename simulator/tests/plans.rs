//! Plans that once broke a rule, each a file in `plans/` that says which: none does so any more. Those in `open/` still do.

use std::fs;
use std::path::Path;

use quorate_simulator::plan::{Kind, Withheld};
use quorate_simulator::shrink::shrink_while;
use quorate_simulator::{Plan, Trace, Violation, run};

#[test]
fn what_once_broke_a_rule_breaks_none_now() {
    let played = play_folder("plans");
    assert!(!played.is_empty());
    for (name, violation) in played {
        assert_eq!(violation, None, "{name}");
    }
}

#[test]
fn what_still_breaks_a_rule_is_known() {
    for (name, violation) in play_folder("open") {
        assert!(
            violation.is_some(),
            "{name} breaks no rule any more: its place is in plans/ now"
        );
    }
}

/// What the plans of a folder break, by file name.
fn play_folder(folder: &str) -> Vec<(String, Option<Violation>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    if !folder.exists() {
        // Nothing is open.
        return Vec::new();
    }
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("there is a folder of plans")
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let name = file.display().to_string();
            let text = fs::read_to_string(&file).expect("it can be read");
            let plan = Plan::from_text(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let outcome = run(&plan, Trace::Off).expect("the plan can be played");
            (name, outcome.violation)
        })
        .collect()
}

#[test]
fn what_is_no_plan_is_refused_with_what_to_write() {
    let plan = Plan::generate(4, &Default::default());
    type Spoil = fn(&mut Plan);
    let spoils: [(Spoil, &str); 6] = [
        (|plan| plan.processes = 0, "processes must be from 1 to 100"),
        (
            |plan| plan.faulty = vec!["P=sing".to_owned()],
            "unknown behaviour 'sing'",
        ),
        (
            |plan| plan.engine.batch_limit = 0,
            "batch_limit must be from 1",
        ),
        (
            |plan| plan.apart = vec!["Z".to_owned().try_into().unwrap()],
            "there is no process Z",
        ),
        (
            |plan| {
                plan.withheld = vec![Withheld {
                    from_ms: 0,
                    to_ms: 1,
                    kinds: Vec::new(),
                    from: Vec::new(),
                    to: vec!["Z".to_owned().try_into().unwrap()],
                    late: false,
                }];
            },
            "there is no process Z",
        ),
        (|plan| plan.heal_ms = u64::MAX, "heal_ms must be from 0"),
    ];
    for (spoil, words) in spoils {
        let mut spoilt = plan.clone();
        (spoilt.faulty, spoilt.twins) = (Vec::new(), Vec::new());
        spoil(&mut spoilt);
        let error = spoilt.check().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(Plan::from_text("seeds = 1").is_err());
}

#[test]
fn what_is_withheld_is_read_and_written_and_made_smaller() {
    let mut plan = Plan::generate(4, &Default::default());
    let text = "from_ms = 1\nto_ms = 2\nkinds = [\"prepare\", \"new-view\"]\nto = [\"P\"]\n";
    let withheld: Withheld = toml::from_str(text).expect("it is withheld");
    plan.withheld = vec![withheld];
    let written = plan.to_text();
    assert_eq!(Plan::from_text(&written).expect("it is a plan"), plan);
    let spoilt = Plan::from_text(&written.replace("new-view", "gossip"));
    let error = spoilt.unwrap_err().to_string();
    assert!(error.contains("'gossip' is no kind of message: there are request, pre-prepare"));

    let fails = |plan: &Plan| {
        plan.withheld
            .iter()
            .any(|one| one.kinds.contains(&Kind::NEW_VIEW))
    };
    let small = shrink_while(&plan, 1000, fails);
    assert_eq!(small.withheld[0].kinds, [Kind::NEW_VIEW]);
    assert!(shrink_while(&plan, 1000, |_| true).withheld.is_empty());
}
