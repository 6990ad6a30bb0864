//! Calm: no correct process asks for another view without a reason.

use std::collections::BTreeMap;

use quorate_protocol::message::{Memory, Request, ViewChange};
use quorate_protocol::{ClientId, Quorum, ReplicaId, Signed, Timestamp, View};

/// The rule.
pub const RULE: &str = "rules 14 to 16 and 18: a correct process asks for another view only if a request waits, f+1 others ask, \
     the primary is slow, or a process has lost its memory; and for a further one only after a quorum has asked for the first";

/// How many requests a primary must have served before it can be found slow (rule 18).
const STRIKES: usize = 8;

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
    served: usize,
}

/// The requests that wait, and the view that each process wants.
#[derive(Debug)]
pub struct Calm {
    quorum: Quorum,
    asked: BTreeMap<ClientId, Timestamp>,
    wishes: BTreeMap<ReplicaId, View>,
    standing: BTreeMap<ReplicaId, Standing>,
    /// Whether some process has said that it lost its memory. The others may then ask for a view in which it votes.
    is_forgotten: bool,
}

impl Calm {
    /// No request yet, and all processes in view 0.
    #[must_use]
    pub const fn new(quorum: Quorum) -> Self {
        Self {
            quorum,
            asked: BTreeMap::new(),
            wishes: BTreeMap::new(),
            standing: BTreeMap::new(),
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
        })
    }

    /// A process says what it remembers of its votes.
    pub fn remembers(&mut self, memory: Memory) {
        self.is_forgotten |= memory != Memory::Whole;
    }

    /// A correct process executes this many requests.
    pub fn executed(&mut self, by: ReplicaId, requests: usize) {
        self.standing(by).served += requests;
    }

    /// A correct process starts again. The view that it then reports comes from its disk.
    pub fn restarts(&mut self, by: ReplicaId) {
        let standing = self.standing(by);
        (standing.active, standing.asks) = (false, false);
    }

    /// A correct process wants a view, or has started it; it has executed these requests.
    ///
    /// # Errors
    /// The process wants a view without a reason, or too early.
    pub fn in_view(
        &mut self,
        by: ReplicaId,
        view: View,
        active: bool,
        executed: Option<&BTreeMap<ClientId, Timestamp>>,
    ) -> Result<(), Uncalled> {
        let waits = self.asked.iter().any(|(client, asked)| {
            executed
                .and_then(|all| all.get(client))
                .is_none_or(|last| asked > last)
        });
        let before = self.standing(by);
        let (left, calm) = (before.view, before.active && before.served < STRIKES);
        let asked_for = before.asks.then_some(left);
        *before = Standing {
            view,
            active,
            asks: !active,
            served: 0,
        };
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
            None if calm && !waits => Err(Uncalled::NoReason { by, view }),
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
    use quorate_protocol::{Quorum, ReplicaId, Timestamp, View};
    use std::collections::BTreeMap;
    use std::num::NonZeroU32;

    #[test]
    fn a_view_change_without_a_reason_is_found() {
        let (client, timestamp) = (ReplicaId(3).into(), Timestamp(1));
        let executed = BTreeMap::from([(client, timestamp)]);
        let mut calm = Calm::new(Quorum::of(NonZeroU32::new(4).unwrap()));
        calm.asked(&Request::new(client, timestamp, Vec::new()));
        let [first, second, third] = [0, 1, 2].map(ReplicaId);
        assert_eq!(calm.in_view(first, View(1), false, None), Ok(()));
        assert!(
            calm.in_view(second, View(1), false, Some(&executed))
                .is_err()
        );
        let early = calm.in_view(first, View(2), false, None);
        assert!(matches!(early, Err(Uncalled::Early { .. })), "{early:?}");
        calm.executed(third, 8);
        assert_eq!(calm.in_view(third, View(1), false, Some(&executed)), Ok(()));
    }
}
