//! Whatever `server` refuses ends with exit status 2, a message that says what to do instead, and no output.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::TcpListener;

fn assert_refused(arguments: &[&str], advice: &[&str]) {
    let output = support::run(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed something");
    for advice in advice {
        assert!(
            message.contains(advice),
            "{arguments:?}: '{advice}' is missing in: {message}"
        );
    }
}

#[test]
fn a_busy_port_is_named_with_its_process() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_refused(
        &["--base-port", &port],
        &[&format!("port {port} for process P"), "--base-port"],
    );
}

#[test]
fn ports_beyond_the_last_are_refused() {
    assert_refused(&["--base-port", "65535"], &["lower --base-port"]);
}

#[test]
fn no_process_at_all_is_refused() {
    assert_refused(&["--processes", "0"], &["at least one process"]);
}

#[test]
fn too_many_processes_are_refused() {
    assert_refused(
        &["--processes", "32"],
        &["from 1 to 31", "each slot takes n*n votes"],
    );
}

#[test]
fn what_is_no_rule_of_a_link_and_no_partition_is_refused() {
    assert_refused(
        &["--link", "P->Q: lose 5%"],
        &["the link rule 'P->Q: lose 5%': unknown effect 'lose': did you mean 'loss'?"],
    );
    assert_refused(
        &["--partition", "P+Q/R+Q"],
        &["the partition 'P+Q/R+Q': process Q is named twice"],
    );
    assert_refused(
        &["--processes", "7", "--link", "P->W: cut"],
        &["there is no process W: with 7 processes"],
    );
    for known in [["--link", "P->Q: cut"], ["--partition", "P+Q/R+S"]] {
        assert_refused(
            &[&["127.0.0.1", "9000"], &known[..]].concat(),
            &[known[0], "once their cluster is founded", "`client link`"],
        );
    }
    assert_refused(
        &["--restart", "always", "127.0.0.1", "9000", "3"],
        &[
            "--restart",
            "are not started again by the server",
            "--data-dir",
        ],
    );
}

#[test]
fn an_unknown_process_name_is_refused() {
    assert_refused(
        &["--faulty", "A"],
        &["'A' is not a process name: the names are P to Z"],
    );
    assert_refused(
        &["--faulty", "T"],
        &["there is no process T: with 4 processes the names go from P to S"],
    );
}

#[test]
fn an_unknown_behaviour_is_refused() {
    assert_refused(
        &["--faulty", "P=dance"],
        &["unknown behaviour 'dance': use one of amnesia, corrupt"],
    );
}

#[test]
fn an_unknown_trigger_is_refused() {
    assert_refused(
        &["--faulty", "P=lie@when=2s"],
        &["unknown trigger '@when=2s': use one of after=TIME"],
    );
    assert_refused(
        &["--faulty", "P=lie@slots=9-3"],
        &["'@slots=9-3' is no trigger", "slots=3-9"],
    );
}

#[test]
fn a_time_without_a_unit_is_refused() {
    assert_refused(&["--view-timeout", "500"], &["500ms"]);
}

#[test]
fn a_time_too_short_to_count_is_refused() {
    assert_refused(&["--view-timeout", "1us"], &["at least 1ms"]);
    assert_refused(&["--decision-timeout", "999us"], &["at least 1ms"]);
}

#[test]
fn a_default_that_is_not_a_decision_is_refused() {
    assert_refused(
        &["--default-decision", ""],
        &["a decision is 1 to 200 bytes"],
    );
}

#[test]
fn a_ready_file_of_an_earlier_start_does_not_survive_a_refusal() {
    let stale = std::env::temp_dir().join(format!("quorate-stale-{}.json", std::process::id()));
    std::fs::write(&stale, "{}").unwrap();
    let path = stale.to_str().unwrap();
    assert_refused(
        &["--base-port", "65535", "--ready-file", path],
        &["--base-port"],
    );
    assert!(!stale.exists());
}

#[test]
fn a_data_directory_in_use_is_refused_with_what_can_be_done() {
    let folder = std::env::temp_dir().join(format!("quorate-in-use-{}", std::process::id()));
    let path = folder.to_str().unwrap();
    let server = support::Server::start(&["--data-dir", path]);
    assert_refused(
        &["--data-dir", path, "--base-port", "0"],
        &[
            "node 0 (process P) runs already with",
            path,
            "stop it first, or choose another --data-dir",
        ],
    );
    drop(server);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_data_directory_that_lost_the_state_of_more_than_f_processes_is_refused() {
    let folder = std::env::temp_dir().join(format!("quorate-state-lost-{}", std::process::id()));
    let path = folder.to_str().unwrap();
    let start = ["--data-dir", path];
    support::Server::start(&start).stop();
    std::fs::remove_file(folder.join("Q.redb")).unwrap();
    support::Server::start(&start).stop();
    std::fs::rename(folder.join("P.redb"), folder.join("P.kept")).unwrap();
    std::fs::rename(folder.join("R.redb"), folder.join("R.kept")).unwrap();
    let again = ["--data-dir", path, "--base-port", "0"];
    for _ in 0..2 {
        assert_refused(
            &again,
            &[path, "has lost the state of P, R:", "Put the files back"],
        );
    }
    std::fs::rename(folder.join("P.kept"), folder.join("P.redb")).unwrap();
    std::fs::rename(folder.join("R.kept"), folder.join("R.redb")).unwrap();
    support::Server::start(&start).stop();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_host_elsewhere_is_refused() {
    assert_refused(&["--host", "192.0.2.1", "--base-port", "0"], &["--host"]);
}

#[test]
fn a_ready_file_that_cannot_be_written_is_refused() {
    let arguments = ["--base-port", "0", "--ready-file", "/nowhere/ready.json"];
    assert_refused(&arguments, &["/nowhere/ready.json"]);
}

#[test]
fn the_hidden_command_is_not_for_people() {
    assert_refused(&["replica"], &["run `server` instead"]);
}
