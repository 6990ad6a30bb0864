//! Votes.

use quorate_protocol::Sequence;
use quorate_service::gathering::report;
use quorate_service::gathering::{Answer, Refusal};

use crate::{P, Q, R, Run, S, name};

#[test]
fn a_vote_counts_one_ballot_of_each_member() {
    let mut run = Run::agreed("vote");
    assert_eq!(
        run.say(P, "1 question colour plurality red,blue,green"),
        Answer::Counted
    );
    for (member, option) in [(P, "red"), (Q, "blue"), (R, "red"), (S, "blue")] {
        assert_eq!(
            run.say(member, &format!("1 ballot colour {option}")),
            Answer::Counted
        );
    }
    let before = run.clone();
    let contradiction = Answer::Contradiction {
        first: Sequence(12),
    };
    assert_eq!(run.say(S, "1 ballot colour red"), contradiction);
    for bad in ["1 ballot colour pink", "1 ballot colour red,blue"] {
        assert_eq!(run.refused(R, bad), Refusal::Ballot(name("colour")));
    }
    run.close("ballots colour");
    assert!(!run.say(S, "1 ballot colour red").is_done());
    // min(["red", "blue"], key=lambda o: hashlib.sha256(f"tie {'5b'*32} 1 vote/colour {o}".encode()).hexdigest())
    let winner = "blue";
    assert_eq!(
        run.since(&before),
        [
            "malicious S changed its ballot on 'colour': the first, in slot 12, counts (slot 13)"
                .to_owned(),
            format!("act 'colour': {winner}, with 4 ballots: red 2, blue 2, green 0 (slot 17)"),
        ]
    );
    let vote: report::Vote = run.view("vote colour");
    assert_eq!(vote.vote.winner, Some(name(winner)));
    assert_eq!(vote.tally[0].points, 2);
}

#[test]
fn a_borda_vote_counts_places() {
    let mut run = Run::agreed("vote");
    run.say(P, "1 question colour borda red,blue,green");
    for (member, ballot) in [
        (P, "red,blue"),
        (Q, "red,blue"),
        (R, "blue,green,red"),
        (S, "blue"),
    ] {
        assert_eq!(
            run.say(member, &format!("1 ballot colour {ballot}")),
            Answer::Counted
        );
    }
    run.close("ballots colour");
    let last = run.lines(0).pop().unwrap();
    assert_eq!(
        last,
        "act 'colour': blue, with 4 ballots: red 7, blue 10, green 2 (slot 14)"
    );
    let late = run.say(S, "1 ballot colour red");
    assert!(matches!(late, Answer::Contradiction { .. }), "{late}");
}

#[test]
fn a_vote_without_ballots_has_no_winner_and_a_late_ballot_does_not_count() {
    let mut run = Run::agreed("vote");
    run.say(P, "1 question colour plurality red,blue");
    run.close("ballots colour");
    let before = run.clone();
    assert!(matches!(
        run.say(R, "1 ballot colour red"),
        Answer::Late { .. }
    ));
    let line = format!(
        "act R voted on 'colour' after the close: refused (slot {})",
        before.slot
    );
    assert_eq!(run.since(&before), [line]);
    let vote: report::Vote = run.view("vote colour");
    assert_eq!((vote.vote.winner, vote.vote.ended), (None, true));
}
