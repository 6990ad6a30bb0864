//! Nodes that lie, with packets of their own.

use std::collections::BTreeSet;

use quorate_gather::forge::{Envelope, Forger, Said};
use quorate_gather::{Hello, Phase, Proof, Signed, Standing};
use quorate_protocol::Digest;

use crate::world::{World, at, key, open};

const LIAR: u16 = 9;

/// A liar that has received node `to`'s challenge.
fn challenged(world: &mut World, forger: &mut Forger, to: u16) -> Envelope {
    let ours = Digest::of(&[b"the liar's challenge"]);
    let mut envelope = Envelope {
        reply: at(LIAR),
        ours,
        theirs: None,
    };
    let hello = forger.hello(1, vec![at(LIAR)]);
    world.arrive(
        LIAR,
        at(to),
        forger.speech(envelope, hello, Standing::Seeking, None),
    );
    world.run(5);
    let (_, answer) = world.stray.pop().unwrap();
    envelope.theirs = Some(forger.read(&answer).unwrap().challenge);
    envelope
}

/// The liar says something to node `to`, after it has answered the challenge with `hello`.
fn say(world: &mut World, forger: &mut Forger, to: u16, hello: Signed<Hello>, said: &Said) {
    let envelope = challenged(world, forger, to);
    let packet = forger.speech(envelope, hello, Standing::Seeking, Some(said));
    world.arrive(LIAR, at(to), packet);
    world.run(1_000);
}

fn forger(nodes: u32) -> Forger {
    Forger::new(&open(LIAR, nodes), key(LIAR))
}

#[test]
pub(crate) fn two_hellos_of_one_key_are_proved_to_everybody_and_the_key_is_barred() {
    let mut world = World::default();
    let mut forger = forger(4);
    for port in 1..=2 {
        world.start(open(port, 4), &[1]);
    }
    let one = forger.hello(1, vec![at(LIAR)]);
    let other = forger.hello(1, vec![at(LIAR), at(LIAR + 1)]);
    say(&mut world, &mut forger, 1, one, &Said::default());
    say(&mut world, &mut forger, 2, other, &Said::default());
    for port in 1..=2 {
        world.assert_told(port, "signed two different HELLOs with number 1");
        assert_eq!(world.node(port).barred().count(), 1);
    }
    // It is refused, by name.
    let hello = forger.hello(2, vec![at(LIAR)]);
    say(&mut world, &mut forger, 1, hello, &Said::default());
    world.assert_told(1, "is proved to have signed two different things");
}

#[test]
pub(crate) fn a_node_that_is_met_later_learns_the_proof_when_it_matters() {
    let mut world = World::default();
    let mut forger = forger(4);
    world.start(open(1, 4), &[]);
    let one = forger.hello(1, vec![at(LIAR)]);
    let other = forger.hello(1, vec![at(LIAR), at(LIAR + 1)]);
    say(&mut world, &mut forger, 1, one.clone(), &Said::default());
    say(&mut world, &mut forger, 1, other, &Said::default());
    world.start(open(2, 4), &[1]);
    say(&mut world, &mut forger, 2, one, &Said::default());
    world.run(6_000);
    world.assert_told(2, "signed two different HELLOs");
}

#[test]
pub(crate) fn two_rosters_of_one_key_in_one_attempt_are_proved_to_everybody() {
    let mut world = World::default();
    let mut forger = forger(4);
    for port in 1..=2 {
        world.start(open(port, 4), &[1]);
    }
    world.run(100);
    let phantom = |port: u16| Forger::new(&open(port, 4), key(port)).hello(1, vec![at(port)]);
    let hello = forger.hello(1, vec![at(LIAR)]);
    for (to, third) in [(1, 51), (2, 52)] {
        let members = [hello.clone(), phantom(50), phantom(third), phantom(53)];
        let roster = forger.roster(&members).unwrap();
        let vote = forger.vote(Phase::Roster, 0, &roster);
        let votes = vec![(vote, roster)];
        let said = Said {
            votes,
            ..Said::default()
        };
        say(&mut world, &mut forger, to, hello.clone(), &said);
    }
    world.run(2_000);
    for port in 1..=2 {
        world.assert_told(port, "signed two ROSTERs in attempt 1");
    }
}

