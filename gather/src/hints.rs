//! Addresses to be called. A hint is an address to try, and nothing more.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use quorate_protocol::{Duration, Time};

use crate::doors::TRIES;
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
const MOST_OF_EACH: usize = 64;
/// The most hints of all.
const MOST: usize = 1024;

#[derive(Clone, Copy, Debug)]
struct Call {
    giver: Giver,
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
#[derive(Clone, Debug, Default)]
pub(crate) struct Hints {
    calls: BTreeMap<SocketAddr, Call>,
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
        let call = Call {
            giver,
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
            self.calls.insert(address, call);
        }
    }

    /// A giver with too many hints loses the one that was tried most. The user loses none.
    fn make_room(&mut self, giver: Giver) -> bool {
        let of_giver = self.calls.values().filter(|call| call.giver == giver);
        if of_giver.count() >= MOST_OF_EACH {
            let tried_most = self
                .calls
                .iter()
                .filter(|(_, call)| call.giver == giver && giver != Giver::User)
                .max_by_key(|(_, call)| call.tries);
            let Some(address) = tried_most.map(|(address, _)| *address) else {
                return false;
            };
            self.calls.remove(&address);
        }
        giver == Giver::User || self.calls.len() < MOST
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
        wanted: impl Fn(&SocketAddr) -> bool,
    ) -> (Vec<SocketAddr>, Vec<Unanswered>) {
        let (mut due, mut unanswered) = (Vec::new(), Vec::new());
        for (address, call) in &mut self.calls {
            if now < call.next || !wanted(address) {
                continue;
            }
            due.push(*address);
            call.tries = call.tries.saturating_add(1);
            let wait = pace.retry.doubled(call.tries.saturating_sub(TRIES));
            let wait = wait.min(pace.longest_retry);
            call.next = now + wait;
            if call.tries == TRIES + 1 {
                unanswered.push(Unanswered {
                    address: *address,
                    tries: TRIES,
                    next: wait,
                });
            }
        }
        (due, unanswered)
    }

    /// An address is not called before a time.
    pub(crate) fn put_off(&mut self, address: &SocketAddr, until: Time) {
        if let Some(call) = self.calls.get_mut(address) {
            call.next = call.next.max(until);
        }
    }

    /// When the next address is due, among those that are wanted.
    pub(crate) fn next(&self, wanted: impl Fn(&SocketAddr) -> bool) -> Option<Time> {
        let wanted = self.calls.iter().filter(|(address, _)| wanted(address));
        wanted.map(|(_, call)| call.next).min()
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use quorate_protocol::Time;

    use super::{Giver, Hints, MOST_OF_EACH};
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
            let (due, _) = hints.take_due(now, &pace, |_| true);
            calls.extend(due.iter().map(|_| tenth * 100));
        }
        assert_eq!(
            calls,
            [0, 500, 1000, 1500, 2500, 4500, 8500, 16_500, 24_500, 32_500]
        );
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
