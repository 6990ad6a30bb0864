//! Nodes that end and start again.

use quorate_gather::{Gathering, RestoreError};

use crate::world::{World, at, key, open};

#[test]
fn a_member_that_starts_again_with_its_memory_goes_on_at_once() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(2_000);
    let before = world.node(3).founded().unwrap().clone();
    world.stop(3);
    world.restart(open(3, 4), &[]);
    let after = world.node(3).founded().unwrap();
    assert!(after.restored);
    assert_eq!(
        (after.cluster, &after.members),
        (before.cluster, &before.members)
    );
    assert_eq!(after.own, before.own);
}

#[test]
fn a_member_that_starts_again_elsewhere_is_found_there() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(60_000);
    world.stop(3);
    let memory = world.told[&3].memory.clone().unwrap();
    let node = Gathering::restore(open(33, 4), key(3), [9; 32], &memory).unwrap();
    world.add(33, node, &[]);
    world.run(5_000);
    for port in [1, 2, 4] {
        world.assert_told(port, "is reached at 127.0.0.1:33");
        let members = &world.node(port).founded().unwrap().members;
        assert!(members.iter().any(|member| member.addresses == [at(33)]));
    }
}

#[test]
fn nodes_that_end_at_any_moment_and_start_again_found_one_cluster() {
    for stopped_at in 1..60 {
        let mut world = World::default();
        for port in 1..=4 {
            world.start(open(port, 4), &[1]);
        }
        world.run(stopped_at);
        for port in [2, 3] {
            world.stop(port);
        }
        world.run(500);
        for port in [2, 3] {
            world.restart(open(port, 4), &[1]);
        }
        world.run(20_000);
        world.assert_one_cluster(1..=4);
    }
}

#[test]
fn a_member_that_lost_its_memory_watches() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(2_000);
    world.stop(3);
    let node = Gathering::new(open(3, 4), key(30), [9; 32]).unwrap();
    world.add(3, node, &[1]);
    world.run(5_000);
    assert!(world.node(3).founded().is_none());
    assert!(world.node(3).watches().is_some());
}

#[test]
fn the_memory_of_another_node_of_another_group_and_damaged_memory_are_refused() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let memory = world.told[&1].memory.clone().unwrap();
    let restore = |settings, port, memory: &[u8]| {
        Gathering::restore(settings, key(port), [9; 32], memory).err()
    };
    assert_eq!(restore(open(1, 4), 1, &memory), None);
    let other_key = restore(open(1, 4), 2, &memory);
    assert!(matches!(other_key, Some(RestoreError::OtherKey { .. })));
    let other_charter = restore(open(1, 7), 1, &memory);
    assert!(other_charter.unwrap().to_string().contains("4 nodes"));
    let damaged = restore(open(1, 4), 1, &memory[1..]);
    assert!(damaged.is_some());
    let longer = restore(open(1, 4), 1, &[&memory[..], &[0]].concat());
    assert_eq!(longer, Some(RestoreError::Unreadable));
}
