//! Processes that gather by themselves: they found, offer, agree and act, and so do the others when one is silent or lies.
#![allow(clippy::unwrap_used)]

mod liars;
mod seeds;

use std::collections::{BTreeSet, VecDeque};
use std::num::NonZeroU32;

use quorate_host::{Answer, Ask, Batch, Event, Past, Process, Refusal, Setup, join};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClientId, ClusterId, Config, Duration, Keys, Quorum, Record, ReplicaId, Sequence,
    SignedMessage, Time, Timestamp,
};
use quorate_service::Operation;
use quorate_service::exchange::Rules;
use quorate_service::gathering::{
    Activity, Gathering, Membership, Name, Offer, Plan, Price, Rule, Task, Unwise, Wish,
};

const CLUSTER: ClusterId = ClusterId([7; 32]);
const PATIENCE: Duration = Duration::from_millis(2000);
const P: usize = 0;
const Q: usize = 1;
const R: usize = 2;
const S: usize = 3;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn lamp() -> Name {
    name("lamp")
}

/// A member that offers this and wants this. Its lies, if it is the liar, are ordered by the test.
fn plan(secret: u8, offer: &str, wishes: Vec<Wish>) -> Plan {
    Plan {
        offer: Some(Offer::parse(offer).unwrap()),
        patience: PATIENCE,
        deliberation: PATIENCE,
        secret: [secret; 32],
        wishes,
    }
}

fn setup(at: usize, n: u32, past: Past, life: u64, gathers: Option<Plan>) -> Setup {
    let quorum = Quorum::of(NonZeroU32::new(n).unwrap());
    let own = ReplicaId(u32::try_from(at).unwrap());
    Setup {
        keys: Keys::simulated(own, n, CLUSTER),
        membership: Membership::plain(CLUSTER, quorum),
        config: Config::new(own, quorum),
        rules: Rules {
            quorum,
            default_decision: "retreat".into(),
        },
        behaviour: None,
        past,
        first_number: life << 40,
        trusts_callers: true,
        gathers,
    }
}

/// Processes, and the batches under way.
struct Cluster {
    now: Time,
    processes: Vec<Process<()>>,
    disks: Vec<Vec<Record>>,
    down: BTreeSet<usize>,
    network: VecDeque<(usize, Vec<u8>)>,
    /// The latest answers to callers.
    answers: Vec<Answer>,
}

impl Cluster {
    fn start(plans: Vec<Option<Plan>>) -> Self {
        let n = u32::try_from(plans.len()).unwrap();
        let processes = plans.into_iter().enumerate();
        let processes = processes.map(|(at, plan)| Process::new(setup(at, n, Past::None, 0, plan)));
        Self {
            now: Time(0),
            processes: processes.collect(),
            disks: vec![Vec::new(); n as usize],
            down: BTreeSet::new(),
            network: VecDeque::new(),
            answers: Vec::new(),
        }
    }

    /// Four members that all want to hold the same auction and bid these amounts.
    fn auction(bids: [Option<u64>; 4]) -> Self {
        let plans = (0..).zip(bids).map(|(secret, bid)| {
            let bid = bid.map(|amount| Wish::Bid(lamp(), amount));
            let auction = Wish::Auction(lamp(), Price::Second);
            let wishes = std::iter::once(auction).chain(bid).collect();
            Some(plan(secret, "auction,work prefer=auction", wishes))
        });
        Self::start(plans.collect())
    }

    fn turn(&mut self, at: usize) {
        if self.down.contains(&at) {
            return;
        }
        let n = self.processes.len();
        let process = &mut self.processes[at];
        let head = process.head();
        let turn = process.turn(self.now);
        let released = turn.write(&mut self.disks[at]).unwrap();
        self.answers
            .extend(released.answers.into_iter().map(|(_, answer)| answer));
        for event in released.events {
            let Event::Sent(outgoing) = event else {
                continue;
            };
            let bytes = join(head, &[outgoing.bytes]);
            let to = outgoing.to.map(|to| to.0 as usize);
            for other in (0..n).filter(|other| to.map_or(*other != at, |to| to == *other)) {
                self.network.push_back((other, bytes.clone()));
            }
        }
    }

