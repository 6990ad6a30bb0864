//! Timers (rules 14, 15 and 17).

use super::Replica;
use crate::effect::{Effect, Timer};
use crate::message::{Fetch, Message, Standing};
use crate::mutant::Mutant;

impl Replica {
    /// Asks for the next view: this one made no progress, or its NEW-VIEW did not come in time. A request that waits behind
    /// others of its own speaker is no such reason yet.
    pub(super) fn on_view_timer(&mut self) {
        let overdue = if self.active {
            self.progress.timed.is_some()
        } else {
            self.view_changes.quorum_seen
        };
        if overdue && self.rejoins() {
            // A replica that has lost its memory must not ask for a view, but it keeps the timer running.
            self.stop_progress_timer();
            self.start_progress_timer();
        } else if self.active && self.passes_over_timed() {
            self.start_progress_timer();
        } else if overdue {
            self.start_view_change(self.view.next());
        }
    }

    /// Asks for the next view, if a request waits, and at most once within T: anybody may ask a process for it. Does
    /// nothing between views, because this replica has already left.
    pub(super) fn on_distrust(&mut self) {
        let pause = self.config.view_timeout;
        let soon = self
            .distrusted
            .is_some_and(|before| self.now < before + pause);
        if self.active && self.requests.waiting() > 0 && !soon {
            self.distrusted = Some(self.now);
            self.start_view_change(self.view.next());
        }
    }

    /// Sends this replica's standing, and sends again what nobody has answered (rule 17).
    pub(super) fn on_status_timer(&mut self) {
        self.say_standing();
        self.resend_own_request();
        self.relay_requests();
        self.resend_view_change();
        self.fetch_missing();
        self.pursue_state();
        self.watch_null_slots();
        self.watch_crowded();
        // A faulty process that has become correct acts on proofs from now on.
        self.leave_proved_primary();
        self.set_status_timer();
    }

    pub(super) fn say_standing(&mut self) {
        let standing = Standing {
            view: self.view,
            active: self.active,
            executed: self.executed,
            stable: self.low_watermark(),
            memory: self.memory(),
            proved: self.dossier.proved(),
        };
        self.broadcast(Message::Standing(standing));
    }

    pub(super) fn fetch_missing(&mut self) {
        if self.is_mutant(Mutant::BodyNotFetched) {
            return;
        }
        for digest in self.log.missing_bodies() {
            self.broadcast(Message::Fetch(Fetch { digest }));
        }
    }

    pub(super) fn set_status_timer(&mut self) {
        let at = self.now + self.config.status_interval;
        self.effects.push(Effect::SetTimer {
            timer: Timer::Status,
            at,
        });
    }
}
