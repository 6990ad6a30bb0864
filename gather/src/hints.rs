//! Addresses to be called. A hint is an address to try, and nothing more.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use quorate_protocol::{Duration, Time};

use crate::doors::{Bucket, TRIES};
use crate::id::{NodeId, PublicKey};
use crate::settings::Pace;

/// Where an address comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The user gave it (`--join`).
    Join,
    /// Multicast DNS.
    Mdns,
    /// A node that was met named it.
    Relayed,
    /// The node at the address called first.
    Called,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Join => "--join",
            Self::Mdns => "multicast DNS",
            Self::Relayed => "named by another node",
            Self::Called => "it called",
        })
    }
}

/// An address to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The address.
    pub address: SocketAddr,
    /// The node that should answer there. It binds only if the user gave it: then any other answer is refused.
    pub id: Option<NodeId>,
    /// [`Source::Join`] or [`Source::Mdns`].
    pub source: Source,
}

/// Who gave a hint. Each has room of its own, so nobody pushes out the hints of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Giver {
    /// The user.
    User,
    /// Multicast DNS.
    Mdns,
    /// A node that was met.
    Node(PublicKey),
}

/// The most hints of each giver.
pub(crate) const MOST_OF_EACH: usize = 64;
/// The most hints of all.
const MOST: usize = 1024;

#[derive(Clone, Copy, Debug)]
struct Call {
    giver: Giver,
    /// Its place in the order of hints.
    number: u64,
    expected: Option<NodeId>,
    tries: u32,
    next: Time,
}

/// A call that nobody answered for the third time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered {
    pub(crate) address: SocketAddr,
    pub(crate) tries: u32,
    pub(crate) next: Duration,
}

/// The addresses to be called, and when.
#[derive(Clone, Debug)]
pub(crate) struct Hints {
    calls: BTreeMap<SocketAddr, Call>,
    given: u64,
    /// When each giver had its last turn, as a number.
    turns: BTreeMap<Giver, u64>,
    /// How many calls may be made.
    allowed: Bucket,
}

/// How many addresses are called in one second, and three times as many at once. Whoever names addresses makes this node call them.
const CALLS: u32 = 50;

impl Default for Hints {
    fn default() -> Self {
        Self {
            calls: BTreeMap::new(),
            given: 0,
            turns: BTreeMap::new(),
            allowed: Bucket::full(CALLS),
        }
    }
}

impl Hints {
    /// Adds an address. What the user says of it counts more than what others say.
    pub(crate) fn add(
        &mut self,
        now: Time,
        address: SocketAddr,
        giver: Giver,
        expected: Option<NodeId>,
    ) {
        self.given += 1;
        let call = Call {
            giver,
            number: self.given,
            expected,
            tries: 0,
            next: now,
        };
        if let Some(known) = self.calls.get_mut(&address) {
            if giver == Giver::User && known.giver != Giver::User {
                *known = call;
            }
            return;
        }
        if self.make_room(giver) {
            let calls = &self.calls;
            self.turns
                .retain(|giver, _| calls.values().any(|call| call.giver == *giver));
            self.calls.insert(address, call);
        }
    }

    /// A giver with too many hints loses the one that was tried most. If there are too many of all, the one that was tried most
    /// is lost, so nobody keeps out the hints of others. The user loses none.
    fn make_room(&mut self, giver: Giver) -> bool {
        let of_giver = self.calls.values().filter(|call| call.giver == giver);
        if of_giver.count() >= MOST_OF_EACH {
            return giver != Giver::User && self.lose(|other| other == giver);
        }
        giver == Giver::User || self.calls.len() < MOST || self.lose(|other| other != Giver::User)
    }

    /// Loses the hint that was tried most, of some givers; among equals the newest of whoever gave most. Whether there was one.
    fn lose(&mut self, of: impl Fn(Giver) -> bool) -> bool {
        let mut gave: BTreeMap<Giver, u32> = BTreeMap::new();
        for call in self.calls.values() {
            *gave.entry(call.giver).or_default() += 1;
        }
        let calls = self.calls.iter().filter(|(_, call)| of(call.giver));
        let tried_most =
            calls.max_by_key(|(_, call)| (call.tries, gave.get(&call.giver), call.number));
        let address = tried_most.map(|(address, _)| *address);
        address.is_some_and(|address| self.calls.remove(&address).is_some())
    }

    /// The node that the user expects at an address.
    pub(crate) fn expected(&self, address: &SocketAddr) -> Option<NodeId> {
        self.calls.get(address).and_then(|call| call.expected)
    }

    /// Where the hint of an address came from.
    pub(crate) fn source(&self, address: &SocketAddr) -> Source {
        match self.calls.get(address).map(|call| call.giver) {
            Some(Giver::User) => Source::Join,
            Some(Giver::Mdns) => Source::Mdns,
            Some(Giver::Node(_)) => Source::Relayed,
            None => Source::Called,
        }
    }

