//! Members that misbehave in the words of `--faulty`: the others are heard, nobody else is named, and all end well.

use quorate_fault::behaviour::REGISTRY;
use quorate_fault::{Scene, Setting, grammar};

use super::*;

/// A gathering of n members that all want these things done, with a bid or a ballot of their own.
struct Story {
    offer: &'static str,
    wishes: fn(usize) -> Vec<Wish>,
    is_over: fn(&Gathering) -> bool,
}

const AUCTION: Story = Story {
    offer: "auction,work can=cores:4 prefer=auction",
    wishes: |at| vec![auction(), Wish::Bid(lamp(), amount(at))],
    is_over: sold,
};

const WORK: Story = Story {
    offer: "work,auction can=cores:4 needs=cores:4 prefer=work",
    wishes: |_| vec![Wish::Work(name("job"), Task::new(0, 10_000, 7).unwrap())],
    is_over: |state| {
        let quorum = state.membership().quorum();
        let job = state.jobs().first();
        job.is_some_and(|job| job.what.total(quorum) == Some(1229))
    },
};

const VOTE: Story = Story {
    offer: "vote,auction can=cores:4 prefer=vote",
    wishes: |_| {
        let (red, blue) = (name("red"), name("blue"));
        let question = Wish::Question(name("colour"), Rule::Plurality, vec![red, blue.clone()]);
        vec![question, Wish::Ballot(name("colour"), vec![blue])]
    },
    is_over: |state| {
        let question = state.questions().first();
        question.is_some_and(|one| one.what.closing.at().is_some())
    },
};

fn auction() -> Wish {
    Wish::Auction(lamp(), Price::Second)
}

/// Nobody bids as much as another.
fn amount(at: usize) -> u64 {
    100 + (at as u64 * 7) % 10
}

impl Story {
    fn begin(&self, n: usize, faults: &[(usize, &str)]) -> Cluster {
        let plans = (0..n).map(|at| {
            let secret = u8::try_from(at).unwrap();
            Some(plan(secret, self.offer, (self.wishes)(at)))
        });
        let mut cluster = Cluster::start(plans.collect());
        for (at, words) in faults {
            cluster.misbehave(*at, words);
        }
        cluster
    }

    /// Plays to the end, with these members misbehaving, and checks that it is a good one.
    fn play(&self, n: usize, faults: &[(usize, &str)]) -> Cluster {
        let mut cluster = self.begin(n, faults);
        cluster.until(self.is_over);
        // What liars order after the end is executed too.
        for _ in 0..20 {
            cluster.pass();
        }
        let liars: Vec<usize> = faults.iter().map(|(at, _)| *at).collect();
        check(&cluster, n, &liars, faults);
        cluster
    }
}

impl Cluster {
    fn misbehave(&mut self, at: usize, words: &str) {
        let n = u32::try_from(self.processes.len()).unwrap();
        let own = ReplicaId(u32::try_from(at).unwrap());
        let setting = Setting {
            config: Config::new(own, Quorum::of(NonZeroU32::new(n).unwrap())),
            seed: [9; 32],
            scene: Scene::Gathering,
        };
        let behaviour = grammar::parse(words, &setting).unwrap();
        self.processes[at].change(self.now, Some(behaviour));
    }
}

/// What correct members say counts, and nobody names them. All see the same.
fn check(cluster: &Cluster, n: usize, liars: &[usize], faults: &[(usize, &str)]) {
    let correct: Vec<usize> = (0..n).filter(|at| !liars.contains(at)).collect();
    let first = cluster.state(correct[0]);
    for at in &correct {
        let member = ReplicaId(u32::try_from(*at).unwrap());
        let record = first.record(member).unwrap();
        assert!(record.offer.is_some(), "{faults:?}");
        assert_eq!(first.unrevealed(member), None, "{faults:?}");
        assert!(record.misdeeds.is_empty(), "{faults:?}: {record:?}");
        for lot in first.lots() {
            let bid = lot.what.bids.get(&member).and_then(|bid| bid.what.amount);
            assert_eq!(bid, Some(amount(*at)), "{faults:?}");
        }
        for question in first.questions() {
            assert!(question.what.ballots.contains_key(&member), "{faults:?}");
        }
        let shared = cluster
            .lines(*at)
            .len()
            .min(cluster.lines(correct[0]).len());
        assert_eq!(
            cluster.lines(*at)[..shared],
            cluster.lines(correct[0])[..shared],
            "{faults:?}"
        );
    }
}

/// The examples of the behaviours that need a gathering.
fn lies() -> Vec<&'static str> {
    let needs = |needs| REGISTRY.into_iter().filter(move |one| one.needs == needs);
    needs(Scene::Gathering).map(|one| one.example).collect()
}

