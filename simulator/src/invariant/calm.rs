//! Calm: no correct process asks for another view without a reason.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::message::{Memory, Request, ViewChange};
use quorate_protocol::{ClientId, Duration, Quorum, ReplicaId, Signed, Time, Timestamp, View};

/// The rule.
pub const RULE: &str = "rules 14 to 16 and 18: a correct process asks for another view only if a request waits, f+1 others ask, \
     the primary is slow or proved faulty, or a process has lost its memory; and for a further one only after a quorum has asked for the first";

/// How many requests a primary must have served slowly before it is left (rule 18). One that took several T counts as several. They are
/// timed one after another, so k requests in t are at most k + t/T.
const STRIKES: u64 = 8;

/// A correct process asked for another view without a reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncalled {
    /// It left a view in which no request waited.
    #[error("{by} asked for view {} while no request waited and no other process asked", .view.0)]
    NoReason {
        /// Who.
        by: ReplicaId,
        /// The view that it asked for.
        view: View,
    },
    /// It did not wait until a quorum asked for the view before.
    #[error("{by} asked for view {} before a quorum asked for view {}", .view.0, .given_up.0)]
    Early {
        /// Who.
        by: ReplicaId,
        /// The view that it asked for.
        view: View,
        /// The view that it had asked for before.
        given_up: View,
    },
}

#[derive(Debug)]
struct Standing {
    view: View,
    active: bool,
    /// Whether it has asked for this view in its present life.
    asks: bool,
    /// How many requests it has executed since it last entered or left a view.
    served: u64,
    /// When that was, by its own clock.
    since: Time,
}

impl Standing {
    /// Whether the primary can have had too few strikes to be left.
    const fn is_calm(&self, now: Time, view_timeout: Duration) -> bool {
        let elapsed = now.0.saturating_sub(self.since.0);
        self.active && self.served + elapsed / view_timeout.0 < STRIKES
    }
}

/// The requests that wait, and the view that each process wants.
#[derive(Debug)]
pub struct Calm {
    quorum: Quorum,
    /// T.
    view_timeout: Duration,
    asked: BTreeMap<ClientId, Timestamp>,
    wishes: BTreeMap<ReplicaId, View>,
    standing: BTreeMap<ReplicaId, Standing>,
    /// Whom each correct process has proved faulty.
    proved: BTreeSet<(ReplicaId, ReplicaId)>,
    /// Whether some process has said that it lost its memory. The others may then ask for a view in which it votes.
    is_forgotten: bool,
}

impl Calm {
    /// No request yet, and all processes in view 0.
    #[must_use]
    pub const fn new(quorum: Quorum, view_timeout: Duration) -> Self {
        Self {
            quorum,
            view_timeout,
            asked: BTreeMap::new(),
            wishes: BTreeMap::new(),
            standing: BTreeMap::new(),
            proved: BTreeSet::new(),
            is_forgotten: false,
        }
    }

    /// A client sends a request.
    pub fn asked(&mut self, request: &Request) {
        let last = self.asked.entry(request.client).or_default();
        *last = request.timestamp.max(*last);
    }

    /// A process sends a VIEW-CHANGE.
    pub fn wished(&mut self, wish: &Signed<ViewChange>) {
        let last = self.wishes.entry(wish.signer()).or_default();
        *last = wish.value().view.max(*last);
    }

    fn standing(&mut self, of: ReplicaId) -> &mut Standing {
        self.standing.entry(of).or_insert(Standing {
            view: View(0),
            active: true,
            asks: false,
            served: 0,
            since: Time(0),
        })
    }

    /// A process says what it remembers of its votes.
    pub fn remembers(&mut self, memory: Memory) {
        self.is_forgotten |= memory != Memory::Whole;
    }

    /// A correct process has proved another process faulty.
    pub fn proved(&mut self, by: ReplicaId, accused: ReplicaId) {
        self.proved.insert((by, accused));
    }

    /// A correct process executes this many requests.
    pub fn executed(&mut self, by: ReplicaId, requests: usize) {
        self.standing(by).served += requests as u64;
    }

    /// A correct process starts again. The view that it then reports comes from its disk, as do its proofs against these processes: it
    /// may have ended before it told of them.
    pub fn restarts(&mut self, by: ReplicaId, proved: &BTreeSet<ReplicaId>) {
        self.proved
            .extend(proved.iter().map(|accused| (by, *accused)));
        let standing = self.standing(by);
        (standing.active, standing.asks) = (false, false);
    }

