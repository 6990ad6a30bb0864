//! How many signatures an operation costs (docs/speed.md, "The floor").
#![allow(clippy::unwrap_used)]

mod four;

use four::Cluster;
use quorate_host::{Answer, Ask, Heard, Process};
use quorate_protocol::{ReplicaId, Time};

/// The signatures that each process has made and checked.
fn counts(cluster: &mut Cluster) -> Vec<(u64, u64)> {
    let count = |process: &mut Process<u64>| {
        let keys = process.keys();
        (keys.signed(), keys.checked())
    };
    cluster.processes.iter_mut().map(count).collect()
}

/// P is the primary: it signs its request and its proposal together, and sends its reply to nobody.
#[test]
fn an_operation_at_the_primary_costs_eleven_signatures_and_eighteen_checks() {
    let mut cluster = Cluster::start();
    cluster.pass();
    // No timer runs out.
    cluster.now = Time(0);
    let before = counts(&mut cluster);
    cluster.submit(0, "set x=1", 1);
    cluster.pass();
    assert_eq!(cluster.answers.len(), 1);
    let after = counts(&mut cluster);
    let cost = after.into_iter().zip(before);
    let cost: Vec<_> = cost
        .map(|((signed, checked), before)| (signed - before.0, checked - before.1))
        .collect();
    assert_eq!(cost, [(2, 6), (3, 4), (3, 4), (3, 4)]);
}

#[test]
fn the_votes_of_a_turn_share_a_signature_and_each_recipient_takes_its_own() {
    let mut cluster = Cluster::start();
    cluster.pass();
    let before = counts(&mut cluster);
    for recipient in 1..4 {
        let vote = Ask::Vote {
            recipient: ReplicaId(recipient),
            decision: "attack".into(),
            round: Some(1),
        };
        cluster.processes[0].ask(cluster.now, vote, u64::from(recipient));
    }
    cluster.turn(0);
    let told = std::mem::take(&mut cluster.answers);
    assert_eq!(told.len(), 3);
    for (to, answer) in told {
        let Answer::Told(told) = answer else {
            panic!("{answer:?}");
        };
        let heard = Heard {
            sender: ReplicaId(0),
            decision: "attack".into(),
            round: Some(1),
            signature: told.vote.map(|vote| vote.encode()),
        };
        let recipient = &mut cluster.processes[usize::try_from(to).unwrap()];
        recipient.ask(cluster.now, Ask::Hear(heard), to);
    }
    cluster.pass();
    let listened = |(_, answer): &(u64, Answer)| *answer == Answer::Listened(true);
    assert!(cluster.answers.iter().all(listened) && cluster.answers.len() == 3);
    assert_eq!(counts(&mut cluster)[0].0 - before[0].0, 1);
}
