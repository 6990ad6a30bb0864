//! Liars that play with attempts.

use quorate_gather::forge::{Envelope, Forger, Said};
use quorate_gather::{Phase, Settings, Standing};
use quorate_protocol::Digest;

use crate::world::{World, at, invited, key, open};

/// A liar at a port of its own.
struct Liar {
    port: u16,
    forger: Forger,
}

impl Liar {
    fn new(settings: &Settings) -> Self {
        let port = settings.addresses[0].port();
        Self {
            port,
            forger: Forger::new(settings, key(port)),
        }
    }

    /// Answers node `to`'s challenge, and says something to it. Takes three milliseconds.
    fn say(&mut self, world: &mut World, to: u16, said: &Said) {
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

    /// What it says if it votes for the roster of these nodes.
    fn votes(&mut self, nodes: &[Settings], attempt: u64) -> Said {
        let mut hellos: Vec<_> = nodes
            .iter()
            .map(|settings| {
                let port = settings.addresses[0].port();
                Forger::new(settings, key(port)).hello(1, vec![at(port)])
            })
            .collect();
        hellos.push(self.forger.hello(1, vec![at(self.port)]));
        let roster = self.forger.roster(&hellos).unwrap();
        let votes = [Phase::Roster, Phase::Found]
            .map(|phase| (self.forger.vote(phase, attempt, &roster), roster.clone()));
        Said {
            votes: votes.to_vec(),
            ..Said::default()
        }
    }
}

#[test]
fn a_liar_that_comes_at_the_worst_moment_does_not_keep_the_others_apart_for_ever() {
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

#[test]
fn one_invitation_under_two_keys_does_not_lead_the_others_to_an_attempt_that_never_ends() {
    let mut world = World::default();
    let correct: Vec<Settings> = (1..=3)
        .map(|port| invited(port, 4, u32::from(port) - 1))
        .collect();
    let mut liars = [8, 9].map(|port| Liar::new(&invited(port, 4, 3)));
    world.start(correct[0].clone(), &[]);
    world.start(correct[1].clone(), &[1]);
    for round in 0..12 {
        // Node 1 meets one key first and node 2 the other one, so they want two rosters.
        for (port, liar) in [(1, 0), (2, 1), (1, 1), (2, 0)] {
            let said = liars[liar].votes(&correct, u64::MAX);
            liars[liar].say(&mut world, port, &said);
        }
        if round == 1 {
            world.start(correct[2].clone(), &[1]);
        }
        world.run(5_000);
    }
    world.assert_one_cluster(1..=3);
}
