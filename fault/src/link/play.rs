//! Plays rules: what happens to each message, and when it sets out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroU64;

use quorate_protocol::{Digest, ReplicaId, Time};

use super::rule::{Carry, Does, Parcel, Share};
use super::rules::Rules;
use crate::dice::Dice;

/// The most bytes that wait on the link from one process to another. What comes beyond that is lost.
pub const ROOM: usize = 16 * 1024 * 1024;

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It sets out at the first time, and once more at the second time.
    Leaves(Time, Option<Time>),
    /// It is lost by the rule with this index.
    Lost(usize, Why),
}

/// Why a message is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The link is cut.
    Cut,
    /// By chance.
    Chance,
    /// [`ROOM`] bytes wait already.
    Full,
}

/// How many messages a rule has decided on, and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The messages that it was the first to fit.
    pub fitted: u64,
    /// Those of them that it has lost.
    pub lost: u64,
}

/// Rules at work. The same rules, seed and messages at the same times give the same fates.
#[derive(Clone, Debug)]
pub struct Links {
    rules: Rules,
    counts: Vec<Count>,
    /// When the time of the rules began, in microseconds. It may be before the caller's clock began.
    zero: i64,
    dice: Dice,
    ways: BTreeMap<(ReplicaId, ReplicaId), Way>,
    lost: u64,
}

/// The link from one process to another.
#[derive(Clone, Debug, Default)]
struct Way {
    /// What waits: until when, and how many bytes.
    waiting: BinaryHeap<Reverse<(Time, usize)>>,
    bytes: usize,
    /// When a rule with a rate, by its index, can let the next message pass.
    free: BTreeMap<usize, Time>,
}

impl Links {
    /// Rules whose time began `age` microseconds before the caller's clock.
    #[must_use]
    pub fn new(rules: Rules, seed: [u8; 32], age: u64) -> Self {
        Self {
            counts: vec![Count::default(); rules.all().len()],
            rules,
            zero: i64::try_from(age).map_or(i64::MIN, |age| -age),
            dice: Dice::of(Digest::of(&[b"links", &seed]).0),
            ways: BTreeMap::new(),
            lost: 0,
        }
    }

    /// Other rules from now on. Their time begins now. What waits goes on waiting.
    pub fn set(&mut self, now: Time, rules: Rules) {
        self.counts = vec![Count::default(); rules.all().len()];
        self.rules = rules;
        self.zero = i64::try_from(now.0).unwrap_or(i64::MAX);
        for way in self.ways.values_mut() {
            way.free.clear();
        }
    }

    /// The rules, each with its counts since it was set.
    pub fn rules(&self) -> impl Iterator<Item = (&super::Rule, Count)> {
        self.rules.all().iter().zip(self.counts.iter().copied())
    }

    /// Whether there are no rules, so that every message leaves at once.
    #[must_use]
    pub fn are_open(&self) -> bool {
        self.rules.all().is_empty()
    }

    /// How many messages were lost in all, by earlier rules too.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// What happens to a message that is sent now.
    pub fn pass(&mut self, now: Time, parcel: &Parcel) -> Fate {
        let since = i128::from(now.0) - i128::from(self.zero);
        let since = u64::try_from(since).unwrap_or_default();
        let mut rules = self.rules.all().iter();
        let Some(index) = rules.position(|rule| rule.fits(since, parcel)) else {
            return Fate::Leaves(now, None);
        };
        let fate = match self.rules.all()[index].does {
            Does::Cut => Fate::Lost(index, Why::Cut),
            Does::Carry(carry) => self.carry(index, &carry, now, parcel),
        };
        let lost = u64::from(matches!(fate, Fate::Lost(..)));
        self.lost += lost;
        let count = &mut self.counts[index];
        count.fitted += 1;
        count.lost += lost;
        fate
    }

    fn carry(&mut self, index: usize, carry: &Carry, now: Time, parcel: &Parcel) -> Fate {
        if self.chance(carry.lost) {
            return Fate::Lost(index, Why::Chance);
        }
        let first = self.leaves(index, carry, now, parcel);
        let again = self.chance(carry.doubled);
        let second = again.then(|| self.leaves(index, carry, now, parcel));
        match (first, second.flatten()) {
            (Some(first), second) => Fate::Leaves(first, second),
            (None, Some(second)) => Fate::Leaves(second, None),
            (None, None) => Fate::Lost(index, Why::Full),
        }
    }

    /// When a copy of a message sets out. `None`: too much waits.
    fn leaves(&mut self, index: usize, carry: &Carry, now: Time, parcel: &Parcel) -> Option<Time> {
        let mut late = self.dice_between(carry.delay_us, carry.jitter_us);
        if self.chance(carry.late) {
            late += carry.late_us;
        }
        let way = self.ways.entry((parcel.from, parcel.to)).or_default();
        let passed = match carry.bytes_per_second {
            None => now,
            Some(rate) => way.passes(index, now, parcel.bytes, rate),
        };
        let leaves = Time(passed.0.saturating_add(late));
        if leaves > now && !way.keep(now, leaves, parcel.bytes) {
            return None;
        }
        if carry.bytes_per_second.is_some() {
            way.free.insert(index, passed);
        }
        Some(leaves)
    }

