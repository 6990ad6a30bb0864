//! Many runs with random delays: up to f members lie as they like, or one correct process is killed and started again.

use std::collections::BTreeMap;

use super::*;

/// The runs: as many as a test has time for.
const SEEDS: u64 = 20;
/// The longest that a message takes.
const DELAY_MICROS: u64 = 40_000;

/// Random numbers: xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

struct Run {
    dice: Dice,
    cluster: Cluster,
    /// The batches under way, by the time at which they arrive.
    arrivals: BTreeMap<(Time, u64), (usize, Vec<u8>)>,
    sent: u64,
    /// At most f.
    liars: BTreeSet<usize>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let n = if dice.below(4) == 0 { 7 } else { 4 };
        let most = if dice.below(3) == 0 { 0 } else { (n - 1) / 3 };
        let liars = (0..most).map(|_| usize::try_from(dice.below(n)).unwrap());
        let liars: BTreeSet<usize> = liars.collect();
        let plans = (0..n).map(|at| {
            let wishes = vec![
                Wish::Auction(lamp(), Price::Second),
                Wish::Bid(lamp(), amount(at)),
            ];
            let is_liar = liars.iter().any(|liar| *liar as u64 == at);
            (!is_liar).then(|| {
                plan(
                    u8::try_from(at).unwrap(),
                    "auction,work prefer=auction",
                    wishes,
                )
            })
        });
        Self {
            cluster: Cluster::start(plans.collect()),
            dice,
            arrivals: BTreeMap::new(),
            sent: 0,
            liars,
        }
    }

    fn correct(&self) -> Vec<usize> {
        (0..self.cluster.processes.len())
            .filter(|at| !self.liars.contains(at))
            .collect()
    }

    /// Lets a process take its turn, and sends what it has to send on its way.
    fn turn(&mut self, at: usize) {
        self.cluster.turn(at);
        for batch in std::mem::take(&mut self.cluster.network) {
            let delay = Duration(self.dice.below(DELAY_MICROS));
            self.sent += 1;
            self.arrivals
                .insert((self.cluster.now + delay, self.sent), batch);
        }
    }

    /// Does what comes next: a batch arrives, or a timer runs out.
    fn step(&mut self) {
        let up: Vec<usize> = (0..self.cluster.processes.len())
            .filter(|at| !self.cluster.down.contains(at))
            .collect();
        let due = up
            .iter()
            .filter_map(|at| Some((self.cluster.processes[*at].due()?, *at)))
            .min();
        let next = self.arrivals.first_key_value().map(|((time, _), _)| *time);
        match (next, due) {
            (Some(next), due) if due.is_none_or(|(due, _)| next <= due) => {
                let (_, (to, bytes)) = self.arrivals.pop_first().unwrap();
                self.cluster.now = self.cluster.now.max(next);
                if !self.cluster.down.contains(&to) {
                    self.cluster.processes[to].deliver(Batch::open(&bytes, CLUSTER).unwrap());
                    self.turn(to);
                }
            }
            (_, Some((due, at))) => {
                self.cluster.now = self.cluster.now.max(due);
                self.turn(at);
            }
            (_, None) => panic!("nothing is left to do"),
        }
    }

    fn is_over(&self) -> bool {
        self.correct()
            .into_iter()
            .all(|at| sold(self.cluster.state(at)))
    }

    /// Something that no correct member says, or not now.
    fn lie(&mut self, liar: usize) {
        let seen = self.cluster.state(self.correct()[0]);
        let bids = seen.lots().first().map(|lot| lot.what.bids.values());
        let copy = bids
            .into_iter()
            .flatten()
            .next()
            .map_or([0xab; 32], |bid| bid.what.commitment);
        let copy: String = copy.iter().map(|byte| format!("{byte:02x}")).collect();
        let number = self.dice.below(1000);
        let (other, salt) = (format!("{number:064x}"), "0c".repeat(32));
        let lies = [
            "1 offer auction,vote,work,store can=cores:1000000 prefer=work".to_owned(),
            "1 offer work,auction least=100 prefer=work,auction".to_owned(),
            format!("1 offer auction,work without=P,Q deadline={number}"),
            "1 close offers".to_owned(),
            "1 close bids lamp".to_owned(),
            "1 close reveals lamp".to_owned(),
            "1 close epoch".to_owned(),
            "1 auction lamp first".to_owned(),
            format!("1 auction lot{number} first"),
            format!("1 bid lamp {copy}"),
            format!("1 bid lamp {other}"),
            format!("1 reveal lamp {number} {salt}"),
            format!("found {other} P,Q,R,S"),
            format!("1 result job {number} 1"),
            "2 close epoch".to_owned(),
            "nonsense".to_owned(),
        ];
        let lie = self.dice.one(&lies).clone();
        self.cluster.order(liar, &lie);
        self.turn(liar);
    }
}

fn amount(at: u64) -> u64 {
    100 + at * 7 % 5
}

/// Plays a run to its end.
fn play(seed: u64) -> Run {
    let mut run = Run::new(seed);
    let n = run.cluster.processes.len();
    for at in 0..n {
        run.turn(at);
    }
    let victim = usize::try_from(run.dice.below(n as u64)).unwrap();
    let kill_at = run.dice.below(600);
    for step in 0..60_000 {
        if run.is_over() {
            return run;
        }
        run.step();
        let liars = Vec::from_iter(run.liars.clone());
        if !liars.is_empty() && run.dice.below(8) == 0 {
            let liar = *run.dice.one(&liars);
            run.lie(liar);
        } else if liars.is_empty() && step == kill_at {
            run.cluster.kill(victim);
        } else if liars.is_empty() && step == kill_at + 50 {
            let wishes = vec![
                Wish::Auction(lamp(), Price::Second),
                Wish::Bid(lamp(), amount(victim as u64)),
            ];
            let own = plan(
                u8::try_from(victim).unwrap(),
                "auction,work prefer=auction",
                wishes,
            );
            run.cluster.restart(victim, own);
            run.turn(victim);
        }
    }
    panic!(
        "seed {seed}: no end; {:#?}",
        run.cluster.lines(run.correct()[0])
    );
}

#[test]
fn correct_members_are_heard_never_named_and_see_the_same_whatever_f_members_do() {
    for seed in 0..SEEDS {
        let run = play(seed);
        let correct = run.correct();
        let first = run.cluster.state(correct[0]);
        let context = || {
            format!(
                "seed {seed}, liars {:?}: {:#?}",
                run.liars,
                run.cluster.lines(correct[0])
            )
        };
        assert_eq!(
            first.choice().unwrap().chosen,
            Some(Activity::Auction),
            "{}",
            context()
        );
        let lot = first.lots().iter().find(|lot| lot.name == lamp()).unwrap();
        for at in &correct {
            let member = ReplicaId(u32::try_from(*at).unwrap());
            let record = first.record(member).unwrap();
            assert!(
                record.offer.is_some() && record.misdeeds.is_empty(),
                "{}",
                context()
            );
            assert_eq!(first.unrevealed(member), None, "{}", context());
            let bid = lot.what.bids.get(&member).and_then(|bid| bid.what.amount);
            assert_eq!(bid, Some(amount(*at as u64)), "{}", context());
            let shared = run
                .cluster
                .lines(*at)
                .len()
                .min(run.cluster.lines(correct[0]).len());
            assert_eq!(
                run.cluster.lines(*at)[..shared],
                run.cluster.lines(correct[0])[..shared]
            );
        }
        let lines = run.cluster.lines(correct[0]);
        let founded = lines.iter().filter(|line| line.starts_with("found"));
        assert_eq!(founded.count(), 1);
    }
}