    /// Delivers everything, and then lets the next timer run out.
    fn pass(&mut self) {
        for at in 0..self.processes.len() {
            self.turn(at);
        }
        while let Some((at, bytes)) = self.network.pop_front() {
            if !self.down.contains(&at) {
                let batch = Batch::open(&bytes, CLUSTER).unwrap();
                self.processes[at].deliver(batch);
                self.turn(at);
            }
        }
        let up = (0..)
            .zip(&self.processes)
            .filter(|(at, _)| !self.down.contains(at));
        let due = up.filter_map(|(_, process)| process.due()).min();
        self.now = self.now.max(due.unwrap_or_default());
    }

    /// Goes on until this holds in the state of each process that is up.
    #[track_caller]
    fn until(&mut self, holds: impl Fn(&Gathering) -> bool) {
        for _ in 0..2000 {
            let n = self.processes.len();
            if (0..n)
                .filter(|at| !self.down.contains(at))
                .all(|at| holds(self.state(at)))
            {
                return;
            }
            self.pass();
        }
        let waits: Vec<_> = self
            .state(0)
            .waits()
            .iter()
            .map(ToString::to_string)
            .collect();
        panic!("nothing more happens; {waits:?}; {:#?}", self.lines(0));
    }

    fn state(&self, at: usize) -> &Gathering {
        self.processes[at].service().gathering()
    }

    fn lines(&self, at: usize) -> Vec<String> {
        let log = self.state(at).log().from(0);
        log.map(|one| format!("{} {}", one.happening.stage(), one.happening))
            .collect()
    }

    /// Orders a command in the name of a member, whatever its plan is.
    fn order(&mut self, at: usize, text: &str) {
        let operation = Operation::Gathering(text.to_owned());
        let ask = Ask::Submit {
            operation,
            name: None,
        };
        self.processes[at].ask(self.now, ask, ());
    }

    fn wish(&mut self, at: usize, wish: Wish) -> Answer {
        self.processes[at].ask(self.now, Ask::Wish(wish), ());
        self.answers.clear();
        self.turn(at);
        let answered = |answer: &Answer| matches!(answer, Answer::Wished | Answer::Refused(_));
        self.answers
            .iter()
            .find(|answer| answered(answer))
            .unwrap()
            .clone()
    }

    /// Ends a process as kill -9 does: all that it keeps are its records.
    fn kill(&mut self, at: usize) {
        self.down.insert(at);
    }

    fn restart(&mut self, at: usize, plan: Plan) {
        let n = u32::try_from(self.processes.len()).unwrap();
        let kept = Past::Kept(self.disks[at].clone());
        self.processes[at] = Process::new(setup(at, n, kept, 1, Some(plan)));
        self.down.remove(&at);
    }
}

fn sold(state: &Gathering) -> bool {
    let lot = state.lots().iter().find(|lot| lot.name == lamp());
    lot.is_some_and(|lot| lot.what.reveals_closing.at().is_some())
}

fn bids(state: &Gathering) -> usize {
    state.lots().first().map_or(0, |lot| lot.what.bids.len())
}

/// Whether a line stands among those of each process.
#[track_caller]
fn all_say(cluster: &Cluster, line: &str) {
    for at in 0..cluster.processes.len() {
        if !cluster.down.contains(&at) {
            let lines = cluster.lines(at);
            assert!(
                lines.iter().any(|one| one.contains(line)),
                "{line} at {at}: {lines:#?}"
            );
        }
    }
}

#[track_caller]
fn nobody_is_named(cluster: &Cluster, but: &[&str]) {
    let lines = cluster.lines(0);
    let named =
        |line: &&String| line.starts_with("malicious") && !but.iter().any(|one| line.contains(one));
    assert_eq!(lines.iter().find(named), None);
}

#[test]
fn four_members_found_agree_and_sell_without_waiting_when_all_speak() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), Some(10)]);
    cluster.until(sold);
    let expected = [
        "found cluster 07070707, 4 nodes, 1 may lie: P=P Q=Q R=R S=S",
        "negotiate P offers auction, work; prefers auction",
        "negotiate closed: 4 offers",
        "agree auction, by P, Q, R, S; auction: offered by 4 of 4, Borda 8; work: offered by 4 of 4, Borda 0",
        "act auction 'lamp': closed with sealed bids of P, Q, R, S",
        "act auction 'lamp': P 40, Q 75, R 60, S 10",
        "act Q wins 'lamp' for 60 (second price)",
    ];
    for line in expected {
        all_say(&cluster, line);
    }
    assert_eq!(cluster.lines(P), cluster.lines(S));
    nobody_is_named(&cluster, &[]);
    assert!(cluster.now < Time(0) + PATIENCE, "{:?}", cluster.now);
}

