//! VIEW-CHANGE: a replica asks for another view (C4.4, rules 11, 15, 16).

use super::Replica;
use crate::certificate::check_view_change;
use crate::effect::{Effect, Timer};
use crate::message::{Message, NewView, ViewChange};
use crate::mutant::Mutant;
use crate::new_view;
use crate::signature::Verified;

impl Replica {
    pub(super) fn on_view_change(&mut self, view_change: Verified<ViewChange>) {
        let (from, wanted) = (view_change.signer(), view_change.value().view);
        self.compare_view_change(view_change.signed());
        if let Err(flaw) = check_view_change(&self.config, &view_change) {
            return self.reject(flaw);
        }
        if self.disregards(from) {
            return;
        }
        self.compare_certificates(view_change.value());
        if wanted < self.view || (wanted == self.view && self.active) {
            if self.active && from != self.own() {
                self.resend_new_view(from);
            }
            return;
        }
        self.view_changes.keep(view_change.into_signed());
        let one_correct = if self.is_mutant(Mutant::JoinsTooFew) {
            self.config.quorum.f() as usize
        } else if self.is_mutant(Mutant::JoinsNobody) {
            usize::MAX
        } else {
            self.config.quorum.one_correct()
        };
        if let Some(view) = self
            .view_changes
            .to_join(self.own(), self.view, one_correct)
        {
            return self.start_view_change(view);
        }
        if !self.active {
            self.check_view_change_quorum();
        }
    }

    /// Once a quorum has left the older views, the view that this replica asks for must start within T (rule 15).
    /// Replicas that ask for a later view count too: they must not stop the clock for the others. The primary starts
    /// the view with a quorum for exactly this view.
    fn check_view_change_quorum(&mut self) {
        let size = self.config.quorum.size();
        let enough = self.view_changes.at_least(self.view) >= size
            || self.is_mutant(Mutant::TimerBeforeQuorum);
        if !self.view_changes.quorum_seen && enough {
            self.view_changes.quorum_seen = true;
            let at = self.now + self.patience();
            self.effects.push(Effect::SetTimer {
                timer: Timer::View,
                at,
            });
            self.leave_proved_primary();
        }
        let view_changes: Vec<_> = self
            .view_changes
            .for_view(self.view)
            .take(size)
            .cloned()
            .collect();
        let may_start = self.is_primary() && self.may_start_view();
        if may_start && view_changes.len() == size && !self.view_changes.new_view_sent {
            self.view_changes.new_view_sent = true;
            let chosen = new_view::proposals(&self.config, &view_changes);
            self.broadcast(Message::NewView(NewView {
                view: self.view,
                view_changes,
                chosen,
            }));
        }
    }
}