    /// The addresses that are due, among those that are wanted. Each is put off by then.
    pub(crate) fn take_due(
        &mut self,
        now: Time,
        pace: &Pace,
        wanted: impl Fn(&SocketAddr, Giver) -> bool,
    ) -> (Vec<SocketAddr>, Vec<Unanswered>) {
        let (mut due, mut unanswered) = (Vec::new(), Vec::new());
        let is_ready =
            |address: &SocketAddr, call: &Call| now >= call.next && wanted(address, call.giver);
        while let Some(address) = self.first_ready(&is_ready) {
            if !self.allowed.take(now) {
                self.wait_for_allowance(&is_ready);
                break;
            }
            due.push(address);
            unanswered.extend(self.count_call(now, pace, address));
        }
        (due, unanswered)
    }

    /// The user's hints come first, then those of the giver whose turn was longest ago; of one giver those that were tried least.
    fn first_ready(&self, is_ready: &impl Fn(&SocketAddr, &Call) -> bool) -> Option<SocketAddr> {
        let calls = self.calls.iter();
        let ready = calls.filter(|(address, call)| is_ready(address, call));
        let first = ready.min_by_key(|(_, call)| {
            let turn = self.turns.get(&call.giver);
            (call.giver != Giver::User, turn, call.tries, call.number)
        });
        first.map(|(address, _)| *address)
    }

    fn wait_for_allowance(&mut self, is_ready: &impl Fn(&SocketAddr, &Call) -> bool) {
        let next = self.allowed.next();
        for (address, call) in &mut self.calls {
            if is_ready(address, call) {
                call.next = next;
            }
        }
    }

    fn count_call(&mut self, now: Time, pace: &Pace, address: SocketAddr) -> Option<Unanswered> {
        let call = self.calls.get_mut(&address)?;
        self.given += 1;
        self.turns.insert(call.giver, self.given);
        call.tries = call.tries.saturating_add(1);
        let wait = pace.retry.doubled(call.tries.saturating_sub(TRIES));
        let next = wait.min(pace.longest_retry);
        call.next = now + next;
        let tries = TRIES;
        (call.tries == TRIES + 1).then_some(Unanswered {
            address,
            tries,
            next,
        })
    }

    /// An address is not called before a time.
    pub(crate) fn put_off(&mut self, address: &SocketAddr, until: Time) {
        if let Some(call) = self.calls.get_mut(address) {
            call.next = call.next.max(until);
        }
    }

    /// When the next address is due, among those that are wanted.
    pub(crate) fn next(&self, wanted: impl Fn(&SocketAddr, Giver) -> bool) -> Option<Time> {
        let calls = self.calls.iter();
        let wanted = calls.filter(|(address, call)| wanted(address, call.giver));
        wanted.map(|(_, call)| call.next).min()
    }

    pub(crate) fn has(&self, address: &SocketAddr) -> bool {
        self.calls.contains_key(address)
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::SocketAddr;

    use quorate_protocol::Time;

    use super::{Giver, Hints, MOST, MOST_OF_EACH};
    use crate::settings::Pace;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn three_calls_follow_each_other_and_then_they_become_rare() {
        let (mut hints, pace) = (Hints::default(), Pace::default());
        hints.add(Time(0), at(1), Giver::User, None);
        let mut calls = Vec::new();
        for tenth in 0..400 {
            let now = Time(tenth * 100_000);
            let (due, _) = hints.take_due(now, &pace, |_, _| true);
            calls.extend(due.iter().map(|_| tenth * 100));
        }
        assert_eq!(
            calls,
            [0, 500, 1000, 1500, 2500, 4500, 8500, 16_500, 24_500, 32_500]
        );
    }

    #[test]
    fn a_flood_of_many_givers_keeps_nobody_out_and_is_called_slowly() {
        let (mut hints, pace) = (Hints::default(), Pace::default());
        let mut called = BTreeSet::new();
        for second in 0..40_u16 {
            for number in 0..200_u16 {
                let giver = Giver::Node([u8::try_from(number % 100).unwrap(); 32]);
                let port = 1_000 + 200 * second + number;
                hints.add(Time(u64::from(second) * 1_000_000), at(port), giver, None);
            }
            if second == 20 {
                hints.add(Time(20_000_000), at(65_000), Giver::Node([200; 32]), None);
            }
            for part in 0..10 {
                let now = Time(u64::from(second) * 1_000_000 + part * 100_000);
                let (due, _) = hints.take_due(now, &pace, |_, _| true);
                called.extend(due);
            }
        }
        assert!(hints.len() <= MOST);
        assert!(called.contains(&at(65_000)));
        assert!(called.len() <= 150 + 40 * 50, "{}", called.len());
    }

    #[test]
    fn a_flood_of_one_giver_leaves_the_hints_of_others_alone() {
        let mut hints = Hints::default();
        hints.add(Time(0), at(1), Giver::User, None);
        hints.add(Time(0), at(2), Giver::Node([1; 32]), None);
        for port in 1000..2000 {
            hints.add(Time(0), at(port), Giver::Mdns, None);
        }
        assert_eq!(hints.len(), MOST_OF_EACH + 2);
        assert!(hints.calls.contains_key(&at(1)) && hints.calls.contains_key(&at(2)));
    }
}