#[test]
fn a_silent_member_holds_nobody_up_longer_than_their_patience() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), None]);
    cluster.kill(S);
    cluster.until(sold);
    all_say(&cluster, "closed: 3 offers");
    all_say(&cluster, "Q wins 'lamp' for 60");
    nobody_is_named(&cluster, &[]);
}

#[test]
fn a_primary_that_is_down_is_replaced_and_the_auction_goes_on() {
    let mut cluster = Cluster::auction([None, Some(75), Some(60), Some(10)]);
    cluster.kill(P);
    cluster.until(sold);
    all_say(&cluster, "Q wins 'lamp' for 60");
    nobody_is_named(&cluster, &[]);
}

/// A process that is killed before the cluster is founded, while offers are taken, while bids are taken, and while bids are revealed,
/// goes on with what its disk tells.
#[test]
fn a_member_that_is_killed_at_any_stage_goes_on_from_its_disk() {
    type Stage = fn(&Gathering) -> bool;
    let stages: [Stage; 4] = [
        |_| true,
        |state| state.founded().is_some(),
        |state| bids(state) > 0,
        |state| {
            state
                .lots()
                .first()
                .is_some_and(|lot| lot.what.bids_closing.at().is_some())
        },
    ];
    for (number, stage) in stages.into_iter().enumerate() {
        let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), Some(10)]);
        cluster.until_step(Q, stage);
        cluster.kill(Q);
        // It starts again before the others have lost their patience, with the wishes of its command line.
        cluster.turn(P);
        let wishes = vec![Wish::Auction(lamp(), Price::Second), Wish::Bid(lamp(), 75)];
        cluster.restart(Q, plan(1, "auction,work prefer=auction", wishes));
        cluster.until(sold);
        all_say(&cluster, "Q wins 'lamp' for 60");
        nobody_is_named(&cluster, &[]);
        assert!(
            cluster.state(P).unrevealed(ReplicaId(1)).is_none(),
            "{number}"
        );
    }
}

#[test]
fn a_member_that_is_killed_after_its_bid_reveals_it_though_nobody_tells_it_the_amount_again() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), Some(10)]);
    cluster.until_step(Q, |state| bids(state) == 4);
    cluster.kill(Q);
    cluster.restart(Q, plan(1, "auction,work prefer=auction", Vec::new()));
    cluster.until(sold);
    all_say(&cluster, "P 40, Q 75, R 60, S 10");
}

#[test]
fn two_offers_and_a_bid_changed_after_the_close_are_named_by_all_and_the_auction_ends_well() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), Some(10)]);
    cluster.until(|state| {
        state
            .record(ReplicaId(3))
            .is_some_and(|one| one.offer.is_some())
    });
    cluster.order(S, "1 offer store");
    cluster.until(|state| {
        state
            .lots()
            .first()
            .is_some_and(|lot| lot.what.bids_closing.at().is_some())
    });
    let other = "ab".repeat(32);
    cluster.order(S, &format!("1 bid lamp {other}"));
    cluster.until(sold);
    for _ in 0..20 {
        cluster.pass();
    }
    all_say(&cluster, "malicious S made two offers");
    all_say(
        &cluster,
        "malicious S changed its bid for 'lamp' after the close",
    );
    all_say(&cluster, "Q wins 'lamp' for 60");
    nobody_is_named(&cluster, &["S"]);
}

#[test]
fn a_bid_that_is_not_revealed_is_void_and_nobody_else_must_reveal() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), None]);
    cluster.until(|state| bids(state) == 3);
    cluster.order(S, &format!("1 bid lamp {}", "ab".repeat(32)));
    cluster.until(sold);
    all_say(&cluster, "P 40, Q 75, R 60; S did not reveal: void");
    all_say(&cluster, "Q wins 'lamp' for 60");
    for at in 0..4 {
        let unrevealed = cluster.state(P).unrevealed(ReplicaId(at));
        assert_eq!(unrevealed.is_some(), at == 3);
    }
}

