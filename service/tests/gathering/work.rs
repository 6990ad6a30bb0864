//! Divided jobs.

use quorate_protocol::{ReplicaId, Sequence};
use quorate_service::gathering::report;
use quorate_service::gathering::{Answer, Refusal};

use crate::{P, Q, R, Run, S, name};

#[test]
fn a_part_of_a_job_is_done_once_f_plus_1_members_give_the_same_result_and_the_odd_one_is_named() {
    let mut run = Run::agreed("work");
    assert_eq!(run.say(P, "1 work job primes 0 100 2"), Answer::Counted);
    // 15 primes below 50, 10 from 50 on. Three of four members do each part.
    let before = run.clone();
    assert_eq!(run.say(R, "1 result job 1 16"), Answer::Counted);
    assert_eq!(run.say(P, "1 result job 1 15"), Answer::Counted);
    assert_eq!(run.since(&before), [""; 0], "one result counts for nothing");
    assert_eq!(run.say(Q, "1 result job 1 15"), Answer::Counted);
    assert_eq!(
        run.refused(S, "1 result job 1 15"),
        Refusal::NotAssigned {
            member: ReplicaId(S),
            job: name("job"),
            part: 1,
        }
    );
    // S, P and Q do the second part.
    run.say(S, "1 result job 2 10");
    run.say(P, "1 result job 2 10");
    run.say(Q, "1 result job 2 11");
    assert_eq!(
        run.since(&before),
        [
            "act part 1 of 'job': 15, as P, Q say (slot 11)",
            "malicious R says that part 1 of 'job' is 16: wrong, it is 15 (slot 11)",
            "act part 2 of 'job': 10, as P, S say (slot 14)",
            "act 'job' is done: 25 primes from 0 to before 100, in 2 parts (slot 14)",
            "malicious Q says that part 2 of 'job' is 11: wrong, it is 10 (slot 15)",
        ]
    );
    let changed = run.say(R, "1 result job 1 15");
    assert_eq!(changed, Answer::Contradiction { first: Sequence(9) });
    let job: report::JobReport = run.view("job job");
    assert_eq!((job.job.total, job.job.done), (Some(25), 2));
    assert_eq!(job.parts[0].results["R"], 16);
}

#[test]
fn a_job_whose_members_are_silent_can_be_ended_and_says_what_is_left() {
    let mut run = Run::agreed("work");
    run.say(P, "1 work job primes 0 100 2");
    for member in [P, Q] {
        run.say(member, "1 result job 1 15");
    }
    run.say(P, "1 result job 2 10");
    let before = run.clone();
    run.close("results job");
    assert!(matches!(
        run.say(Q, "1 result job 2 10"),
        Answer::Late { .. }
    ));
    let at = before.slot + 1;
    assert_eq!(
        run.since(&before),
        [
            format!("act 'job' has ended unfinished: too few equal results of parts 2 (slot {at})"),
            format!(
                "act Q gave a result of 'job' after the close: refused (slot {})",
                at + 1
            ),
        ]
    );
}
