//! Nodes that end and start again.

use quorate_gather::{Gathering, RestoreError};

use crate::world::{World, at, invited, key, open};

#[test]
pub(crate) fn a_member_that_starts_again_with_its_memory_goes_on_at_once() {
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
pub(crate) fn a_member_that_starts_again_elsewhere_is_found_there() {
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
pub(crate) fn nodes_that_end_at_any_moment_and_start_again_found_one_cluster() {
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
pub(crate) fn a_member_that_lost_its_memory_watches() {
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
pub(crate) fn the_memory_of_another_node_of_another_group_and_damaged_memory_are_refused() {
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

#[test]
pub(crate) fn members_that_all_start_again_elsewhere_find_each_other_by_new_hints() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(60_000);
    for port in 1..=4 {
        world.stop(port);
        let memory = world.told[&port].memory.clone().unwrap();
        let moved = open(port + 10, 4);
        let node = Gathering::restore(moved, key(port), [9; 32], &memory).unwrap();
        world.add(port + 10, node, &[port % 4 + 11]);
    }
    world.run(10_000);
    for port in 11..=14 {
        let members = &world.node(port).founded().unwrap().members;
        let at_new_ports = members.iter().filter(|one| one.addresses[0].port() > 10);
        assert_eq!(at_new_ports.count(), 4, "{:#?}", world.texts(port));
    }
    // Nobody calls any more once all know that all know.
    let sent = world.sent();
    world.run(600_000);
    assert!(world.sent() <= sent + 40, "{} {sent}", world.sent());
}

#[test]
pub(crate) fn a_member_remembers_over_its_restart_where_others_have_moved() {
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
        world.stop(port);
        world.restart(open(port, 4), &[]);
        let members = &world.node(port).founded().unwrap().members;
        assert!(members.iter().any(|member| member.addresses == [at(33)]));
    }
}

#[test]
pub(crate) fn a_node_that_starts_again_with_another_invitation_is_told_so_and_not_proved_a_liar() {
    let mut world = World::default();
    world.start(invited(1, 4, 0), &[]);
    let memory = world.told[&1].memory.clone().unwrap();
    let other_seat = Gathering::restore(invited(1, 4, 1), key(1), [9; 32], &memory).err();
    assert_eq!(other_seat, Some(RestoreError::OtherSeat));
    let same_seat = Gathering::restore(invited(1, 4, 0), key(1), [9; 32], &memory);
    assert!(same_seat.is_ok());
}
