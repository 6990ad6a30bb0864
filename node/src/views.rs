//! Why this process changed the view: what `status` says of it.

use std::collections::{BTreeSet, VecDeque};

use quorate_protocol::{Input, Quorum, ReplicaId, Signed, Time, Timer, VerifiedMessage, View};
use quorate_wire::method::{ViewChangeReason, ViewChangeStatus};

/// How many view changes are kept.
const MOST: usize = 8;

/// The last view changes of this process.
#[derive(Debug)]
pub(crate) struct ViewLog {
    changes: VecDeque<ViewChange>,
    /// What a view that is left now is left for.
    cause: ViewChangeReason,
    /// Whose VIEW-CHANGEs are in the NEW-VIEW that came last.
    asked_by: BTreeSet<ReplicaId>,
    /// When the view timer was set last.
    timer_set: Time,
}

#[derive(Debug)]
struct ViewChange {
    view: View,
    reason: ViewChangeReason,
    waited_ms: u64,
    asked_by: BTreeSet<ReplicaId>,
    started: bool,
}

impl ViewLog {
    pub(crate) const fn new() -> Self {
        Self {
            changes: VecDeque::new(),
            cause: ViewChangeReason::Timer,
            asked_by: BTreeSet::new(),
            timer_set: Time(0),
        }
    }

    /// The replica is about to be given this input.
    pub(crate) fn on_input(&mut self, input: &Input) {
        if let Input::Message(VerifiedMessage::NewView { new_view, .. }) = input {
            let view_changes = new_view.value().view_changes.iter();
            self.asked_by = view_changes.map(Signed::signer).collect();
        }
        self.cause = match input {
            Input::Timer(Timer::View) => ViewChangeReason::Timer,
            Input::Message(VerifiedMessage::ViewChange(_)) => ViewChangeReason::Joined,
            Input::Message(VerifiedMessage::NewView { .. }) => ViewChangeReason::BadNewView,
            Input::Start => ViewChangeReason::Restarted,
            Input::Distrust => ViewChangeReason::Client,
            // What executes shows how long it has taken.
            _ => ViewChangeReason::Slow,
        };
    }

    pub(crate) fn on_timer_set(&mut self, timer: Timer, now: Time) {
        if timer == Timer::View {
            self.timer_set = now;
        }
    }

    /// A view is asked for.
    pub(crate) fn on_asked(&mut self, view: View, now: Time) {
        let waited_ms = match self.cause {
            ViewChangeReason::Timer => now.0.saturating_sub(self.timer_set.0) / 1000,
            _ => 0,
        };
        self.add(view, self.cause, waited_ms);
    }

    /// A view has started.
    pub(crate) fn on_started(&mut self, view: View) {
        if self.changes.back().is_none_or(|change| change.view != view) {
            let reason = match self.cause {
                ViewChangeReason::Restarted => ViewChangeReason::Restarted,
                _ => ViewChangeReason::Followed,
            };
            self.add(view, reason, 0);
        }
        if let Some(change) = self.changes.back_mut() {
            change.started = true;
            change.asked_by = std::mem::take(&mut self.asked_by);
        }
    }

    /// The view changes, oldest first; `asking` has who asks for the view that has not started yet.
    pub(crate) fn status(
        &self,
        quorum: Quorum,
        asking: &BTreeSet<ReplicaId>,
    ) -> Vec<ViewChangeStatus> {
        let status = |change: &ViewChange| ViewChangeStatus {
            view: change.view.0,
            primary: change.view.primary(quorum).to_string(),
            reason: change.reason,
            waited_ms: change.waited_ms,
            asked_by: names(if change.started {
                &change.asked_by
            } else {
                asking
            }),
            started: change.started,
        };
        self.changes.iter().map(status).collect()
    }

    fn add(&mut self, view: View, reason: ViewChangeReason, waited_ms: u64) {
        if self.changes.len() == MOST {
            self.changes.pop_front();
        }
        self.changes.push_back(ViewChange {
            view,
            reason,
            waited_ms,
            asked_by: BTreeSet::new(),
            started: false,
        });
    }
}

/// The names of processes, in their order.
pub(crate) fn names(processes: &BTreeSet<ReplicaId>) -> Vec<String> {
    processes.iter().map(ReplicaId::to_string).collect()
}
