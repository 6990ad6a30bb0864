//! Nodes that do not fit refuse each other, both say why, and after three tries they leave each other alone for a while.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use quorate_gather::{Effect, Gathering, Group, Input, Pace, Refusal, Settings, Source, Way};
use quorate_protocol::{SecretKey, Time};
use quorate_wire::method::GatherTell;
use quorate_wire::{Caller, Endpoint, Limits};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support;
use crate::support::meeting::{Meeting, Party};
use crate::support::nodes::free_port;

/// Both name what does not match, and each tries at most three times before it shuts the other out.
fn refuse_each_other(first: &Party, second: &Party, why_first: &str, why_second: &str) {
    first.says(why_first, 1);
    second.says(why_second, 1);
    for party in [first, second] {
        let said = party.said();
        assert!(!said.contains("2 of 4 here"), "{said}");
    }
    for party in [first, second] {
        party.says(" refusals, bad answers or new keys, shut out for ", 1);
        let said = party.said();
        let before = said
            .lines()
            .take_while(|line| !line.contains("shut out for"));
        let refused = before
            .filter(|line| line.contains("discover   refused"))
            .count();
        assert!(refused <= 3, "{said}");
    }
}

#[test]
fn nodes_of_other_groups_refuse_each_other() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port, "--no-mdns"]);
    first.says("waits for 3 more", 1);
    let other = format!("{}-other", meeting.group);
    let second = meeting.start_in(&other, &["127.0.0.1", &port, "1", "--no-mdns"]);
    let (own, foreign) = (&meeting.group, &other);
    refuse_each_other(
        &first,
        &second,
        &format!("its group is '{foreign}', this node's group is '{own}'"),
        &format!("this node's group is '{foreign}', its group is '{own}'"),
    );
}

#[test]
fn nodes_that_expect_other_numbers_refuse_each_other() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port, "--no-mdns"]);
    first.says("waits for 3 more", 1);
    let second = meeting.start(&["127.0.0.1", &port, "1", "--no-mdns", "--expect", "5"]);
    refuse_each_other(
        &first,
        &second,
        "it expects 5 nodes, this node expects 4",
        "expects 4",
    );
}

#[test]
fn a_node_with_the_wrong_secret_is_refused() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let file = |name: &str, secret: &str| {
        let path = meeting.folder.join(name);
        fs::write(&path, secret).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let right = file("right", "a secret that all of us know\n");
    let wrong = file("wrong", "a secret that somebody guesses\n");
    let first = meeting.start(&["127.0.0.1", &port, "--no-mdns", "--secret-file", &right]);
    first.says("waits for 3 more", 1);
    let second = meeting.start(&[
        "127.0.0.1",
        &port,
        "1",
        "--no-mdns",
        "--secret-file",
        &wrong,
    ]);
    refuse_each_other(
        &first,
        &second,
        "it does not know this node's secret",
        "this node does not know its secret",
    );
    assert!(!first.said().contains("warning    open group"));
}

