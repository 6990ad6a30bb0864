//! Nodes that are killed, stopped and started again, with a data directory and without.

use crate::support::nodes::{Nodes, Settings};
use crate::support::{eventually, run, signal};
use crate::{assert_all_have_the_same, decide, post, proposal};

#[test]
fn a_node_that_was_killed_and_started_again_catches_up_with_no_new_request() {
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 5,
        ..Settings::default()
    });
    decide(&nodes, 0..3);
    nodes.kill(3);
    decide(&nodes, 3..8);
    nodes.start_again(3);
    eventually("it catches up", || nodes.executed(3) >= 8);
    assert_all_have_the_same(&nodes, 8);
    decide(&nodes, 8..10);
    eventually("it goes on", || nodes.executed(3) >= 10);
}

#[test]
fn a_node_that_stood_still_for_more_than_two_checkpoint_periods_catches_up() {
    let nodes = Nodes::start(Settings {
        checkpoint_interval: 5,
        ..Settings::default()
    });
    decide(&nodes, 0..3);
    signal(nodes.pid(2), "STOP");
    decide(&nodes, 3..20);
    signal(nodes.pid(2), "CONT");
    eventually("it catches up", || nodes.executed(2) >= 20);
    assert_all_have_the_same(&nodes, 20);
    let status = nodes.status(2).unwrap();
    assert!(status["low_watermark"].as_u64().unwrap() >= 15, "{status}");
    assert!(status["slots_in_log"].as_u64().unwrap() <= 10, "{status}");
}

#[test]
fn with_a_data_directory_nodes_come_back_one_after_the_other_and_all_at_once() {
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 5,
        lasts: true,
        ..Settings::default()
    });
    // Before anything was said there is nothing to forget.
    for index in 0..4 {
        nodes.kill(index);
        nodes.start_again(index);
    }
    decide(&nodes, 0..7);
    // Whoever remembers may vote at once, so another one can fail.
    nodes.kill(3);
    nodes.start_again(3);
    nodes.kill(2);
    decide(&nodes, 7..9);
    nodes.start_again(2);
    assert_all_have_the_same(&nodes, 9);
    for index in 0..4 {
        nodes.kill(index);
    }
    for index in 0..4 {
        nodes.start_again(index);
    }
    assert_all_have_the_same(&nodes, 9);
    let url = format!("http://localhost:{}/request", nodes.ports[0]);
    let old = proposal(&nodes, [0, 3], 3.0, "set x=3");
    assert_eq!(post(&url, &["-L"], &old).0, "200", "it is known");
    let other = proposal(&nodes, [0, 3], 20.0, "set x=4");
    assert_eq!(post(&url, &["-L"], &other).0, "409");
    assert_all_have_the_same(&nodes, 9);
    decide(&nodes, 9..11);
    assert_all_have_the_same(&nodes, 11);
}

/// What node `index` says when it refuses to start.
fn refusal(nodes: &Nodes, index: usize) -> String {
    let config = nodes.config().display().to_string();
    let data = nodes.folder.join("data").display().to_string();
    let index = index.to_string();
    let output = run(&["--config", &config, "--index", &index, "--data-dir", &data]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty(), "it does not run");
    said
}

#[test]
fn nodes_with_another_checkpoint_interval_or_the_state_of_another_are_refused_and_nothing_is_lost()
{
    let mut nodes = Nodes::start(Settings {
        checkpoint_interval: 128,
        lasts: true,
        ..Settings::default()
    });
    decide(&nodes, 0..100);
    assert_all_have_the_same(&nodes, 100);
    (0..4).for_each(|index| nodes.kill(index));

    let yaml = std::fs::read_to_string(nodes.config()).unwrap();
    let other = yaml.replace("ckpt_interval: 128", "ckpt_interval: 10");
    std::fs::write(nodes.config(), other).unwrap();
    for index in 0..4 {
        let said = refusal(&nodes, index);
        assert!(
            said.contains(
                "made with a checkpoint every 128 slots, and this start asks for one every 10"
            ),
            "{said}"
        );
    }
    std::fs::write(nodes.config(), yaml).unwrap();

    let data = |file: &str| nodes.folder.join("data").join(file);
    let swap = || {
        std::fs::rename(data("P.redb"), data("kept")).unwrap();
        std::fs::rename(data("Q.redb"), data("P.redb")).unwrap();
        std::fs::rename(data("kept"), data("Q.redb")).unwrap();
    };
    swap();
    for (index, words) in [
        (0, "the records of process Q"),
        (1, "the records of process P"),
    ] {
        let said = refusal(&nodes, index);
        assert!(
            said.contains(words) && said.contains("put each file back"),
            "{said}"
        );
    }
    swap();
    (0..4).for_each(|index| nodes.start_again(index));
    assert_all_have_the_same(&nodes, 100);
    decide(&nodes, 100..103);
    assert_all_have_the_same(&nodes, 103);
}

#[test]
fn a_node_whose_state_is_removed_counts_as_one_that_lost_its_memory() {
    let mut nodes = Nodes::start(Settings {
        lasts: true,
        ..Settings::default()
    });
    decide(&nodes, 0..3);
    assert_eq!(nodes.status(2).unwrap()["votes"], true);
    nodes.kill(2);
    let data = nodes.folder.join("data");
    std::fs::remove_file(data.join("R.redb")).unwrap();
    nodes.start_again(2);
    assert_eq!(nodes.status(2).unwrap()["votes"], false);
    assert!(nodes.said(2).contains("what this process knew is lost"));
    assert_all_have_the_same(&nodes, 3);

    // The count alone is no loss: the state has it too.
    nodes.kill(0);
    std::fs::remove_file(data.join("0.starts")).unwrap();
    nodes.start_again(0);
    assert_eq!(nodes.status(0).unwrap()["votes"], true);
    let count = std::fs::read_to_string(data.join("0.starts")).unwrap();
    assert_eq!(count, "2\n");
}

#[test]
fn a_node_that_cannot_use_its_data_says_why_and_not_that_it_runs() {
    let mut nodes = Nodes::start(Settings {
        lasts: true,
        ..Settings::default()
    });
    nodes.kill(0);
    let data = nodes.folder.join("data");
    for (file, words) in [
        ("P.redb", "it is damaged; move it away"),
        (
            "0.starts",
            "greater than the number of starts, such as 1000000",
        ),
    ] {
        let path = data.join(file);
        std::fs::write(&path, "nonsense").unwrap();
        let said = refusal(&nodes, 0);
        assert!(said.contains(&path.display().to_string()), "{said}");
        assert!(said.contains(words), "{said}");
    }
}
