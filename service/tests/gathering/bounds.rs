//! What a member may say, how often, and until when.

use quorate_protocol::{ReplicaId, Sequence};
use quorate_service::gathering::{
    Activity, Answer, BadCommand, MOST_MISDEEDS, MOST_OPENED, Refusal, Verb,
};

use crate::{P, Q, R, Run, S, name};

#[test]
fn names_are_taken_once_and_each_member_may_open_so_many() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lot0 second");
    assert_eq!(run.say(Q, "1 auction lot0 second"), Answer::Again);
    for lot in 1..MOST_OPENED {
        assert_eq!(
            run.say(P, &format!("1 auction lot{lot} second")),
            Answer::Counted
        );
    }
    let most = MOST_OPENED;
    let refusal = run.refused(P, "1 auction other second");
    let member = ReplicaId(P);
    assert_eq!(refusal, Refusal::TooMany { member, most });
    assert_eq!(run.say(P, "1 auction lot0 second"), Answer::Again);
    assert_eq!(run.say(Q, "1 auction other second"), Answer::Counted);
    let mut run = Run::agreed("vote");
    run.say(P, "1 question lunch borda soup,rice");
    assert_eq!(
        run.refused(Q, "1 question lunch plurality soup,rice"),
        Refusal::NameTaken {
            name: name("lunch"),
            by: ReplicaId(P),
            slot: Sequence(8),
        }
    );
}

#[test]
fn an_epoch_ends_when_a_quorum_wants_it_and_what_belongs_to_it_counts_no_more() {
    let mut run = Run::agreed("auction");
    run.say(P, "1 auction lamp second");
    for member in [S, R] {
        run.say(member, "1 close epoch");
        assert_eq!(
            run.state.epoch(),
            1,
            "f liars and a correct member are not enough"
        );
    }
    run.say(Q, "1 close epoch");
    assert_eq!(run.state.epoch(), 2);
    let late = run.refused(P, "1 close offers");
    assert_eq!(late, Refusal::OtherEpoch { ours: 2, theirs: 1 });
    assert_eq!(run.state.choice(), None);
    assert!(run.state.lots().is_empty());
    assert_eq!(run.say(P, "2 offer work"), Answer::Counted);
}

#[test]
fn a_deadline_counts_slots_from_the_beginning_of_the_epoch() {
    for (deadline, chosen) in [(5, Some(Activity::Work)), (4, None)] {
        let mut run = Run::new(4);
        for member in [P, Q, R] {
            run.say(member, &format!("1 offer work deadline={deadline}"));
        }
        run.close("offers");
        assert_eq!(run.state.choice().unwrap().chosen, chosen, "{deadline}");
    }
    let mut run = Run::new(4);
    let refusal = run.refused(P, "1 offer work without=T");
    assert_eq!(refusal, Refusal::NoSuchMember(ReplicaId(4)));
}

#[test]
fn a_member_that_misbehaves_again_and_again_cannot_fill_the_log() {
    let mut run = Run::new(4);
    for number in 0..200 {
        let other = format!("{number:064x}");
        run.refused(S, &format!("found {other} P,Q,R,S"));
    }
    let told = run.lines(0).len();
    assert_eq!(told, 1 + MOST_MISDEEDS + 1);
    let last = run.lines(0).pop().unwrap();
    assert_eq!(
        last,
        "malicious S misbehaves too often; the rest of this epoch is not told (slot 34)"
    );
}

#[test]
fn what_is_not_understood_is_refused_and_changes_nothing() {
    let mut run = Run::agreed("auction");
    let before = run.clone();
    for text in ["", "offer", "1 sell lamp", "auction", "happenings x"] {
        assert!(!run.say(P, text).is_done(), "{text}");
    }
    let bad = Refusal::Command(BadCommand::Grammar(Verb::Bid));
    assert_eq!(run.refused(P, "1 bid lamp a b c"), bad);
    assert_eq!(
        run.refused(P, "1 close bids lamp"),
        Refusal::NoSuch(name("lamp"))
    );
    assert_eq!(run.state, before.state);
}