/// Makes invitations, and gives the paths.
fn invitations(meeting: &Meeting, folder: &str) -> Vec<String> {
    let folder = meeting.folder.join(folder);
    let output = support::run(&["invite", "--seats", "4", "--out", folder.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().map(str::to_owned).collect()
}

#[test]
fn no_invitation_is_written_where_one_of_them_would_be_in_the_way() {
    let meeting = Meeting::new();
    let ours = invitations(&meeting, "ours");
    for path in &ours[..3] {
        fs::remove_file(path).unwrap();
    }
    let folder = meeting.folder.join("ours");
    let output = support::run(&["invite", "--seats", "4", "--out", folder.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let says = format!("{}: existing invitations are never overwritten", ours[3]);
    assert!(said.contains(&says), "{said}");
    assert!(
        !fs::exists(&ours[0]).unwrap(),
        "half a set of seats is of no use"
    );
}

#[test]
fn four_invited_nodes_found_a_cluster_and_an_invitation_to_another_is_refused() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let (ours, theirs) = (
        invitations(&meeting, "ours"),
        invitations(&meeting, "theirs"),
    );
    let first = meeting.start(&["127.0.0.1", &port, "--no-mdns", "--invitation", &ours[0]]);
    first.says("waits for 3 more", 1);
    let stranger = meeting.start(&[
        "127.0.0.1",
        &port,
        "1",
        "--no-mdns",
        "--invitation",
        &theirs[1],
    ]);
    refuse_each_other(
        &first,
        &stranger,
        "for those invited to the seats",
        "for those invited to the seats",
    );
    let mut others = vec!["127.0.0.1", &port, "3", "--no-mdns"];
    others.extend(
        ours[1..]
            .iter()
            .flat_map(|path| ["--invitation", path.as_str()]),
    );
    let others = meeting.start(&others);
    first.says(" wins 'lamp' ", 1);
    others.says(" wins 'lamp' ", 3);
}

#[test]
fn what_is_no_invitation_or_no_secret_is_refused_with_what_to_do() {
    let meeting = Meeting::new();
    let path = meeting.folder.join("nothing");
    fs::write(&path, "short").unwrap();
    let path = path.to_str().unwrap();
    for (arguments, says) in [
        (&["--invitation", path][..], "`server invite`"),
        (&["--secret-file", path], "16 to 4096 bytes"),
        (&["--secret-file", "/dev/zero"], "16 to 4096 bytes"),
        (&["--invitation", "/dev/zero"], "`server invite`"),
        (&["--bid", "lamp"], "LOT=AMOUNT"),
        (&["--capability", "cores"], "NAME=NUMBER"),
        (&["--offer", "dance"], "auction"),
        (&["--expect", "1"], "2 to 64"),
        (
            &["--expect", "4000000000", "--faulty", "nonsense"],
            "2 to 64",
        ),
        (&["--lan"], "loopback"),
        (&["--constraint", "without=S"], "first 8 digits"),
        (&["--faulty", "P=lie"], "without the name"),
    ] {
        let output = support::run(&[&["127.0.0.1", "0"][..], arguments].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
}

#[test]
fn who_answers_where_another_node_was_expected_is_refused() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let first = meeting.start(&["127.0.0.1", &port, "--no-mdns"]);
    let id = first.full_id();
    let nobody = format!("{:064x}", 7);
    let join = |id: &str| format!("{id}@127.0.0.1:{port}");
    let (right, wrong) = (join(&id), join(&nobody));
    let misled = meeting.start(&["127.0.0.1", "0", "--no-mdns", "--join", &wrong]);
    misled.says("00000000 was expected there, and ", 1);
    assert!(!misled.said().contains("2 of 4 here"));
    let sure = meeting.start(&["127.0.0.1", "0", "--no-mdns", "--join", &right]);
    sure.says(&format!("found {}", first.id()), 1);
}

/// Where the version of a packet stands: behind its first four bytes.
const VERSION: usize = 4;

/// A node that speaks the next version, for at most so long, or until it is refused for that.
async fn node_of_the_next_version(group: &str, there: SocketAddr) -> Vec<Refusal> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings {
        group: group.parse::<Group>().unwrap(),
        nodes: 4,
        addresses: vec![listener.local_addr().unwrap()],
        way: Way::Open,
        pace: Pace::default(),
    };
    let mut node = Gathering::new(settings, SecretKey::new(&[7; 32]), [8; 32]).unwrap();
    let (packets, mut arrived) = mpsc::channel(64);
    let endpoint = Endpoint::new().method_from(move |call: GatherTell, from| {
        let taken = packets.try_send((from.unwrap(), call.packet)).is_ok();
        async move { Ok(taken) }
    });
    tokio::spawn(
        endpoint
            .limits(Limits::default())
            .serve(listener, std::future::pending()),
    );
    let caller = Caller::new(there, Duration::from_secs(5));
    let started = Instant::now();
    let mut input = Input::hint(there, None, Source::Join);
    let mut refusals = Vec::new();
    while refusals.is_empty() && started.elapsed() < Duration::from_secs(40) {
        let now = Time(u64::try_from(started.elapsed().as_micros()).unwrap());
        for effect in node.step(now, input) {
            match effect {
                Effect::Send { mut bytes, .. } => {
                    bytes[VERSION] += 1;
                    caller.call(GatherTell { packet: bytes }).await.unwrap();
                }
                Effect::Event(quorate_gather::Event::RefusedBy { why, .. }) => refusals.push(why),
                _ => {}
            }
        }
        input = match tokio::time::timeout(Duration::from_millis(50), arrived.recv()).await {
            Ok(Some((from, bytes))) => Input::Packet { from, bytes },
            _ => Input::Wake,
        };
    }
    refusals
}

#[tokio::test]
async fn a_node_of_another_protocol_version_is_refused_and_both_versions_are_told() {
    let mut meeting = Meeting::new();
    let port = free_port();
    let node = meeting.start(&["127.0.0.1", &port.to_string(), "--no-mdns"]);
    node.says("waits for 3 more", 1);
    let refusals = node_of_the_next_version(&meeting.group, ([127, 0, 0, 1], port).into()).await;
    assert_eq!(refusals, [Refusal::Version { ours: 1, yours: 2 }]);
    node.says("it speaks version 2, this node speaks version 1", 1);
    assert!(!node.said().contains("2 of 4 here"));
}