#[test]
fn one_liar_of_four_spoils_no_auction_no_vote_and_no_job_whoever_it_is() {
    for lie in lies() {
        for at in [P, S] {
            for story in [AUCTION, VOTE, WORK] {
                story.play(4, &[(at, lie)]);
            }
        }
    }
}

#[test]
fn two_liars_of_seven_spoil_no_auction_no_vote_and_no_job_whatever_the_two_do() {
    for first in lies() {
        for second in lies() {
            for story in [AUCTION, VOTE, WORK] {
                story.play(7, &[(P, first), (6, second)]);
            }
        }
    }
}

#[test]
fn a_false_offer_claims_everything_and_its_wrong_results_are_named_and_do_not_count() {
    let cluster = WORK.play(4, &[(S, "lie-offer")]);
    all_say(
        &cluster,
        "negotiate S offers auction, vote, work, store; cores 1000000000000000; prefers work",
    );
    all_say(&cluster, "'job' is done: 1229 primes");
    nobody_is_named(&cluster, &["S"]);
    let believed = cluster.state(P).choice().unwrap().numbers[&name("cores")];
    assert_eq!(believed, 4, "what f+1 members claim");
    all_say(&cluster, "malicious S");
}

#[test]
fn two_offers_of_one_member_are_named_and_the_first_in_the_order_counts() {
    let cluster = AUCTION.play(4, &[(S, "equivocate-offer")]);
    all_say(&cluster, "malicious S made two offers");
    nobody_is_named(&cluster, &["S"]);
    let record = cluster.state(P).record(ReplicaId(3)).unwrap();
    let (first, second) = (
        record.offer.as_ref().unwrap(),
        record.second_offer.as_ref().unwrap(),
    );
    assert!(first.slot <= second.slot && first.what != second.what);
}

#[test]
fn a_bid_that_is_changed_after_the_close_is_refused_and_the_lot_goes_to_another() {
    let cluster = AUCTION.play(4, &[(S, "late-bid")]);
    all_say(
        &cluster,
        "malicious S changed its bid for 'lamp' after the close",
    );
    all_say(&cluster, "P 100, Q 107, R 104; S did not reveal: void");
    all_say(&cluster, "Q wins 'lamp' for 104 (second price)");
    nobody_is_named(&cluster, &["S"]);
}

#[test]
fn a_member_that_does_not_reveal_must_reveal_and_is_not_called_malicious() {
    let cluster = AUCTION.play(4, &[(Q, "no-reveal")]);
    all_say(&cluster, "P 100, R 104, S 101; Q did not reveal: void");
    all_say(&cluster, "R wins 'lamp' for 101 (second price)");
    nobody_is_named(&cluster, &[]);
    assert_eq!(cluster.state(P).unrevealed(ReplicaId(1)), Some(&lamp()));
}

#[test]
fn a_primary_that_withholds_the_bids_of_others_is_replaced_and_all_bids_count() {
    let view = |cluster: &Cluster| cluster.processes[Q].replica().status().view.0;
    let calm = AUCTION.play(4, &[]);
    assert_eq!(view(&calm), 0);
    let cluster = AUCTION.play(4, &[(P, "withhold")]);
    assert!(view(&cluster) > 0, "the primary is left");
    all_say(&cluster, "P 100, Q 107, R 104, S 101");
    nobody_is_named(&cluster, &[]);
    let cluster = VOTE.play(4, &[(P, "withhold")]);
    assert!(view(&cluster) > 0);
    all_say(&cluster, "'colour': blue, with 4 ballots");
}

#[test]
fn a_trigger_holds_for_what_a_member_orders_too() {
    let never = AUCTION.play(4, &[(S, "late-bid@after=1h")]);
    all_say(&never, "P 100, Q 107, R 104, S 101");
    nobody_is_named(&never, &[]);
    let early = AUCTION.play(4, &[(S, "equivocate-offer@slots=1-2")]);
    nobody_is_named(&early, &["S"]);
}

#[test]
fn a_lie_whose_time_comes_while_nothing_executes_is_told_then() {
    // R and S bid nothing, so the others wait for as long as people may take.
    let story = Story {
        wishes: |at| {
            let bid = (at < 2).then(|| Wish::Bid(lamp(), amount(at)));
            std::iter::once(auction()).chain(bid).collect()
        },
        ..AUCTION
    };
    let mut cluster = story.begin(4, &[(S, "equivocate-offer@after=1s")]);
    cluster.until(|state| {
        let record = state.record(ReplicaId(3));
        record.is_some_and(|record| record.second_offer.is_some())
    });
    assert!(Time(1_000_000) <= cluster.now && cluster.now < Time(0) + PATIENCE);
}
