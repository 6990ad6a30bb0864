//! Who is shut out, and how much each may send.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use quorate_protocol::{Duration, Time};

use crate::id::PublicKey;

/// How many bad answers are let pass.
pub(crate) const TRIES: u32 = 3;

/// How often the time of being shut out doubles at most: 8 seconds become 17 minutes. Somebody whose settings were wrong for an
/// hour does not wait another hour once they are right.
const MOST_DOUBLED: u32 = 7;

/// The most that are remembered.
const MOST: usize = 512;

/// Who gave a bad answer: an address at which a challenge was received, or a key that signed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// An address.
    Address(SocketAddr),
    /// A key.
    Key(PublicKey),
}

#[derive(Clone, Copy, Debug)]
struct Record {
    tries: u32,
    /// How often it was shut out before.
    times: u32,
    until: Time,
    last: Time,
}

/// Who gave bad answers, and who is shut out. After three bad answers somebody is shut out, each time twice as long.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    first: Duration,
    records: BTreeMap<Who, Record>,
}

/// Somebody is shut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shut {
    /// For how long.
    pub(crate) lasts: Duration,
}

impl Doors {
    pub(crate) const fn new(first: Duration) -> Self {
        Self {
            first,
            records: BTreeMap::new(),
        }
    }

    pub(crate) fn is_shut(&self, now: Time, who: Who) -> bool {
        self.records.get(&who).is_some_and(|one| now < one.until)
    }

    /// Counts a bad answer.
    pub(crate) fn count(&mut self, now: Time, who: Who) -> Option<Shut> {
        self.make_room(now, who);
        let record = self.records.entry(who).or_insert(Record {
            tries: 0,
            times: 0,
            until: Time(0),
            last: now,
        });
        record.last = now;
        record.tries += 1;
        if record.tries < TRIES {
            return None;
        }
        let lasts = self.first.doubled(record.times.min(MOST_DOUBLED));
        record.tries = 0;
        record.times += 1;
        record.until = now + lasts;
        Some(Shut { lasts })
    }

    /// Forgets whoever did not come for longest, those who are shut out last.
    fn make_room(&mut self, now: Time, who: Who) {
        if self.records.len() < MOST || self.records.contains_key(&who) {
            return;
        }
        let rank = |record: &Record| (now < record.until, record.last);
        let oldest = self.records.iter().min_by_key(|(_, record)| rank(record));
        if let Some(who) = oldest.map(|(who, _)| *who) {
            self.records.remove(&who);
        }
    }
}

/// How much of something is still allowed. It grows with time, up to a limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// How much grows in a second.
    rate: u32,
    /// How much it is at most.
    most: u32,
    /// In millionths. Less than nothing if more was spent than there was: that must grow again first.
    left: i64,
    at: Time,
}

/// How many packets each sender may send, and all together.
#[derive(Clone, Debug)]
pub(crate) struct Allowance<Sender> {
    /// The packets of a sender in one second; three times as many may come at once.
    each: u32,
    /// The same of all senders.
    total: Bucket,
    senders: BTreeMap<Sender, Bucket>,
}

impl Bucket {
    /// It grows up to three seconds' worth, and has that.
    pub(crate) const fn full(rate: u32) -> Self {
        Self::with_most(rate, 3 * rate)
    }

    /// It grows up to `most`, and has that.
    pub(crate) const fn with_most(rate: u32, most: u32) -> Self {
        Self {
            rate,
            most,
            left: millionths(most),
            at: Time(0),
        }
    }

    fn refill(&mut self, now: Time) {
        let passed = now.0.saturating_sub(self.at.0);
        let more = passed.saturating_mul(self.rate.into());
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        self.left = self.left.saturating_add(more).min(millionths(self.most));
        self.at = now;
    }

    pub(crate) fn has_one(&mut self, now: Time) -> bool {
        self.refill(now);
        self.left >= millionths(1)
    }

    /// Takes this much, even if it is more than there is.
    pub(crate) const fn spend(&mut self, much: u32) {
        self.left = self.left.saturating_sub(millionths(much));
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, now: Time) -> bool {
        let may = self.has_one(now);
        if may {
            self.spend(1);
        }
        may
    }

