//! Without liars: who joins whom, and who comes too late.

use quorate_gather::{Event, Waits};

use crate::world::{World, at, invited, open, secret};

#[test]
pub(crate) fn four_nodes_that_know_one_address_found_one_cluster() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(1_000);
    world.assert_one_cluster(1..=4);
    world.assert_told(1, "warning open group");
    world.assert_told(2, "found cluster");
}

#[test]
pub(crate) fn seven_nodes_in_a_chain_found_one_cluster() {
    let mut world = World::default();
    for port in 1..=7 {
        world.start(open(port, 7), &[port.saturating_sub(1).max(1)]);
    }
    world.run(2_000);
    world.assert_one_cluster(1..=7);
}

#[test]
pub(crate) fn nodes_that_start_minutes_apart_found_one_cluster() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
        world.run(120_000);
    }
    world.assert_one_cluster(1..=4);
}

#[test]
pub(crate) fn a_node_that_calls_before_anybody_listens_is_answered_later() {
    let mut world = World::default();
    world.start(open(2, 2), &[1]);
    world.run(60_000);
    world.assert_told(2, "nobody answers at 127.0.0.1:1: called 3 times");
    world.start(open(1, 2), &[]);
    world.run(9_000);
    world.assert_one_cluster(1..=2);
}

#[test]
pub(crate) fn a_lone_node_never_founds_anything_and_says_why_it_waits() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    world.run(600_000);
    assert!(world.node(1).founded().is_none());
    world.assert_told(1, "1 of 4 here; waits for 3 more");
}

#[test]
pub(crate) fn two_of_four_say_what_they_wait_for() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    world.start(open(2, 4), &[1]);
    world.run(60_000);
    for port in 1..=2 {
        assert!(world.node(port).founded().is_none());
        world.assert_told(port, "2 of 4 here; waits for 2 more");
    }
}

#[test]
pub(crate) fn a_fifth_node_of_four_watches_and_says_so() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(1_000);
    world.start(open(5, 4), &[2]);
    world.run(5_000);
    let cluster = world.node(1).founded().unwrap().cluster;
    assert_eq!(world.node(5).watches(), Some(cluster));
    world.assert_told(5, "this node watches");
}

#[test]
pub(crate) fn of_five_that_come_at_once_four_found_one_cluster_and_one_watches() {
    let mut world = World::default();
    for port in 1..=5 {
        world.start(open(port, 4), &[port % 5 + 1]);
    }
    world.run(20_000);
    let watchers: Vec<u16> = (1..=5)
        .filter(|port| world.node(*port).watches().is_some())
        .collect();
    assert_eq!(
        watchers.len(),
        1,
        "{:#?}",
        (1..=5).map(|p| world.texts(p)).collect::<Vec<_>>()
    );
    world.assert_one_cluster((1..=5).filter(|port| !watchers.contains(port)));
}

#[test]
pub(crate) fn those_who_know_the_secret_and_those_who_are_invited_found_a_cluster() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(secret(port, 4, 7), &[1]);
        world.start(invited(10 + port, 4, u32::from(port) - 1), &[11]);
    }
    world.run(2_000);
    world.assert_one_cluster(1..=4);
    world.assert_one_cluster(11..=14);
    assert_ne!(
        world.node(1).founded().unwrap().cluster,
        world.node(11).founded().unwrap().cluster
    );
}

#[test]
pub(crate) fn a_straggler_gets_the_founding_from_the_others() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    // Everybody meets everybody, and then one is cut off before it can vote.
    while (1..=4).any(|port| world.node(port).sizes()[1] < 3) {
        world.run(1);
    }
    world.cut.extend([(1, 4), (2, 4), (3, 4)]);
    world.run(10_000);
    world.assert_one_cluster(1..=3);
    world.cut.clear();
    world.run(10_000);
    world.assert_one_cluster(1..=4);
}

#[test]
pub(crate) fn a_founder_may_fall_silent_once_its_hello_is_known() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    while (1..=3).any(|port| world.node(port).sizes()[1] < 3) {
        world.run(1);
    }
    world.stop(4);
    world.run(10_000);
    world.assert_one_cluster(1..=3);
    let founded = world.node(1).founded().unwrap();
    assert_eq!(founded.members.len(), 4);
    assert!(
        founded
            .members
            .iter()
            .any(|member| member.addresses == [at(4)])
    );
}

#[test]
pub(crate) fn a_node_that_left_before_the_others_came_is_not_counted() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    world.start(open(4, 4), &[1]);
    world.run(1_000);
    world.stop(4);
    world.run(60_000);
    world.assert_told(1, "is silent for 30 s; 1 of 4 here");
    world.start(open(2, 4), &[1]);
    world.start(open(3, 4), &[1]);
    world.run(20_000);
    for port in 1..=3 {
        assert!(world.node(port).founded().is_none());
        let waits = world.node(port).waits_for();
        assert!(
            matches!(
                waits,
                Some(Waits::Nodes {
                    here: 3,
                    nodes: 4,
                    ..
                })
            ),
            "{waits:?}"
        );
    }
}

#[test]
pub(crate) fn founded_nodes_become_quiet() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(60_000);
    let told: Vec<usize> = (1..=4).map(|port| world.told[&port].events.len()).collect();
    let sent = world.sent();
    world.run(3_600_000);
    assert_eq!(world.sent(), sent);
    let later: Vec<usize> = (1..=4).map(|port| world.told[&port].events.len()).collect();
    assert_eq!(told, later);
    let founded = |event: &&Event| matches!(event, Event::Founded(_));
    assert_eq!(world.told[&1].events.iter().filter(founded).count(), 1);
}