#[test]
pub(crate) fn a_proved_liar_has_no_seat_if_somebody_else_comes_and_one_if_nobody_does() {
    for somebody_comes in [true, false] {
        let mut world = World::default();
        let mut forger = forger(4);
        for port in 1..=2 {
            world.start(open(port, 4), &[1]);
        }
        for addresses in [vec![at(LIAR)], vec![at(LIAR), at(LIAR + 1)]] {
            let hello = forger.hello(1, addresses);
            say(&mut world, &mut forger, 1, hello, &Said::default());
        }
        world.start(open(3, 4), &[1]);
        world.run(2_000);
        assert!(world.node(3).founded().is_none());
        if somebody_comes {
            world.start(open(4, 4), &[1]);
        }
        world.run(20_000);
        world.assert_one_cluster(1..=3);
        let members = &world.node(1).founded().unwrap().members;
        let has_seat = members.iter().any(|member| member.key == forger.key());
        assert_eq!(has_seat, !somebody_comes);
        assert_eq!(
            world.times_told(1, "is proved to lie and takes a seat"),
            usize::from(has_seat)
        );
    }
}

#[test]
pub(crate) fn whoever_hands_on_something_invalid_three_times_is_shut_out() {
    let mut world = World::default();
    let mut forger = forger(4);
    world.start(open(1, 4), &[]);
    let hello = forger.hello(1, vec![at(LIAR)]);
    let proves_nothing = Said {
        proofs: vec![Proof::Hellos(hello.clone(), hello.clone())],
        ..Said::default()
    };
    for _ in 0..3 {
        say(&mut world, &mut forger, 1, hello.clone(), &proves_nothing);
    }
    assert_eq!(
        world.times_told(1, "it sent a proof that proves nothing"),
        3
    );
    world.assert_told(1, "3 refusals, bad answers or new keys, shut out for 8 s");
    assert_eq!(world.node(1).sizes()[1], 0);
}

#[test]
pub(crate) fn a_key_that_does_not_sign_or_names_other_addresses_is_not_met() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let mut forger = forger(4);
    // The HELLO of somebody else, and an address that is not the sender's.
    let elsewhere = forger.hello(1, vec![at(77)]);
    let foreign = Forger::new(&open(77, 4), key(77)).hello(1, vec![at(LIAR)]);
    for hello in [elsewhere, foreign] {
        say(&mut world, &mut forger, 1, hello, &Said::default());
    }
    world.assert_told(1, "it names other addresses");
    world.assert_told(1, "its key has not signed the challenge");
    assert_eq!(world.node(1).sizes()[1], 0);
}

#[test]
pub(crate) fn a_packet_that_is_played_again_after_its_challenge_is_old_is_no_answer() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let mut forger = forger(4);
    let envelope = challenged(&mut world, &mut forger, 1);
    let hello = forger.hello(1, vec![at(LIAR)]);
    let packet = forger.speech(envelope, hello, Standing::Seeking, None);
    world.run(40_000);
    world.arrive(LIAR, at(1), packet);
    assert_eq!(world.node(1).sizes()[1], 0);
}

#[test]
pub(crate) fn who_comes_again_and_again_with_new_keys_is_shut_out() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    for number in 0..6 {
        let mut forger = Forger::new(&open(LIAR, 4), key(100 + number));
        let hello = forger.hello(1, vec![at(LIAR)]);
        if number < 4 {
            say(&mut world, &mut forger, 1, hello, &Said::default());
            world.stray.clear();
        } else {
            let (reply, ours, theirs) = (at(LIAR), Digest::of(&[]), None);
            let envelope = Envelope {
                reply,
                ours,
                theirs,
            };
            let packet = forger.speech(envelope, hello, Standing::Seeking, None);
            world.arrive(LIAR, at(1), packet);
            world.run(5);
            assert!(world.stray.is_empty(), "nobody answers it");
        }
    }
    world.assert_told(1, "refusals, bad answers or new keys, shut out for 8 s");
}

#[test]
pub(crate) fn refusals_that_nobody_asked_for_shut_nobody_out() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    let forger = forger(4);
    for _ in 0..10 {
        for port in 1..=4 {
            for claimed in 1..=4 {
                let (reply, ours) = (at(claimed), Digest::of(&[]));
                let theirs = Some(ours);
                let envelope = Envelope {
                    reply,
                    ours,
                    theirs,
                };
                let refusal = forger.refusal(envelope, &quorate_gather::Refusal::Secret);
                world.arrive(LIAR, at(port), refusal);
            }
        }
        world.run(1);
    }
    world.run(1_000);
    world.assert_one_cluster(1..=4);
    assert!((1..=4).all(|port| world.times_told(port, "refuses") == 0));
}