    /// When there is one again, if there is none.
    pub(crate) fn next(&self) -> Time {
        let missing = millionths(1).saturating_sub(self.left);
        let missing = u64::try_from(missing).unwrap_or(0);
        Time(self.at.0.saturating_add(missing.div_ceil(self.rate.into())))
    }
}

const fn millionths(much: u32) -> i64 {
    much as i64 * 1_000_000
}

impl<Sender: Copy + Ord> Allowance<Sender> {
    pub(crate) const fn new(each: u32, all: u32) -> Self {
        Self {
            each,
            total: Bucket::full(all),
            senders: BTreeMap::new(),
        }
    }

    /// Whether one more packet of this sender may be looked at.
    pub(crate) fn take(&mut self, now: Time, sender: Sender) -> bool {
        self.make_room(&sender);
        let bucket = self
            .senders
            .entry(sender)
            .or_insert(Bucket::full(self.each));
        bucket.has_one(now) && self.total.take(now) && bucket.take(now)
    }

    /// Forgets the sender that was quiet for longest: it loses least.
    fn make_room(&mut self, sender: &Sender) {
        if self.senders.len() < MOST || self.senders.contains_key(sender) {
            return;
        }
        let oldest = self.senders.iter().min_by_key(|(_, bucket)| bucket.at);
        if let Some(sender) = oldest.map(|(sender, _)| *sender) {
            self.senders.remove(&sender);
        }
    }
}

/// Calls of unknown senders, by the address that the transport names.
pub(crate) type Callers = Allowance<IpAddr>;
/// Packets of senders that have received a challenge.
pub(crate) type Correspondents = Allowance<SocketAddr>;

#[cfg(test)]
mod tests {
    use quorate_protocol::{Duration, Time};

    use super::{Allowance, Doors, MOST, Shut, Who};

    #[test]
    fn three_bad_answers_shut_out_and_each_time_lasts_twice_as_long() {
        let mut doors = Doors::new(Duration::from_millis(8_000));
        let who = Who::Key([1; 32]);
        let mut now = Time(0);
        for seconds in [8_u64, 16, 32] {
            assert_eq!(doors.count(now, who), None);
            assert_eq!(doors.count(now, who), None);
            assert!(!doors.is_shut(now, who));
            let lasts = Duration::from_millis(seconds * 1_000);
            assert_eq!(doors.count(now, who), Some(Shut { lasts }));
            assert!(doors.is_shut(now, who));
            assert!(!doors.is_shut(now, Who::Key([2; 32])));
            now = now + lasts;
            assert!(!doors.is_shut(now, who));
        }
    }

    #[test]
    fn nobody_is_shut_out_for_longer_than_17_minutes_at_once() {
        let mut doors = Doors::new(Duration::from_millis(8_000));
        let who = Who::Key([1; 32]);
        let shut = (0..60).filter_map(|_| doors.count(Time(0), who));
        let lasts: Vec<u64> = shut.map(|shut| shut.lasts.0 / 1_000_000).collect();
        assert_eq!(lasts[..9], [8, 16, 32, 64, 128, 256, 512, 1024, 1024]);
        assert!(lasts[9..].iter().all(|seconds| *seconds == 1024));
    }

    #[test]
    fn a_flood_of_keys_pushes_nobody_out_who_is_shut_out() {
        let mut doors = Doors::new(Duration::from_millis(8_000));
        let who = Who::Key([255; 32]);
        for _ in 0..3 {
            doors.count(Time(0), who);
        }
        for number in 0..2_000_u32 {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&number.to_le_bytes());
            doors.count(Time(1 + u64::from(number)), Who::Key(key));
        }
        assert!(doors.records.len() <= MOST);
        assert!(doors.is_shut(Time(5_000), who));
    }

    #[test]
    fn a_sender_has_its_allowance_beside_one_that_floods() {
        let mut allowance = Allowance::new(10, 100);
        let mut taken = 0;
        for micros in 0..1_000 {
            taken += u32::from(allowance.take(Time(micros * 1_000), 'a'));
            if micros % 100 == 0 {
                assert!(allowance.take(Time(micros * 1_000), 'b'));
            }
        }
        assert!((30..=41).contains(&taken), "{taken}");
    }
}
