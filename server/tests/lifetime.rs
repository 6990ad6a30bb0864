//! Whatever ends the server, nothing of it is left.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Server, answers, catches, eventually, get, is_alive, is_pending, signal};

#[test]
fn each_process_has_its_line_in_order_and_nothing_else_is_printed() {
    let mut server = Server::start(&["--processes", "7", "--faulty", "none"]);
    let lines: Vec<_> = server
        .processes
        .iter()
        .map(|process| {
            format!(
                "Process {} running on port {}...\n",
                process.name, process.port
            )
        })
        .collect();
    let names: Vec<_> = server
        .processes
        .iter()
        .map(|process| process.name.as_str())
        .collect();
    assert_eq!(names, ["P", "Q", "R", "S", "T", "U", "V"]);
    server.signal("TERM");
    server.wait();
    assert_eq!(server.output(), lines.concat());
}

#[test]
fn sigterm_stops_everything_and_is_a_success() {
    let mut server = Server::start(&[]);
    assert!(server.processes.iter().all(|process| answers(process.port)));
    assert!(server.ready_file().exists());
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    server.assert_nothing_is_left();
    assert!(!server.ready_file().exists(), "the ready file outlives it");
}

#[test]
fn a_hangup_stops_everything_and_the_ready_file_is_gone() {
    let mut server = Server::start(&[]);
    if !catches(server.pid(), 1) {
        eprintln!("skipped: these tests run under `nohup`, and so does the server");
        return;
    }
    server.signal("HUP");
    assert_eq!(server.wait().code(), Some(0));
    server.assert_nothing_is_left();
    assert!(!server.ready_file().exists(), "the ready file outlives it");
}

#[test]
fn the_ready_file_of_a_killed_server_is_gone_once_the_next_one_starts() {
    let mut killed = Server::start(&[]);
    killed.signal("KILL");
    killed.wait();
    assert!(killed.ready_file().exists(), "nobody can remove it");
    let path = killed.ready_file();
    for refused in [&["--faulty", "P=dance"][..], &["--config", "/nowhere"]] {
        std::fs::write(&path, "{}").unwrap();
        let arguments = [refused, &["--ready-file", path.to_str().unwrap()]].concat();
        assert_eq!(support::run(&arguments).status.code(), Some(2));
        assert!(!path.exists(), "{refused:?}");
    }
}

#[test]
fn a_second_server_is_refused_the_ready_file_of_one_that_runs_and_leaves_it_alone() {
    let running = Server::start(&[]);
    let path = running.ready_file();
    let before = std::fs::read(&path).unwrap();
    let second = ["--base-port", "0", "--ready-file", path.to_str().unwrap()];
    let output = support::run(&second);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("a server that runs has it"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn processes_on_every_address_are_known_by_any_address_and_by_allowed_names() {
    let server = Server::start(&["--host", "0.0.0.0", "--allowed-host", "quorate.example"]);
    let status = |host| get(server.processes[1].port, host).unwrap()[9..12].to_owned();
    assert_eq!(status("10.1.2.3:8000"), "200");
    assert_eq!(status("quorate.example"), "200");
    assert_eq!(status("evil.example"), "403");
}

#[test]
fn ctrl_c_stops_everything_and_is_a_success() {
    let mut server = Server::start(&[]);
    server.signal("INT");
    assert_eq!(server.wait().code(), Some(0));
    server.assert_nothing_is_left();
}

#[test]
fn a_killed_server_leaves_no_process_behind() {
    let mut server = Server::start(&[]);
    server.signal("KILL");
    server.wait();
    server.assert_nothing_is_left();
}

#[test]
fn a_server_that_is_to_end_with_its_standard_input_does_and_ignores_what_comes_from_there() {
    let mut server = Server::start_with_input(&["--end-with-stdin"]);
    server.write_input("quit\n");
    assert!(answers(server.processes[0].port));
    server.end_input();
    assert_eq!(server.wait().code(), Some(0));
    server.assert_nothing_is_left();
    assert!(!server.ready_file().exists(), "the ready file outlives it");
}

#[test]
fn a_child_ignores_stop_signals_because_its_parent_decides() {
    let server = Server::start(&[]);
    let child = server.processes[1].clone();
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        signal(child.pid, name);
        eventually("the signal has reached it", || {
            !is_pending(child.pid, number)
        });
        assert!(is_alive(child.pid) && answers(child.port), "SIG{name}");
    }
}

#[test]
fn sigterm_to_the_whole_group_ends_everything_in_order() {
    let mut server = Server::start(&[]);
    for process in &server.processes {
        signal(process.pid, "TERM");
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    server.assert_nothing_is_left();
    let said = server.complaints();
    assert!(!said.contains("ended on its own"), "{said}");
}

#[test]
fn when_one_child_is_killed_the_others_continue() {
    let mut server = Server::start(&[]);
    let killed = server.processes[2].clone();
    signal(killed.pid, "KILL");
    eventually("its port is free", || !answers(killed.port));
    for process in server
        .processes
        .iter()
        .filter(|process| process.name != killed.name)
    {
        assert!(
            is_alive(process.pid) && answers(process.port),
            "{} is gone too",
            process.name
        );
    }
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    server.assert_nothing_is_left();
}

#[test]
fn when_all_children_have_ended_the_server_fails() {
    let mut server = Server::start(&[]);
    for process in &server.processes {
        signal(process.pid, "KILL");
    }
    assert_eq!(server.wait().code(), Some(1));
    assert!(!server.ready_file().exists(), "the ready file outlives it");
}

#[test]
fn a_process_that_crashes_at_once_is_left_out_and_the_others_run() {
    let mut server = Server::start(&["--faulty", "P=crash"]);
    let others: Vec<_> = server
        .processes
        .iter()
        .filter(|process| process.name != "P")
        .cloned()
        .collect();
    assert_eq!(others.len(), 3);
    assert!(others.iter().all(|process| answers(process.port)));
    assert!(is_alive(u64::from(server.pid())));
    server.signal("TERM");
    server.wait();
    assert!(server.output().ends_with(&format!(
        "Process S running on port {}...\n",
        others[2].port
    )));
}