#[test]
pub(crate) fn two_proved_liars_that_each_half_knows_one_of_get_the_seats_that_nobody_else_takes() {
    let mut world = World::default();
    for port in 1..=5 {
        world.start(open(port, 7), &[port % 5 + 1]);
    }
    let halves: [&[u16]; 2] = [&[1, 2], &[3, 4, 5]];
    for one in 1..=5 {
        world.cut.extend(
            (1..=5)
                .filter(|other| halves[0].contains(&one) != halves[0].contains(other))
                .map(|other| (one, other)),
        );
    }
    for (half, number) in halves.into_iter().zip([100, 101]) {
        let mut forger = Forger::new(&open(LIAR, 7), key(number));
        for addresses in [vec![at(LIAR)], vec![at(LIAR), at(LIAR + 1)]] {
            let hello = forger.hello(1, addresses);
            say(&mut world, &mut forger, half[0], hello, &Said::default());
            world.stray.clear();
        }
    }
    world.run(3_000);
    for (port, liars) in [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)] {
        assert_eq!(world.node(port).barred().count(), liars, "{port}");
    }
    world.cut.clear();
    world.run(30_000);
    world.assert_one_cluster(1..=5);
}

#[test]
pub(crate) fn proofs_about_nobody_that_is_known_are_kept_up_to_a_limit() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let mut forger = forger(4);
    for round in 0..10 {
        let proofs = (0..16).map(|number| {
            let port = 1_000 + 16 * round + number;
            let mut phantom = Forger::new(&open(port, 4), key(port));
            let [one, other] = [at(port), at(1)].map(|address| phantom.hello(1, vec![address]));
            Proof::Hellos(one, other)
        });
        let said = Said {
            proofs: proofs.collect(),
            ..Said::default()
        };
        let hello = forger.hello(1, vec![at(LIAR)]);
        say(&mut world, &mut forger, 1, hello, &said);
    }
    assert_eq!(world.node(1).barred().count(), 16);
    assert_eq!(world.times_told(1, "malicious"), 16);
}

#[test]
pub(crate) fn a_node_that_makes_others_check_too_much_is_not_heard_for_a_while() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    let mut forger = forger(4);
    let hello = forger.hello(1, vec![at(LIAR)]);
    let mut envelope = challenged(&mut world, &mut forger, 1);
    for round in 0..20 {
        let hellos = (0..200).map(|number| {
            let port = 1_000 + 200 * round + number;
            Forger::new(&open(port, 4), key(port)).hello(1, vec![at(port)])
        });
        let said = Said {
            hellos: hellos.collect(),
            ..Said::default()
        };
        envelope.ours = Digest::of(&[&round.to_le_bytes()]);
        let packet = forger.speech(envelope, hello.clone(), Standing::Seeking, Some(&said));
        world.arrive(LIAR, at(1), packet);
    }
    world.run(3_000);
    world.assert_told(1, "packets were dropped");
    assert!(
        world.node(1).checked() < 2_500,
        "{}",
        world.node(1).checked()
    );
    // And what it named is called slowly.
    let called: BTreeSet<u16> = world.stray.iter().map(|(to, _)| to.port()).collect();
    assert!(called.len() < 400, "{}", called.len());
    world.assert_one_cluster(1..=4);
}

#[test]
fn a_node_makes_another_check_as_many_signatures_as_it_may_however_it_spreads_them() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let mut forger = forger(4);
    let hello = forger.hello(1, vec![at(LIAR)]);
    let envelope = challenged(&mut world, &mut forger, 1);
    let before = world.node(1).checked();
    for round in 0..60 {
        let hellos = (0..100).map(|number| {
            let port = 1_000 + 100 * round + number;
            Forger::new(&open(port, 4), key(port)).hello(1, vec![at(port)])
        });
        let said = Said {
            hellos: hellos.collect(),
            ..Said::default()
        };
        let packet = forger.speech(envelope, hello.clone(), Standing::Seeking, Some(&said));
        world.arrive(LIAR, at(1), packet);
        world.run(20);
    }
    // 1,500 at once, 500 in each of 1.2 seconds, and what the last packet had too many.
    let checked = world.node(1).checked() - before;
    assert!((1_500..2_300).contains(&checked), "{checked}");
}

#[test]
fn a_node_that_hands_on_the_same_all_the_time_is_not_read_all_the_time() {
    let mut world = World::default();
    for port in 1..=4 {
        world.start(open(port, 4), &[1]);
    }
    let mut forger = forger(4);
    let hello = forger.hello(1, vec![at(LIAR)]);
    let envelope = challenged(&mut world, &mut forger, 1);
    let said = Said {
        hellos: vec![Forger::new(&open(50, 4), key(50)).hello(1, vec![at(50)])],
        ..Said::default()
    };
    let packet = forger.speech(envelope, hello, Standing::Seeking, Some(&said));
    for _ in 0..200 {
        world.arrive(LIAR, at(1), packet.clone());
        world.run(21);
    }
    // 48 packets in a second are let in, and 20 are read after the first 60.
    world.assert_told(1, "packets were dropped");
    world.assert_one_cluster(1..=4);
}

