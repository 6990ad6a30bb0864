//! A node that waits says for what, and one that comes too late says so.

use std::io::Write as _;
use std::net::TcpStream;

use crate::support::eventually;
use crate::support::meeting::Meeting;
use crate::support::nodes::free_port;

#[test]
fn two_of_four_say_that_they_wait_for_two_more_and_found_nothing() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port, "--wait", "6s"]);
    first.says("waits for 3 more", 1);
    let second = meeting.start(&["127.0.0.1", &port, "1", "--wait", "6s"]);
    for mut party in [first, second] {
        party.says("2 of 4 here; waits for 2 more", 1);
        assert_eq!(party.wait().code(), Some(3));
        let said = party.said();
        for stage in ["found  ", "negotiate  ", "agree  "] {
            assert!(!said.contains(stage), "{said}");
        }
    }
}

#[test]
fn the_seventh_node_of_six_watches_and_says_so() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let six = ["--expect", "6"];
    let first = meeting.start(&[&["127.0.0.1", port.as_str()][..], &six].concat());
    first.says("waits for 5 more", 1);
    let others = meeting.start(&[&["127.0.0.1", port.as_str(), "5"][..], &six].concat());
    first.says(" wins 'lamp' ", 1);
    others.says(" wins 'lamp' ", 5);
    let seventh = meeting.start(&[&["127.0.0.1", port.as_str(), "1"][..], &six].concat());
    seventh.says("this node watches", 1);
    let said = seventh.said();
    assert!(said.contains("too late for cluster"), "{said}");
    assert!(!said.contains("agree  "), "{said}");
    let mut eighth =
        meeting.start(&[&["127.0.0.1", port.as_str(), "1", "--once"][..], &six].concat());
    assert_eq!(eighth.wait().code(), Some(2));
}

#[test]
fn a_node_whose_terminal_is_held_listens_and_ends_when_it_is_told_to() {
    let port = free_port();
    let (held, output) = std::io::pipe().unwrap();
    let mut filler = output.try_clone().unwrap();
    // It writes more than a pipe takes, and so keeps it full until the reader is gone.
    let keeps_full = std::thread::spawn(move || {
        let _ = filler.write_all(&[b'\n'; 1 << 21]);
    });
    let mut meeting = Meeting::new();
    let node = meeting.start_onto(output, &["127.0.0.1", &port.to_string()]);
    eventually("the node listens", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert_eq!(node.stop().code(), Some(0));
    drop(held);
    keeps_full.join().unwrap();
}
