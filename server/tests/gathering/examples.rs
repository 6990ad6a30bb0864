//! The scripts in `examples/` that take part in a gathering do what they say.

use std::process::{Command, Output};

use crate::support::meeting::{Meeting, Party};
use crate::support::nodes::free_port;

/// Four nodes that have held their first auction, and the port of one of them.
fn gathered(meeting: &mut Meeting) -> (String, [Party; 2]) {
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port]);
    first.says("waits for 3 more", 1);
    let others = meeting.start(&["127.0.0.1", &port, "3"]);
    first.says(" wins 'lamp' ", 1);
    (port, [first, others])
}

fn python(script: &str, arguments: &[&str]) -> Output {
    let path = format!("{}/../examples/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("python3");
    python.arg(path).args(arguments).output().unwrap()
}

/// What a script prints.
fn printed(script: &str, arguments: &[&str]) -> Vec<String> {
    let output = python(script, arguments);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {complaint}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_script_joins_an_auction_with_a_commitment_of_its_own_and_wins_for_the_second_price() {
    let mut meeting = Meeting::new();
    let (port, [first, others]) = gathered(&mut meeting);
    let told = printed("bidder.py", &[&port, "chair", "75"]);
    let [bids, reveals, wins] = &told[..] else {
        panic!("{told:?}");
    };
    let (name, bids) = bids.split_at(1);
    assert_eq!(bids, " bids for 'chair': ok");
    assert_eq!(*reveals, format!("{name} reveals 75: ok"));
    assert_eq!(*wins, format!("{name} wins and pays 0"));
    let line = format!("{name} wins 'chair' for 0 (second price)");
    first.says(&line, 1);
    others.says(&line, 3);
}

#[test]
fn a_script_that_changes_its_bid_after_the_close_is_refused_by_name_and_its_first_bid_counts() {
    let mut meeting = Meeting::new();
    let (port, [first, others]) = gathered(&mut meeting);
    let told = printed("cheater.py", &[&port, "table", "40"]);
    let [bids, again, reveals, named] = &told[..] else {
        panic!("{told:?}");
    };
    let (name, bids) = bids.split_at(1);
    assert_eq!(bids, " bids for 'table': ok");
    let refused = format!("{name} bids again, after the close: refused: ");
    assert!(again.starts_with(&refused), "{again}");
    assert_eq!(*reveals, format!("{name} reveals 40: ok"));
    let line = format!("{name} changed its bid for 'table' after the close");
    let said = format!("every node says: {line}");
    assert!(named.starts_with(&said), "{named}");
    let line = format!("malicious  {line}");
    first.says(&line, 1);
    others.says(&line, 3);
    let sold = format!("{name} wins 'table' for 0 (second price)");
    first.says(&sold, 1);
    others.says(&sold, 3);
}

#[test]
fn a_bid_of_a_node_and_one_of_a_script_meet_in_one_auction() {
    let mut meeting = Meeting::new();
    let (port, [first, others]) = gathered(&mut meeting);
    let there = others.lines_with("; 1 of 4 here");
    let address = there[0].split_whitespace().nth(4).unwrap();
    let (_, other) = address.trim_end_matches(';').split_once(':').unwrap();
    let bid = format!("print(ServerProxy('http://localhost:{other}/').bid('chair', 60))");
    let code = format!("from xmlrpc.client import ServerProxy; {bid}");
    let mut python = Command::new("python3");
    let said = python.args(["-c", &code]).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(
        said.contains(" bids 60 for 'chair' as soon as it is time"),
        "{said}"
    );
    let told = printed("bidder.py", &[&port, "chair", "75"]);
    assert!(told[2].ends_with(" wins and pays 60"), "{told:?}");
    first.says(" wins 'chair' for 60 (second price)", 1);
}

#[test]
fn without_a_node_a_script_says_what_to_start() {
    let port = free_port().to_string();
    let output = python("bidder.py", &[&port]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        complaint.contains("a process does not answer"),
        "{complaint}"
    );
    assert!(complaint.contains("server 127.0.0.1 9000"), "{complaint}");
}
