//! Plans that once broke a rule, each a file in `plans/` that says which: none does so any more. Those in `open/` still do.

use std::fs;
use std::path::Path;

use quorate_simulator::invariant::agreement::Disagreement;
use quorate_simulator::plan::{Choice, Kind, Lie, Script, Withheld};
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

#[test]
fn scenario_33_who_makes_a_correct_process_execute_otherwise_after_a_restart_is_named_and_it_is_not()
 {
    let plan = include_str!("../beyond/another-batch-after-a-restart.toml");
    let disagreement = disagreement_in(plan);
    assert_eq!(disagreement.first, disagreement.second);
    assert_eq!(culprits_of(&disagreement), ["P", "S"]);
}

fn disagreement_in(plan: &str) -> Disagreement {
    let plan = Plan::from_text(plan).expect("it is a plan");
    let outcome = run(&plan, Trace::Off).expect("the plan can be played");
    match outcome.violation {
        Some(Violation::Agreement(disagreement)) => disagreement,
        other => panic!("no disagreement: {other:?}"),
    }
}

fn culprits_of(disagreement: &Disagreement) -> Vec<String> {
    let culprits = disagreement.culprits.iter();
    culprits.map(ToString::to_string).collect()
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
fn a_call_whose_client_is_told_in_two_ways_or_in_none_is_refused() {
    let call = |more: &str| {
        format!("[[calls]]\nat_ms = 1\nprocess = \"P\"\noperation = \"set x=1\"\n{more}\n")
    };
    for (text, words) in [
        (
            call("name = \"anna\"\nalso = [\"Q\"]"),
            "call 1 has a name, which is known at one process only",
        ),
        (
            call("name = \"anna\"\nkey = \"clara\""),
            "call 1 has a name, which is known at one process only",
        ),
        (call("timestamp = 3"), "neither a name nor a key"),
        (
            call("key = \"clara\"\ntimestamp = 3").repeat(2),
            "calls 1 and 2 are one request",
        ),
    ] {
        let error = Plan::from_text(&text).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let other = call("name = \"anna\"\ntimestamp = 3").replace('P', "Q");
    let apart = call("name = \"anna\"\ntimestamp = 3") + &other;
    assert!(Plan::from_text(&apart).is_ok(), "two clients");
}

#[test]
fn what_is_wrong_in_a_text_is_told_with_its_line() {
    for (text, words) in [
        ("seed = 1\nseeds = 2", "line 2, column 1"),
        (
            "processes = 4\nheal_ms = 90000000",
            "line 2: heal_ms must be from 0 to 86400000, and is 90000000",
        ),
        (
            "[engine]\nbatch_limit = 0",
            "line 2: batch_limit must be from 1",
        ),
        ("faulty = [\"P=sing\"]", "line 1: unknown behaviour 'sing'"),
        (
            "seed = 1\nlinks = [\n  \"P->Q: cut\",\n  \"P->Q: lose 5%\"\n]",
            "line 4: the link rule 'P->Q: lose 5%': unknown effect 'lose': did you mean 'loss'?",
        ),
        (
            "links = [\"P->Z: cut\"]",
            "there is no process Z: with 4 processes",
        ),
        (
            "heal_ms = 9\ntwins = [\"P\"]\napart = [\"Z\"]",
            "line 3: there is no process Z",
        ),
        (
            "[requests]\nP = [1]\nQ = [86400001]",
            "line 3: each time in requests must be",
        ),
        (
            "[[rounds]]\nat_ms = 1\ndecisions = [\"a\"]",
            "line 3: the number of decisions must be 4, and is 1",
        ),
        (
            "[[calls]]\nat_ms = 86400001\nprocess = \"P\"\noperation = \"get x\"",
            "line 2: at_ms must be",
        ),
    ] {
        let error = Plan::from_text(text).expect_err(text).to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// The keys on the page of plans: each stands in the first column of a table.
fn keys_of(page: &str) -> Vec<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let keys = rows.filter_map(|row| row.split('`').next());
    keys.map(str::to_owned).collect()
}

/// All keys of a table and the tables in it, as `table.key`; a list has the keys of what stands in it.
fn keys_in(table: &toml::Table, before: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = format!("{before}{name}");
        match value {
            toml::Value::Table(inner) if name != "requests" => {
                keys_in(inner, &format!("{key}."), keys);
            }
            // What stands in it shows in other plans.
            toml::Value::Array(all) if all.is_empty() => {}
            toml::Value::Array(all) if all.iter().any(toml::Value::is_table) => {
                for inner in all.iter().filter_map(toml::Value::as_table) {
                    keys_in(inner, &format!("{key}."), keys);
                }
            }
            _ => keys.push(key),
        }
    }
}

#[test]
fn each_key_of_a_plan_stands_on_its_page_and_no_other() {
    let page = include_str!("../../docs/plans.md");
    let mut told = keys_of(page);
    let mut all = Vec::new();
    for seed in 0..200 {
        let mut plan = Plan::generate(seed, &Default::default());
        plan.links = vec!["P->*: cut".to_owned()];
        plan.withheld.push(Withheld {
            from_ms: 0,
            to_ms: 1,
            kinds: vec![Kind::BODY],
            from: vec![
                plan.stops
                    .first()
                    .map_or_else(some_name, |stop| stop.process),
            ],
            to: vec![some_name()],
            late: true,
        });
        plan.scripts = vec![Script {
            process: some_name(),
            lies: vec![a_lie_of_everything()],
        }];
        let gathers = Choice {
            gathers: true,
            ..Choice::default()
        };
        plan.gathering = Plan::generate(seed, &gathers).gathering;
        let table = plan.to_text().parse().expect("a plan's text is TOML");
        keys_in(&table, "", &mut all);
    }
    for kind in Kind::ALL {
        assert!(page.contains(&format!("`{}`", kind.name())), "{kind:?}");
    }
    all.sort();
    all.dedup();
    told.sort();
    assert_eq!(told, all);
}

fn a_lie_of_everything() -> Lie {
    let text = "message = \"pre-prepare\"\nview = 0\nslot = 1\nnumber = 2\n\
        sends = [{ to = [\"S\"], view = 1, slot = 2, digest = \"null\", requests = [0], late_us = 1 }]";
    toml::from_str(text).expect("it is a lie")
}

fn some_name() -> quorate_simulator::plan::Name {
    quorate_simulator::plan::Name::of(0)
}

#[test]
fn the_plan_on_the_page_is_played_and_its_defaults_are_those_of_the_page() {
    let page = include_str!("../../docs/plans.md");
    let blocks = page.split("```toml\n").skip(1);
    let blocks: Vec<_> = blocks
        .map(|block| block.split("```").next().unwrap_or_default())
        .collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let plan = Plan::from_text(block).unwrap_or_else(|error| panic!("{error}: {block}"));
        let outcome = run(&plan, Trace::Off).expect("it can be played");
        assert_eq!(outcome.violation, None, "{block}");
    }
    let table: toml::Table = Plan::from_text("")
        .expect("every key has a default")
        .to_text()
        .parse()
        .expect("it is TOML");
    for (key, value) in table
        .iter()
        .chain(table["engine"].as_table().into_iter().flatten())
    {
        if value.is_integer() {
            let row = page.lines().find(|line| {
                line.starts_with(&format!("| `{key}`"))
                    || line.starts_with(&format!("| `engine.{key}`"))
            });
            let row = row.unwrap_or_else(|| panic!("{key} is not on the page"));
            assert!(row.contains(&format!("| {value} |")), "{row}");
        }
    }
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
    assert!(
        error.contains("'gossip' is not a kind of message: the kinds are request, pre-prepare")
    );

    let fails = |plan: &Plan| {
        plan.withheld
            .iter()
            .any(|one| one.kinds.contains(&Kind::NEW_VIEW))
    };
    let small = shrink_while(&plan, 1000, fails);
    assert_eq!(small.withheld[0].kinds, [Kind::NEW_VIEW]);
    assert!(shrink_while(&plan, 1000, |_| true).withheld.is_empty());
}

#[test]
fn a_flood_meets_usual_batches_and_small_ones() {
    let plans = (0..3000).map(|seed| Plan::generate(seed, &Choice::default()));
    let floods = plans.filter(|plan| plan.faulty.iter().any(|words| words.ends_with("=flood")));
    let bytes: Vec<usize> = floods.map(|plan| plan.engine.batch_bytes).collect();
    let small = bytes.iter().filter(|bytes| **bytes == 2048).count();
    assert!(
        (1..bytes.len() / 4).contains(&small),
        "{small} of {}",
        bytes.len()
    );
}

#[test]
fn the_rules_of_links_are_read_and_written_and_made_smaller() {
    let mut plan = Plan::generate(4, &Default::default());
    plan.links = [
        "P->Q: pass",
        "P->*: delay 2ms±1ms, loss 5%, rate 1MB/s @1ms-2ms",
        "*->*: cut",
    ]
    .map(str::to_owned)
    .to_vec();
    assert_eq!(
        Plan::from_text(&plan.to_text()).expect("it is a plan"),
        plan
    );
    let loses = |plan: &Plan| plan.links.iter().any(|rule| rule.contains("loss"));
    let small = shrink_while(&plan, 1000, loses);
    assert_eq!(small.links, ["P->*: loss 5%"]);
    assert!(shrink_while(&plan, 1000, |_| true).links.is_empty());
}
