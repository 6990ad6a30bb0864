//! What a round of the exchange costs in requests and slots.
#![allow(clippy::unwrap_used)]

mod four;

use four::Cluster;
use quorate_host::{Answer, Ask, Heard};
use quorate_protocol::{ReplicaId, Sequence};

const ROUND: Option<u64> = Some(1);

/// A process tells another its vote.
fn tell(cluster: &mut Cluster, from: u32, to: u32) {
    let vote = Ask::Vote {
        recipient: ReplicaId(to),
        decision: "attack".into(),
        round: ROUND,
    };
    cluster.processes[from as usize].ask(cluster.now, vote, 0);
    cluster.turn(from as usize);
    let Some((_, Answer::Told(told))) = cluster.answers.pop() else {
        panic!("{from} told nothing");
    };
    let heard = Heard {
        sender: ReplicaId(from),
        decision: "attack".into(),
        round: ROUND,
        signature: told.vote.map(|vote| vote.encode()),
    };
    cluster.processes[to as usize].ask(cluster.now, Ask::Hear(heard), 0);
    cluster.turn(to as usize);
    assert_eq!(cluster.answers.pop(), Some((0, Answer::Listened(true))));
}

/// The processes `from` tell all others their votes, and all are asked for the decision.
fn play(cluster: &mut Cluster, from: std::ops::Range<u32>) {
    for from in from {
        for to in (0..4).filter(|to| *to != from) {
            tell(cluster, from, to);
        }
    }
    for process in &mut cluster.processes {
        process.ask(cluster.now, Ask::Finalize(ROUND), 1);
    }
    cluster.pass();
    let decided = (1, Answer::Decided("attack".into()));
    assert_eq!(cluster.answers, vec![decided; 4]);
}

/// P is the primary. Its request goes alone, those of the others together.
#[test]
fn a_round_in_which_all_hear_all_takes_one_request_of_each_process_and_two_slots() {
    let mut cluster = Cluster::start();
    play(&mut cluster, 0..4);
    assert_eq!(cluster.asked.len(), 4);
    assert_eq!(cluster.processes[0].replica().executed(), Sequence(2));
}

#[test]
fn a_round_in_which_one_says_nothing_is_closed_before_its_ballots() {
    let mut cluster = Cluster::start();
    play(&mut cluster, 0..3);
    let exchange = cluster.processes[0].service().exchange();
    let round = exchange.round(1).unwrap();
    assert!(
        round
            .ballots
            .iter()
            .all(|ballot| Some(ballot.sequence) > round.closed_at)
    );
}

/// Q's request for round 1 is under way when R's closes round 2. Both share a slot.
#[test]
fn a_close_that_another_process_has_ordered_meanwhile_is_not_ordered_again() {
    let mut cluster = Cluster::start();
    let finalize = |cluster: &mut Cluster, at: usize, round| {
        cluster.processes[at].ask(cluster.now, Ask::Finalize(Some(round)), 1);
        cluster.turn(at);
    };
    finalize(&mut cluster, 0, 3);
    finalize(&mut cluster, 1, 1);
    finalize(&mut cluster, 1, 2);
    finalize(&mut cluster, 2, 2);
    cluster.pass();
    let closed: Vec<_> = cluster.processes[0].service().exchange().closed().collect();
    assert_eq!(closed, [1, 2, 3]);
    assert_eq!(cluster.asked.len(), 3);
}