#[test]
fn a_liar_that_closes_every_phase_at_once_cuts_nobody_off() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), Some(10)]);
    cluster.until(|state| state.founded().is_some());
    for phase in ["offers", "bids lamp", "reveals lamp"] {
        for _ in 0..3 {
            cluster.order(S, &format!("1 close {phase}"));
            cluster.pass();
        }
    }
    cluster.until(sold);
    all_say(&cluster, "closed: 4 offers");
    all_say(&cluster, "P 40, Q 75, R 60, S 10");
}

#[test]
fn members_divide_a_job_check_it_and_name_the_one_with_another_result() {
    let job = || Wish::Work(name("job"), Task::new(0, 10_000, 4).unwrap());
    let plans = (0..4).map(|secret| Some(plan(secret, "work", vec![job()])));
    let mut cluster = Cluster::start(plans.collect());
    // The liar's result of its part is ordered before its right one.
    cluster.until(|state| !state.jobs().is_empty());
    let mut lies = 0;
    for part in 0..4 {
        if cluster.state(P).assigned(part).contains(&ReplicaId(3)) {
            cluster.order(S, &format!("1 result job {} 1", part + 1));
            lies += 1;
        }
    }
    assert_eq!(lies, 3);
    let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
    cluster.until(|state| {
        state
            .jobs()
            .first()
            .is_some_and(|job| job.what.total(quorum).is_some())
    });
    all_say(
        &cluster,
        "act 'job' is done: 1229 primes from 0 to before 10000, in 4 parts",
    );
    nobody_is_named(&cluster, &["S"]);
}

#[test]
fn members_vote_and_those_who_say_nothing_are_not_waited_for_for_ever() {
    let question = Wish::Question(
        name("colour"),
        Rule::Plurality,
        vec![name("red"), name("blue")],
    );
    let plans = (0..4).map(|secret| {
        let mut wishes = vec![question.clone()];
        if secret != 3 {
            wishes.push(Wish::Ballot(name("colour"), vec![name("blue")]));
        }
        Some(plan(secret, "vote", wishes))
    });
    let mut cluster = Cluster::start(plans.collect());
    cluster.until(|state| {
        state
            .questions()
            .first()
            .is_some_and(|one| one.what.closing.at().is_some())
    });
    all_say(&cluster, "'colour': blue, with 3 ballots: red 0, blue 3");
    assert!(cluster.now >= Time(0) + PATIENCE);
    nobody_is_named(&cluster, &[]);
}

#[test]
fn seven_members_of_whom_two_are_silent_gather_too() {
    let plans = (0..7).map(|secret| {
        let wishes = vec![
            Wish::Auction(lamp(), Price::Second),
            Wish::Bid(lamp(), 10 + u64::from(secret)),
        ];
        Some(plan(secret, "auction", wishes))
    });
    let mut cluster = Cluster::start(plans.collect());
    cluster.kill(6);
    cluster.kill(0);
    cluster.until(sold);
    all_say(&cluster, "U wins 'lamp' for 14 (second price)");
    nobody_is_named(&cluster, &[]);
}

#[test]
fn a_new_epoch_begins_when_enough_members_want_it_and_they_offer_again() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), Some(10)]);
    cluster.until(sold);
    for at in [P, R, S] {
        assert_eq!(cluster.wish(at, Wish::NextEpoch), Answer::Wished);
    }
    cluster.until(|state| state.epoch() == 2 && state.choice().is_some());
    assert_eq!(
        cluster.state(Q).choice().unwrap().chosen,
        Some(Activity::Auction)
    );
    assert_eq!(
        cluster.wish(R, Wish::Auction(lamp(), Price::Second)),
        Answer::Wished
    );
    for (at, amount) in [(P, 5), (Q, 6), (R, 7), (S, 8)] {
        assert_eq!(cluster.wish(at, Wish::Bid(lamp(), amount)), Answer::Wished);
    }
    cluster.until(sold);
    all_say(&cluster, "S wins 'lamp' for 7 (second price)");
    nobody_is_named(&cluster, &[]);
}