    fn dice_between(&mut self, middle: u64, around: u64) -> u64 {
        if around == 0 {
            return middle;
        }
        self.dice.between(middle - around, middle + around)
    }

    fn chance(&mut self, share: Share) -> bool {
        share.0 > 0 && self.dice.below(Share::WHOLE) < share.0
    }
}

impl Way {
    /// When a message has passed that comes now.
    fn passes(&self, index: usize, now: Time, bytes: usize, rate: NonZeroU64) -> Time {
        let free = self.free.get(&index).copied().unwrap_or(now).max(now);
        let takes = (bytes as u64)
            .saturating_mul(1_000_000)
            .div_ceil(rate.get());
        Time(free.0.saturating_add(takes))
    }

    /// Whether so many bytes may wait until then.
    fn keep(&mut self, now: Time, until: Time, bytes: usize) -> bool {
        while let Some(Reverse((_, gone))) = self.waiting.peek().filter(|one| one.0.0 <= now) {
            self.bytes -= gone;
            self.waiting.pop();
        }
        if self.bytes + bytes > ROOM {
            return false;
        }
        self.waiting.push(Reverse((until, bytes)));
        self.bytes += bytes;
        true
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::{ReplicaId, Time};

    use super::super::{Kind, Rules};
    use super::{Count, Fate, Links, Parcel, ROOM, Why};

    const P: ReplicaId = ReplicaId(0);
    const Q: ReplicaId = ReplicaId(1);
    const R: ReplicaId = ReplicaId(2);
    const S: ReplicaId = ReplicaId(3);
    const START: Time = Time(0);

    fn rules(texts: &[&str]) -> Rules {
        Rules::parse(texts, 4).unwrap()
    }

    fn links(texts: &[&str]) -> Links {
        Links::new(rules(texts), [7; 32], 0)
    }

    fn parcel(from: ReplicaId, to: ReplicaId) -> Parcel {
        Parcel {
            from,
            to,
            kind: Some(Kind::COMMIT),
            bytes: 100,
        }
    }

    const fn cut(rule: usize) -> Fate {
        Fate::Lost(rule, Why::Cut)
    }

    #[test]
    fn without_rules_a_message_sets_out_at_once() {
        let mut links = links(&[]);
        assert_eq!(
            links.pass(Time(5), &parcel(P, Q)),
            Fate::Leaves(Time(5), None)
        );
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let mut links = links(&["P->Q: pass", "P->*: cut", "*->*: delay 1ms"]);
        let mut fate = |from, to| links.pass(START, &parcel(from, to));
        assert_eq!(fate(P, Q), Fate::Leaves(START, None));
        assert_eq!(fate(P, R), cut(1));
        assert_eq!(fate(Q, P), Fate::Leaves(Time(1000), None));
        let counts: Vec<_> = links.rules().map(|(_, count)| count).collect();
        let once = |lost| Count { fitted: 1, lost };
        assert_eq!(counts, [once(0), once(1), once(0)]);
        assert_eq!(links.lost(), 1);
    }

    #[test]
    fn a_cut_is_of_one_direction_or_of_both() {
        let mut links = links(&["P->Q: cut", "R<->S: cut"]);
        let mut is_cut = |from, to| matches!(links.pass(START, &parcel(from, to)), Fate::Lost(..));
        let ways = [(P, Q), (Q, P), (R, S), (S, R), (P, R)];
        assert_eq!(
            ways.map(|(from, to)| is_cut(from, to)),
            [true, false, true, true, false]
        );
    }

    #[test]
    fn a_rule_with_kinds_leaves_other_messages_and_those_that_nobody_can_read() {
        let mut links = links(&["*->* prepare+vote: cut"]);
        let mut fate = |kind| {
            let parcel = Parcel {
                kind,
                ..parcel(P, Q)
            };
            links.pass(START, &parcel)
        };
        assert_eq!(fate(Some(Kind::PREPARE)), cut(0));
        assert_eq!(fate(Some(Kind::VOTE)), cut(0));
        assert_eq!(fate(Some(Kind::COMMIT)), Fate::Leaves(START, None));
        assert_eq!(fate(None), Fate::Leaves(START, None));
    }

    #[test]
    fn a_window_begins_with_its_first_moment_and_ends_before_its_last() {
        let mut links = links(&["P->Q: cut @2s-6s"]);
        let mut is_cut = |at| matches!(links.pass(Time(at), &parcel(P, Q)), Fate::Lost(..));
        let times = [1_999_999, 2_000_000, 5_999_999, 6_000_000];
        assert_eq!(times.map(&mut is_cut), [false, true, true, false]);
    }

    #[test]
    fn times_count_from_where_the_rules_time_began_and_from_now_for_new_rules() {
        let text = ["P->Q: cut @2s-6s"];
        let mut links = Links::new(rules(&text), [7; 32], 2_000_000);
        assert_eq!(links.pass(START, &parcel(P, Q)), cut(0));
        assert_eq!(
            links.pass(Time(4_000_000), &parcel(P, Q)),
            Fate::Leaves(Time(4_000_000), None)
        );
        links.set(Time(10_000_000), rules(&text));
        assert_eq!(
            links.pass(Time(11_000_000), &parcel(P, Q)),
            Fate::Leaves(Time(11_000_000), None)
        );
        assert_eq!(links.pass(Time(12_000_000), &parcel(P, Q)), cut(0));
        assert_eq!(links.lost(), 2, "earlier rules count");
        assert_eq!(links.rules().map(|(_, count)| count.lost).sum::<u64>(), 1);
    }

    #[test]
    fn a_share_of_the_messages_is_lost_and_the_same_ones_with_the_same_seed() {
        let play = |seed| {
            let mut links = Links::new(rules(&["*->*: loss 20%"]), [seed; 32], 0);
            let fates = (0..10_000).map(|_| links.pass(START, &parcel(P, Q)));
            fates
                .map(|fate| fate == Fate::Lost(0, Why::Chance))
                .collect::<Vec<_>>()
        };
        let lost = play(1);
        let count = lost.iter().filter(|lost| **lost).count();
        assert!((1800..2200).contains(&count), "{count}");
        assert_eq!(lost, play(1));
        assert_ne!(lost, play(2));
    }

    #[test]
    fn a_delay_varies_within_its_jitter_on_both_sides() {
        let mut links = links(&["P->Q: delay 10ms±4ms"]);
        let times: Vec<u64> = (0..1000)
            .map(|_| match links.pass(START, &parcel(P, Q)) {
                Fate::Leaves(at, None) => at.0,
                other => panic!("{other:?}"),
            })
            .collect();
        let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert!((6000..6100).contains(least), "{least}");
        assert!((13_900..=14_000).contains(most), "{most}");
    }

    #[test]
    fn a_duplicate_waits_for_itself() {
        let mut links = links(&["P->Q: duplicate 100%, delay 10ms±4ms"]);
        let Fate::Leaves(first, Some(second)) = links.pass(START, &parcel(P, Q)) else {
            panic!("it is not sent twice");
        };
        assert_ne!(first, second);
    }

    #[test]
    fn what_is_reordered_waits_so_long_that_later_messages_overtake_it() {
        let mut links = links(&["P->Q: reorder 30% by 50ms"]);
        let fates: Vec<_> = (0..1000)
            .map(|_| links.pass(START, &parcel(P, Q)))
            .collect();
        let late = fates
            .iter()
            .filter(|fate| **fate == Fate::Leaves(Time(50_000), None))
            .count();
        let at_once = fates
            .iter()
            .filter(|fate| **fate == Fate::Leaves(START, None))
            .count();
        assert!((250..350).contains(&late), "{late}");
        assert_eq!(late + at_once, 1000);
    }

    #[test]
    fn with_a_rate_messages_pass_one_after_another_on_each_link_by_itself() {
        let mut links = links(&["P->*: rate 100kB/s, delay 5ms"]);
        let mut leaves = |now, to| match links.pass(Time(now), &parcel(P, to)) {
            Fate::Leaves(at, None) => at.0,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [leaves(0, Q), leaves(0, Q), leaves(0, Q)],
            [6000, 7000, 8000]
        );
        assert_eq!(leaves(0, R), 6000, "another link");
        assert_eq!(leaves(9000, Q), 15_000, "it was free");
    }

    #[test]
    fn what_waits_is_bounded_and_what_comes_beyond_is_lost_until_there_is_room() {
        let mut links = links(&["P->*: delay 1s"]);
        let mut fate = |now, to, bytes| {
            let parcel = Parcel {
                bytes,
                ..parcel(P, to)
            };
            links.pass(Time(now), &parcel)
        };
        assert_eq!(fate(0, Q, ROOM - 10), Fate::Leaves(Time(1_000_000), None));
        assert_eq!(fate(0, Q, 10), Fate::Leaves(Time(1_000_000), None));
        assert_eq!(fate(0, Q, 1), Fate::Lost(0, Why::Full));
        assert_eq!(
            fate(0, R, 1),
            Fate::Leaves(Time(1_000_000), None),
            "another link"
        );
        assert_eq!(fate(999_999, Q, 1), Fate::Lost(0, Why::Full));
        assert_eq!(
            fate(1_000_000, Q, ROOM),
            Fate::Leaves(Time(2_000_000), None)
        );
    }

    #[test]
    fn a_message_that_a_full_link_loses_takes_no_time_of_its_rate() {
        let mut links = links(&["P->Q: rate 16MiB/s"]);
        let mut fate = |now, bytes| {
            let parcel = Parcel {
                bytes,
                ..parcel(P, Q)
            };
            links.pass(Time(now), &parcel)
        };
        assert_eq!(fate(0, ROOM), Fate::Leaves(Time(1_000_000), None));
        assert_eq!(fate(0, 1), Fate::Lost(0, Why::Full));
        assert_eq!(fate(1_000_000, ROOM), Fate::Leaves(Time(2_000_000), None));
    }
}
