//! Why a process changed the view.

use std::collections::{BTreeSet, VecDeque};

use quorate_protocol::{Duration, Input, ReplicaId, Signed, Time, Timer, VerifiedMessage, View};

/// How many view changes are kept.
const MOST: usize = 8;

/// Why a view was left, or how the process came into the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reason {
    /// The view timer ran out.
    #[default]
    Timer,
    /// f+1 others asked for the view.
    Joined,
    /// The NEW-VIEW of the view before was wrong.
    BadNewView,
    /// The process started again.
    Restarted,
    /// A client asked for another primary.
    Client,
    /// The primary was too slow.
    Slow,
    /// The primary is proved faulty.
    Proved,
    /// The process followed a NEW-VIEW without having asked.
    Followed,
}

/// One view change.
#[derive(Clone, Debug)]
pub struct ViewChange {
    /// The view that was asked for.
    pub view: View,
    /// Why.
    pub reason: Reason,
    /// How long the view timer had run, if it ran out.
    pub waited: Duration,
    /// Whose VIEW-CHANGEs are in its NEW-VIEW. Empty as long as the view has not started.
    pub asked_by: BTreeSet<ReplicaId>,
    /// Whether the view has started.
    pub started: bool,
}

/// The last view changes of a process, at most 8.
#[derive(Clone, Debug, Default)]
pub struct ViewLog {
    changes: VecDeque<ViewChange>,
    /// The reason for a view change that happens now.
    cause: Reason,
    /// Whose VIEW-CHANGEs are in the NEW-VIEW that came last.
    asked_by: BTreeSet<ReplicaId>,
    /// When the view timer was set last.
    timer_set: Time,
}

impl ViewLog {
    /// The view changes, oldest first.
    pub fn changes(&self) -> impl Iterator<Item = &ViewChange> {
        self.changes.iter()
    }

    /// The replica is about to be given this input.
    pub(crate) fn on_input(&mut self, input: &Input) {
        if let Input::Message(VerifiedMessage::NewView { new_view, .. }) = input {
            let view_changes = new_view.value().view_changes.iter();
            self.asked_by = view_changes.map(Signed::signer).collect();
        }
        self.cause = match input {
            Input::Timer(Timer::View) => Reason::Timer,
            Input::Message(VerifiedMessage::ViewChange(_)) => Reason::Joined,
            Input::Message(VerifiedMessage::NewView { .. }) => Reason::BadNewView,
            Input::Start => Reason::Restarted,
            Input::Distrust => Reason::Client,
            // What executes shows how long it has taken.
            _ => Reason::Slow,
        };
    }

    pub(crate) fn on_timer_set(&mut self, timer: Timer, now: Time) {
        if timer == Timer::View {
            self.timer_set = now;
        }
    }

    /// The primary of the view that is left now is proved faulty.
    pub(crate) const fn blame_proof(&mut self) {
        if !matches!(self.cause, Reason::Restarted) {
            self.cause = Reason::Proved;
        }
    }

    /// A view is asked for, or has started.
    pub(crate) fn on_changed(&mut self, view: View, active: bool, now: Time) {
        if active {
            self.on_started(view);
        } else {
            let waited = match self.cause {
                Reason::Timer => now.0.saturating_sub(self.timer_set.0),
                _ => 0,
            };
            self.add(view, self.cause, waited);
        }
    }

    fn on_started(&mut self, view: View) {
        if self.changes.back().is_none_or(|change| change.view != view) {
            let reason = match self.cause {
                Reason::Restarted => Reason::Restarted,
                _ => Reason::Followed,
            };
            self.add(view, reason, 0);
        }
        if let Some(change) = self.changes.back_mut() {
            change.started = true;
            change.asked_by = std::mem::take(&mut self.asked_by);
        }
    }

    fn add(&mut self, view: View, reason: Reason, waited: u64) {
        if self.changes.len() == MOST {
            self.changes.pop_front();
        }
        self.changes.push_back(ViewChange {
            view,
            reason,
            waited: Duration(waited),
            asked_by: BTreeSet::new(),
            started: false,
        });
    }
}
