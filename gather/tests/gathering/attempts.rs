//! Liars that play with attempts.

use quorate_gather::forge::{Envelope, Forger, Said};
use quorate_gather::{Phase, Roster, Settings, Standing, Waits};
use quorate_protocol::Digest;

use crate::world::{World, at, invited, key, open};

/// A liar at a port of its own.
pub(crate) struct Liar {
    port: u16,
    pub(crate) forger: Forger,
}

impl Liar {
    pub(crate) fn new(settings: &Settings) -> Self {
        let port = settings.addresses[0].port();
        Self {
            port,
            forger: Forger::new(settings, key(port)),
        }
    }

    /// Answers node `to`'s challenge, and says something to it. Takes three milliseconds.
    pub(crate) fn say(&mut self, world: &mut World, to: u16, said: &Said) {
        let mut envelope = Envelope {
            reply: at(self.port),
            ours: Digest::of(&[b"the liar's challenge"]),
            theirs: None,
        };
        let hello = self.forger.hello(1, vec![at(self.port)]);
        let call = self
            .forger
            .speech(envelope, hello.clone(), Standing::Seeking, None);
        world.arrive(self.port, at(to), call);
        world.run(3);
        let heard = world.stray.iter().rev().find_map(|(address, bytes)| {
            let is_answer = *address == at(self.port);
            let heard = is_answer.then(|| self.forger.read(bytes)).flatten()?;
            (heard.reply == at(to)).then_some(heard)
        });
        envelope.theirs = heard.map(|heard| heard.challenge);
        let speech = self
            .forger
            .speech(envelope, hello, Standing::Seeking, Some(said));
        world.arrive(self.port, at(to), speech);
    }

    /// The roster of these nodes.
    pub(crate) fn roster(&mut self, nodes: &[Settings]) -> Roster {
        let hellos: Vec<_> = nodes
            .iter()
            .map(|settings| {
                let port = settings.addresses[0].port();
                Forger::new(settings, key(port)).hello(1, vec![at(port)])
            })
            .collect();
        self.forger.roster(&hellos).unwrap()
    }

    /// What it says if it votes for a roster.
    pub(crate) fn votes(&mut self, roster: &Roster, phases: &[Phase], attempt: u64) -> Said {
        let votes = phases.iter();
        let votes = votes.map(|phase| (self.forger.vote(*phase, attempt, roster), roster.clone()));
        Said {
            votes: votes.collect(),
            ..Said::default()
        }
    }
}

#[test]
pub(crate) fn a_liar_that_comes_at_the_worst_moment_does_not_keep_the_others_apart_for_ever() {
    // Nodes 2 and 3 meet the liar, and begin to vote, when an attempt of node 1 is about to end.
    for moment in (21_800..22_200).step_by(4) {
        let mut world = World::default();
        for port in 1..=3 {
            world.start(open(port, 4), &[1]);
        }
        world.run(1_000);
        let mut liar = Liar::new(&open(9, 4));
        let begin = world.now.0;
        liar.say(&mut world, 1, &Said::default());
        while world.now.0 < begin + moment * 1_000 {
            world.run(1);
        }
        for _ in 0..8 {
            for port in 1..=3 {
                liar.say(&mut world, port, &Said::default());
            }
            world.run(5_000);
        }
        world.assert_one_cluster(1..=3);
    }
}

/// The attempt in which a node votes.
fn attempt(world: &World, port: u16) -> u64 {
    match world.node(port).waits_for() {
        Some(Waits::Rosters { attempt, .. }) => attempt,
        other => panic!("{other:?}"),
    }
}

/// Nodes 1 and 2, a silent one, and liars of the last seat that vote in a far attempt; the attempt of node 1 after a moment.
fn led_by(liars: &[u16], settings: impl Fn(u16, u32) -> Settings) -> u64 {
    let mut world = World::default();
    world.start(settings(1, 0), &[]);
    world.start(settings(2, 1), &[1]);
    let mut silent = Liar::new(&settings(7, 2));
    for port in 1..=2 {
        silent.say(&mut world, port, &Said::default());
    }
    for liar in liars {
        let members = [(1, 0), (2, 1), (7, 2), (*liar, 3)].map(|(port, seat)| settings(port, seat));
        let mut liar = Liar::new(&members[3]);
        let roster = liar.roster(&members);
        let said = liar.votes(&roster, &[Phase::Roster], 1_000);
        for port in 1..=2 {
            liar.say(&mut world, port, &said);
        }
    }
    world.run(600);
    attempt(&world, 1)
}

#[test]
pub(crate) fn one_liar_in_a_far_attempt_takes_nobody_along() {
    assert_eq!(led_by(&[9], |port, _| open(port, 4)), 0);
}

#[test]
pub(crate) fn two_keys_of_one_invitation_in_a_far_attempt_take_nobody_along() {
    assert_eq!(led_by(&[8, 9], |port, seat| invited(port, 4, seat)), 0);
}

#[test]
pub(crate) fn two_keys_of_one_invitation_do_not_keep_two_halves_apart_for_ever() {
    let mut world = World::default();
    let correct: Vec<Settings> = (1..=6)
        .map(|port| invited(port, 7, u32::from(port) - 1))
        .collect();
    for settings in &correct {
        world.start(settings.clone(), &[1]);
    }
    world.run(1_000);
    for _ in 0..16 {
        for (port, half) in [(8, 1..=3), (9, 4..=6)] {
            let own = invited(port, 7, 6);
            let mut liar = Liar::new(&own);
            let members: Vec<Settings> = correct.iter().cloned().chain([own]).collect();
            let roster = liar.roster(&members);
            let said = liar.votes(&roster, &[Phase::Roster], 0);
            for to in half {
                liar.say(&mut world, to, &said);
            }
        }
        world.run(5_000);
    }
    world.assert_one_cluster(1..=6);
}

#[test]
pub(crate) fn two_halves_that_each_met_a_node_which_is_gone_agree_on_one_roster() {
    let halves = [(8, 1..=3), (9, 4..=6)];
    let mut world = World::default();
    for port in 1..=6 {
        world.start(open(port, 7), &[1]);
    }
    world.run(1_000);
    world.cut = (1..=3)
        .flat_map(|one| (4..=6).map(move |other| (one, other)))
        .collect();
    for (gone, half) in halves.clone() {
        for to in half {
            Liar::new(&open(gone, 7)).say(&mut world, to, &Said::default());
        }
    }
    world.run(600);
    for port in 1..=6 {
        world.assert_told(port, "attempt 1: 3 of 5 ROSTERs");
    }
    world.cut.clear();
    // Another key answers where the node was that is gone, so it is not met any more.
    for (port, half) in halves {
        let forger = Forger::new(&open(port, 7), key(10 * port));
        let mut other = Liar { port, forger };
        for to in half {
            other.say(&mut world, to, &Said::default());
            world.run(1);
            world.assert_told(to, "was before");
        }
    }
    world.run(60_000);
    world.assert_one_cluster(1..=6);
}