    /// A correct process wants a view, or has started it, at this time of its own clock; it has executed these requests.
    ///
    /// # Errors
    /// The process wants a view without a reason, or too early.
    pub fn in_view(
        &mut self,
        by: ReplicaId,
        now: Time,
        (view, active): (View, bool),
        executed: Option<&BTreeMap<ClientId, Timestamp>>,
    ) -> Result<(), Uncalled> {
        let waits = self.asked.iter().any(|(client, asked)| {
            executed
                .and_then(|all| all.get(client))
                .is_none_or(|last| asked > last)
        });
        let view_timeout = self.view_timeout;
        let before = self.standing(by);
        let (left, calm) = (before.view, before.is_calm(now, view_timeout));
        let asked_for = before.asks.then_some(left);
        *before = Standing {
            view,
            active,
            asks: !active,
            served: 0,
            since: now,
        };
        let left_a_liar = self.proved.contains(&(by, left.primary(self.quorum)));
        let others = self
            .wishes
            .iter()
            .filter(|(other, wish)| **other != by && **wish > left);
        if active || self.is_forgotten || others.count() >= self.quorum.one_correct() {
            return Ok(());
        }
        match asked_for {
            Some(given_up) if self.asking_for(given_up) < self.quorum.size() => {
                Err(Uncalled::Early { by, view, given_up })
            }
            None if calm && !waits && !left_a_liar => Err(Uncalled::NoReason { by, view }),
            _ => Ok(()),
        }
    }

    /// How many processes have asked for this view or a later one.
    fn asking_for(&self, view: View) -> usize {
        self.wishes.values().filter(|wish| **wish >= view).count()
    }
}

#[cfg(test)]
mod tests {
    use super::{Calm, Uncalled};
    use quorate_protocol::message::Request;
    use quorate_protocol::{ClientId, Duration, Quorum, ReplicaId, Time, Timestamp, View};
    use std::collections::BTreeMap;
    use std::num::NonZeroU32;

    const T: Duration = Duration(100);
    const NEXT: (View, bool) = (View(1), false);

    /// What a process has executed, and a checker that knows of one request.
    fn calm() -> (BTreeMap<ClientId, Timestamp>, Calm) {
        let (client, timestamp) = (ReplicaId(3).into(), Timestamp(1));
        let mut calm = Calm::new(Quorum::of(NonZeroU32::new(4).unwrap()), T);
        calm.asked(&Request::new(client, timestamp, Vec::new()));
        (BTreeMap::from([(client, timestamp)]), calm)
    }

    /// A checker that knows that process 1 has proved the primary of view 0 faulty.
    fn calm_with_a_liar() -> Calm {
        let (_, mut calm) = calm();
        calm.proved(ReplicaId(1), ReplicaId(0));
        calm
    }

    #[test]
    fn a_view_change_without_a_reason_is_found() {
        let (executed, mut calm) = calm();
        let [first, second, third] = [0, 1, 2].map(ReplicaId);
        assert_eq!(calm.in_view(first, Time(0), NEXT, None), Ok(()));
        let idle = calm.in_view(second, Time(0), NEXT, Some(&executed));
        assert!(matches!(idle, Err(Uncalled::NoReason { .. })), "{idle:?}");
        let early = calm.in_view(first, Time(0), (View(2), false), None);
        assert!(matches!(early, Err(Uncalled::Early { .. })), "{early:?}");
        let mut of_a_liar = calm_with_a_liar();
        assert_eq!(
            of_a_liar.in_view(second, Time(0), NEXT, Some(&executed)),
            Ok(())
        );
        calm.executed(third, 8);
        assert_eq!(calm.in_view(third, Time(0), NEXT, Some(&executed)), Ok(()));
    }

    #[test]
    fn requests_that_took_several_times_the_timeout_count_as_several() {
        for (elapsed, is_fine) in [(499, false), (500, true)] {
            let (executed, mut calm) = calm();
            calm.executed(ReplicaId(1), 3);
            let left = calm.in_view(ReplicaId(1), Time(elapsed), NEXT, Some(&executed));
            assert_eq!(left.is_ok(), is_fine, "after {elapsed}");
        }
    }
}
