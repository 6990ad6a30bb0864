//! Every faulty process keeps proofs against others, and does nothing about them.

use quorate_fault::Faulty;
use quorate_protocol::message::Prepare;
use quorate_protocol::{
    Config, Effect, Evidence, Input, Message, Replica, ReplicaId, Sequence, Timer, View,
};

use crate::{OTHERS, P, batch, digest, keys, made, millis, proposal, sent, setting, standing};
#[test]
fn a_faulty_process_acts_on_no_proof_against_others_until_it_is_correct() {
    let config = Config::new(OTHERS[0], setting().config.quorum);
    let mut liar = Faulty::new(Replica::new(config), Some(made("silent@after=1h")));
    liar.step(millis(0), Input::Start);
    let lie = Prepare {
        view: View(0),
        sequence: Sequence(1),
        digest: digest(1),
    };
    let proof = Evidence::PrimaryPrepared(keys(P).sign(lie).into_signed());
    let seen = liar.step(millis(10), Input::Proved(Box::new(proof)));
    assert_eq!(sent(&seen), [], "it neither shows the proof nor leaves P");
    assert!(liar.replica().convicts(P), "it keeps the proof");
    liar.step(millis(20), Input::Timer(Timer::Status));
    assert!(liar.replica().status().active);
    liar.change(millis(30), None);
    liar.step(millis(40), Input::Timer(Timer::Status));
    let status = liar.replica().status();
    assert_eq!((status.view, status.active), (View(1), false));
}

#[test]
fn a_faulty_process_counts_the_votes_of_a_proved_liar_and_hands_no_proof_on_also_after_a_restart() {
    let [own, peer, proved_liar] = OTHERS;
    let replica = || Replica::new(Config::new(own, setting().config.quorum));
    let mut process = Faulty::new(replica(), Some(made("silent@after=1h")));
    let hears = |process: &mut Faulty, from: ReplicaId, message: Message| {
        let heard = keys(from).sign_message(message).unwrap();
        process.step(millis(10), Input::Message(heard))
    };
    let lie = |number| {
        let lie = Prepare {
            view: View(0),
            sequence: Sequence(7),
            digest: digest(number),
        };
        keys(proved_liar).sign(lie).into_signed()
    };
    let standing = standing(0);
    let vote = Message::Prepare(Prepare {
        view: View(0),
        sequence: Sequence(1),
        digest: batch(1).digest(),
    });
    // As a liar before and after a restart, then as a correct process.
    let rounds = [(true, 1, 0), (true, 1, 0), (false, 0, 1)];
    for (round, (behaviour, counted, proofs)) in rounds.into_iter().enumerate() {
        if round > 0 {
            process.restart(replica());
        }
        if !behaviour {
            process.change(millis(10), None);
        }
        process.step(millis(10), Input::Start);
        let proof = Evidence::TwoPrepares(lie(1), lie(2));
        process.step(millis(10), Input::Proved(Box::new(proof)));
        assert!(
            process.replica().convicts(proved_liar),
            "it keeps the proof"
        );
        hears(&mut process, P, proposal(1));
        hears(&mut process, proved_liar, vote.clone());
        let slot = process.replica().slot(Sequence(1));
        assert_eq!(slot.prepares, counted, "faulty: {behaviour}");
        let answer = hears(&mut process, peer, standing.clone());
        let shown = answer.iter().filter(|effect| {
            let message = match effect {
                Effect::Broadcast(message) | Effect::Send { message, .. } => Some(message),
                _ => None,
            };
            matches!(message, Some(Message::Proof(_)))
        });
        assert_eq!(shown.count(), proofs, "faulty: {behaviour}");
    }
}
