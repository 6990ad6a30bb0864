//! Nodes that do not belong together. Each says what does not match, with both sides, and gives up for a while.

use quorate_gather::{Gathering, Input, NodeId, Source};
use quorate_protocol::SecretKey;

use crate::world::{World, at, invited, key, open, secret};

/// Node 1 of one kind and node 2 of another one, which calls it again and again.
fn two(one: quorate_gather::Settings, other: quorate_gather::Settings) -> World {
    let mut world = World::default();
    world.start(one, &[]);
    world.start(other, &[1]);
    world.run(7_000);
    assert_eq!(world.node(1).sizes()[1] + world.node(2).sizes()[1], 0);
    world
}

#[test]
pub(crate) fn a_node_of_another_group_is_refused_with_both_groups_named() {
    let mut other = open(2, 4);
    other.group = "blue".parse().unwrap();
    let world = two(open(1, 4), other);
    world.assert_told(1, "its group is 'blue', this node's group is 'default'");
    world.assert_told(2, "this node's group is 'blue', its group is 'default'");
}

#[test]
pub(crate) fn a_node_that_expects_another_number_is_refused_with_both_numbers_named() {
    let world = two(open(1, 4), open(2, 7));
    world.assert_told(1, "it expects 7 nodes, this node expects 4");
    world.assert_told(2, "this node expects 7 nodes, it expects 4");
}

#[test]
pub(crate) fn a_node_with_the_wrong_secret_and_one_without_are_refused() {
    let world = two(secret(1, 4, 1), secret(2, 4, 2));
    world.assert_told(1, "it does not know this node's secret");
    world.assert_told(2, "this node does not know its secret");
    let world = two(secret(1, 4, 1), open(2, 4));
    world.assert_told(
        1,
        "its group is open to whoever comes, this node's group is for those who know the secret",
    );
}

#[test]
pub(crate) fn a_node_with_an_invitation_to_other_seats_is_refused() {
    let mut other = invited(2, 4, 0);
    if let quorate_gather::Way::Invited(invitation) = &mut other.way {
        invitation.seats[3] = SecretKey::simulated("another seat").public();
    }
    let world = two(invited(1, 4, 1), other);
    world.assert_told(1, "its group is for those invited to the seats");
}

#[test]
pub(crate) fn who_is_refused_is_tried_three_times_and_then_shut_out_for_a_while() {
    let mut world = two(open(1, 4), open(2, 7));
    assert_eq!(world.times_told(2, "refuses this node"), 3);
    assert_eq!(world.times_told(1, "refused 127.0.0.1:2"), 3);
    for (node, other) in [(1, 2), (2, 1)] {
        let shut =
            format!("127.0.0.1:{other}: 3 refusals, bad answers or new keys, shut out for 8 s");
        assert_eq!(world.times_told(node, &shut), 1);
    }
    world.run(8_000);
    assert!(
        world.times_told(2, "refuses this node") > 3,
        "it is tried again"
    );
}

#[test]
pub(crate) fn another_key_than_the_one_that_the_user_named_is_refused() {
    let mut world = World::default();
    world.start(open(1, 2), &[]);
    world.start(open(2, 2), &[]);
    let id = Some(NodeId::of(&key(3).public()));
    world.input(2, Input::hint(at(1), id, Source::Join));
    world.run(3_000);
    assert!(world.node(2).founded().is_none());
    world.assert_told(2, "was expected there");
}

#[test]
pub(crate) fn a_forged_hint_changes_nothing_but_one_call() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    // A record in multicast DNS that names node 2 at a port where nobody is, and node 3 where node 4 is.
    for (port, of) in [(999, 2), (4, 3)] {
        let id = Some(NodeId::of(&key(of).public()));
        world.input(1, Input::hint(at(port), id, Source::Mdns));
    }
    world.run(3_000);
    world.assert_one_cluster(1..=4);
    assert!(world.stray.iter().all(|(to, _)| to.port() == 999));
}

#[test]
pub(crate) fn bytes_that_are_no_packet_are_dropped_and_counted() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    for length in [0, 1, 100, quorate_gather::MOST_BYTES + 1].repeat(3) {
        world.arrive(9, at(1), vec![7; length]);
    }
    world.run(2_000);
    world.assert_told(1, "12 packets were dropped");
    assert!(world.stray.is_empty());
}

#[test]
pub(crate) fn a_process_with_the_key_of_another_one_is_told_so() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let copy = Gathering::new(open(2, 4), key(1), [9; 32]).unwrap();
    world.add(2, copy, &[1]);
    world.run(2_000);
    world.assert_told(2, "a process at 127.0.0.1:1 has this node's key");
}

#[test]
pub(crate) fn one_invitation_used_by_two_nodes_is_told_and_one_of_them_gets_the_seat() {
    let mut world = World::default();
    for (port, seat) in [(1, 0), (2, 1), (4, 3), (5, 3)] {
        world.start(invited(port, 4, seat), &[1]);
    }
    world.run(1_000);
    world.start(invited(3, 4, 2), &[1]);
    world.run(30_000);
    world.assert_told(1, "have used the same invitation");
    let seated: Vec<u16> = (4..=5)
        .filter(|port| world.node(*port).founded().is_some())
        .collect();
    assert_eq!(seated.len(), 1);
    world.assert_one_cluster((1..=3).chain(seated));
}