#[test]
fn a_wish_that_would_contradict_the_member_or_could_not_count_is_refused_at_once() {
    let mut cluster = Cluster::auction([Some(40), None, Some(60), Some(10)]);
    let spoken =
        |answer: &Answer| matches!(answer, Answer::Refused(Refusal::Unwise(Unwise::Spoken(_))));
    let answer = cluster.wish(P, Wish::Bid(lamp(), 41));
    assert!(spoken(&answer), "it wishes another bid already: {answer:?}");
    cluster.until(|state| bids(state) == 3);
    let answer = cluster.wish(R, Wish::Bid(lamp(), 61));
    assert!(spoken(&answer), "{answer:?}");
    let work = Wish::Work(name("job"), Task::new(0, 10, 1).unwrap());
    let answer = cluster.wish(Q, work);
    let refused = matches!(answer, Answer::Refused(Refusal::Unwise(Unwise::Refused(_))));
    assert!(refused, "{answer:?}");
    cluster.until(sold);
    let answer = cluster.wish(Q, Wish::Bid(lamp(), 61));
    let closed = matches!(answer, Answer::Refused(Refusal::Unwise(Unwise::Closed(_))));
    assert!(closed, "{answer:?}");
    nobody_is_named(&cluster, &[]);
    let mut cluster = Cluster::start(vec![None]);
    let answer = cluster.wish(P, Wish::NextEpoch);
    assert_eq!(answer, Answer::Refused(Refusal::GathersNot));
}

#[test]
fn a_process_that_does_not_trust_its_callers_lets_none_of_them_speak_for_it() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), Some(10)]);
    let untrusting = Setup {
        trusts_callers: false,
        ..setup(S, 4, Past::None, 0, Some(plan(3, "auction", Vec::new())))
    };
    cluster.processes[S] = Process::new(untrusting);
    let refused = Answer::Refused(Refusal::NotFromElsewhere);
    assert_eq!(cluster.wish(S, Wish::Bid(lamp(), 5)), refused);
    cluster.order(S, "1 offer work");
    cluster.answers.clear();
    cluster.turn(S);
    assert_eq!(cluster.answers, [refused]);
    cluster.until(sold);
    nobody_is_named(&cluster, &[]);
}

#[test]
fn commands_that_a_liar_signs_for_a_far_later_slot_do_not_keep_a_phase_open() {
    let mut cluster = Cluster::auction([Some(40), Some(75), Some(60), None]);
    cluster.kill(S);
    let offers = |state: &Gathering| {
        let offered = |at| {
            state
                .record(ReplicaId(at))
                .is_some_and(|one| one.offer.is_some())
        };
        (0..3).all(offered)
    };
    cluster.until(offers);
    cluster.now = cluster.now + PATIENCE + PATIENCE;
    let head = cluster.processes[S].head();
    let keys = Keys::simulated(head.sender, 4, CLUSTER);
    let operation = Operation::Gathering("1 offer auction".to_owned()).encode();
    // Before each turn of a process one more of them arrives there.
    for timestamp in 1..1000 {
        let client = ClientId::session(head.sender, timestamp);
        let request = Request::new(client, Timestamp(1), operation.clone());
        let signed = keys.sign(request.after(Sequence(1 << 40))).into_signed();
        let message = postcard::to_stdvec(&SignedMessage::Request(signed)).unwrap();
        let lie = join(head, &[message.into()]);
        let (at, sent) = cluster.network.pop_front().unzip();
        let at = at.unwrap_or(P);
        for bytes in sent.into_iter().chain([lie]) {
            let batch = Batch::open(&bytes, CLUSTER).unwrap();
            cluster.processes[at].deliver(batch);
        }
        cluster.turn(at);
    }
    let closed = |at| cluster.state(at).choice().is_some();
    assert!([P, Q, R].into_iter().all(closed), "{:#?}", cluster.lines(P));
}

impl Cluster {
    /// Goes on message by message until this holds at one process.
    #[track_caller]
    fn until_step(&mut self, watched: usize, holds: impl Fn(&Gathering) -> bool) {
        for _ in 0..2000 {
            for at in 0..self.processes.len() {
                self.turn(at);
            }
            while let Some((at, bytes)) = self.network.pop_front() {
                if holds(self.state(watched)) {
                    self.network.push_front((at, bytes));
                    return;
                }
                self.processes[at].deliver(Batch::open(&bytes, CLUSTER).unwrap());
                self.turn(at);
            }
            let due = self.processes.iter().filter_map(Process::due).min();
            self.now = self.now.max(due.unwrap_or_default());
        }
        panic!("that stage never comes");
    }
}