#[test]
fn of_all_addresses_that_one_packet_names_as_many_are_called_as_one_giver_may_name() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let mut forger = forger(4);
    let hellos = (0..50).map(|number| {
        let port = 1_000 + 4 * number;
        let addresses = (port..port + 4).map(at).collect();
        Forger::new(&open(port, 4), key(port)).hello(1, addresses)
    });
    let said = Said {
        hellos: hellos.collect(),
        ..Said::default()
    };
    let hello = forger.hello(1, vec![at(LIAR)]);
    say(&mut world, &mut forger, 1, hello, &said);
    let called: BTreeSet<u16> = world.stray.iter().map(|(to, _)| to.port()).collect();
    let named = called.into_iter().filter(|port| *port >= 1_000);
    assert!(named.eq(1_000..1_064));
}

#[test]
fn of_lines_that_others_cause_some_are_told_and_the_rest_are_counted() {
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    // It expects another number of nodes, and names another address each time.
    let mut forger = forger(5);
    for number in 0..400 {
        let reply = at(1_000 + number);
        let envelope = Envelope {
            reply,
            ours: Digest::of(&[b"the liar's challenge"]),
            theirs: None,
        };
        let hello = forger.hello(1, vec![reply]);
        let packet = forger.speech(envelope, hello, Standing::Seeking, None);
        world.arrive(LIAR, at(1), packet);
        world.run(12);
    }
    world.run(2_000);
    let told = world.times_told(1, "it expects 5 nodes, this node expects 4");
    assert!((256..300).contains(&told), "{told}");
    let left_out = world.texts(1).into_iter().filter_map(|text| {
        let (_, text) = text.split_once("discover ")?;
        let number = text.trim().strip_suffix(" lines about nodes that came, went or were refused were left out: others cause too many")?;
        number.parse::<usize>().ok()
    });
    assert_eq!(told + left_out.sum::<usize>(), 400);
}

#[test]
pub(crate) fn a_node_that_says_something_new_all_the_time_does_not_make_others_repeat_everything() {
    let mut world = World::default();
    for port in 1..=2 {
        world.start(open(port, 4), &[1]);
    }
    world.run(10_000);
    let mut forger = forger(4);
    let hello = forger.hello(1, vec![at(LIAR)]);
    let phantoms =
        [50, 51, 52].map(|port| Forger::new(&open(port, 4), key(port)).hello(1, vec![at(port)]));
    let members: Vec<_> = phantoms.into_iter().chain([hello.clone()]).collect();
    let roster = forger.roster(&members).unwrap();
    let before = world.sent();
    for attempt in 1..=500 {
        let envelope = challenged(&mut world, &mut forger, 1);
        let said = Said {
            votes: vec![(forger.vote(Phase::Roster, attempt, &roster), roster.clone())],
            ..Said::default()
        };
        let packet = forger.speech(envelope, hello.clone(), Standing::Seeking, Some(&said));
        world.arrive(LIAR, at(1), packet);
        world.run(15);
    }
    // 10 s: 500 answers to the liar's calls and at most as many to what it says; beside that some beats.
    let sent = world.sent() - before;
    assert!(sent < 1_200, "{sent}");
}

#[test]
pub(crate) fn what_the_key_before_has_signed_does_not_count_once_another_key_answers_at_an_address()
{
    let mut world = World::default();
    world.start(open(1, 4), &[]);
    let mut before = Forger::new(&open(LIAR, 4), key(100));
    let envelope = challenged(&mut world, &mut before, 1);
    let hello = before.hello(1, vec![at(LIAR)]);
    let old = before.speech(envelope, hello, Standing::Seeking, None);
    world.arrive(LIAR, at(1), old.clone());
    // The node there starts again without its memory, and what it said before is played again.
    let mut after = forger(4);
    let hello = after.hello(1, vec![at(LIAR)]);
    for _ in 0..5 {
        say(&mut world, &mut after, 1, hello.clone(), &Said::default());
        world.arrive(LIAR, at(1), old.clone());
        world.run(100);
    }
    assert_eq!(world.times_told(1, "answers at 127.0.0.1:9, where"), 1);
    assert_eq!(world.times_told(1, "shut out"), 0);
    assert!(
        world
            .node(1)
            .has_met(&quorate_gather::NodeId::of(&after.key()))
    );
}
