//! The two votes, as one correct node casts them among others whose votes the test chooses.

use std::collections::BTreeSet;

use quorate_gather::forge::Said;
use quorate_gather::{Phase, Roster};
use quorate_protocol::ClusterId;

use crate::attempts::Liar;
use crate::world::{World, at, key, open};

/// Node 1, and the voices of the nodes 2 to 5, of which 2 to 4 came first.
struct Chorus {
    world: World,
    voices: Vec<Liar>,
    first: Roster,
    second: Roster,
}

impl Chorus {
    fn new() -> Self {
        let mut world = World::default();
        world.start(open(1, 4), &[]);
        let mut voices: Vec<Liar> = (2..=5).map(|port| Liar::new(&open(port, 4))).collect();
        let roster =
            |voice: &mut Liar, ports: [u16; 4]| voice.roster(&ports.map(|port| open(port, 4)));
        let first = roster(&mut voices[0], [1, 2, 3, 4]);
        let second = roster(&mut voices[0], [1, 2, 3, 5]);
        for voice in &mut voices {
            voice.say(&mut world, 1, &Said::default());
        }
        world.run(50);
        Self {
            world,
            voices,
            first,
            second,
        }
    }

    /// A node votes.
    fn vote(&mut self, port: u16, phase: Phase, attempt: u64, roster: &Roster) {
        let voice = &mut self.voices[usize::from(port) - 2];
        let said = voice.votes(roster, &[phase], attempt);
        voice.say(&mut self.world, 1, &said);
        self.world.run(50);
    }

    /// The ROSTERs that node 1 has sent: the attempts and what it voted for.
    fn rosters(&mut self) -> BTreeSet<(u64, ClusterId)> {
        let own = key(1).public();
        let reader = &mut self.voices[0].forger;
        let packets = self
            .world
            .stray
            .iter()
            .filter_map(|(_, bytes)| reader.read(bytes));
        packets
            .flat_map(|heard| heard.votes)
            .map(|(vote, _)| vote)
            .filter(|vote| vote.key == own && vote.value.phase == Phase::Roster)
            .map(|vote| (vote.value.attempt, vote.value.cluster))
            .collect()
    }

    fn restart(&mut self) {
        self.world.stop(1);
        self.world.restart(open(1, 4), &[]);
        // In another order than before, so that it would want another roster.
        for voice in self.voices.iter_mut().rev() {
            voice.say(&mut self.world, 1, &Said::default());
        }
    }
}

#[test]
pub(crate) fn a_quorum_of_rosters_founds_nothing_and_a_quorum_of_founds_does() {
    let mut chorus = Chorus::new();
    let roster = chorus.first.clone();
    chorus.vote(2, Phase::Roster, 0, &roster);
    chorus.vote(3, Phase::Roster, 0, &roster);
    chorus.world.run(700);
    chorus.world.assert_told(1, "has its quorum; 1 of 3 FOUNDs");
    chorus.vote(2, Phase::Found, 0, &roster);
    assert!(chorus.world.node(1).founded().is_none());
    chorus.vote(3, Phase::Found, 0, &roster);
    let founded = chorus.world.node(1).founded().unwrap();
    assert_eq!(founded.cluster, roster.cluster());
    assert!(
        founded
            .members
            .iter()
            .all(|member| member.addresses != [at(5)])
    );
}

#[test]
pub(crate) fn one_vote_fewer_than_a_quorum_is_none() {
    let mut chorus = Chorus::new();
    let roster = chorus.first.clone();
    chorus.vote(2, Phase::Roster, 0, &roster);
    chorus.vote(2, Phase::Found, 0, &roster);
    chorus.world.run(700);
    chorus.world.assert_told(1, "2 of 3 ROSTERs");
    assert!(chorus.world.node(1).founded().is_none());
}

#[test]
pub(crate) fn a_node_that_saw_a_quorum_keeps_to_its_roster_also_after_a_restart_until_a_later_quorum_wants_another()
 {
    for restarts in [false, true] {
        let mut chorus = Chorus::new();
        let (first, second) = (chorus.first.clone(), chorus.second.clone());
        chorus.vote(2, Phase::Roster, 0, &first);
        chorus.vote(3, Phase::Roster, 0, &first);
        if restarts {
            chorus.restart();
        }
        // Three want another roster, but not in one attempt.
        for (port, attempt) in [(2, 3), (5, 3), (3, 4)] {
            chorus.vote(port, Phase::Roster, attempt, &second);
        }
        chorus.world.run(12_000);
        let rosters = chorus.rosters();
        assert!(rosters.len() > 1, "{rosters:?}");
        assert!(
            rosters
                .iter()
                .all(|(_, cluster)| *cluster == first.cluster())
        );

        for port in [2, 3, 5] {
            chorus.vote(port, Phase::Roster, 60, &second);
        }
        for port in [2, 3] {
            chorus.vote(port, Phase::Found, 60, &second);
        }
        let founded = chorus.world.node(1).founded().unwrap();
        assert_eq!(founded.cluster, second.cluster());
    }
}

#[test]
pub(crate) fn a_node_votes_once_in_an_attempt_whatever_others_want_and_over_a_restart() {
    let mut chorus = Chorus::new();
    let second = chorus.second.clone();
    for restarts in [false, true] {
        if restarts {
            chorus.restart();
        }
        chorus.vote(2, Phase::Roster, 0, &second);
        chorus.vote(5, Phase::Roster, 0, &second);
    }
    let in_first = chorus
        .rosters()
        .into_iter()
        .filter(|(attempt, _)| *attempt == 0);
    let in_first: Vec<ClusterId> = in_first.map(|(_, cluster)| cluster).collect();
    assert_eq!(in_first, [chorus.first.cluster()]);
}

#[test]
pub(crate) fn the_founding_of_nodes_that_are_gone_keeps_nobody_from_founding() {
    let mut world = World::default();
    for port in 11..=14 {
        world.start(open(port, 4), &[11]);
    }
    world.run(1_000);
    world.start(open(15, 4), &[11]);
    world.run(2_000);
    assert!(world.node(15).watches().is_some());
    for port in 11..=14 {
        world.stop(port);
    }
    world.start(open(1, 4), &[15]);
    world.run(5_000);
    assert!(world.node(1).has_met(&world.node(15).id()));
    assert!(world.node(1).watches().is_none());
    for port in 2..=4 {
        world.start(open(port, 4), &[1]);
    }
    world.run(5_000);
    world.assert_one_cluster(1..=4);
}

#[test]
pub(crate) fn what_must_last_is_kept_before_anything_is_sent_or_told() {
    use quorate_gather::{Effect, Gathering, Input, Source};
    use quorate_protocol::Time;

    let node = Gathering::new(open(1, 4), key(1), [7; 32]).unwrap();
    #[cfg(feature = "mutants")]
    let node = node.with_mutant(crate::world::MUTANT.get());
    let mut node = node;
    let effects = node.step(Time(0), Input::hint(at(2), None, Source::Join));
    assert!(matches!(effects[0], Effect::Keep(_)));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Send { .. }))
    );
}
