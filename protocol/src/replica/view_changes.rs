//! The VIEW-CHANGEs that have arrived, and the NEW-VIEW of the current view (C4.4).

use std::collections::BTreeMap;

use super::Replica;
use crate::config::Config;
use crate::effect::Effect;
use crate::id::{ReplicaId, View};
use crate::message::{Message, SignedMessage, ViewChange};
use crate::mutant::Mutant;
use crate::record::Record;
use crate::signature::Signed;
use crate::time::{Duration, Time};

#[derive(Clone, Debug, Default)]
pub(super) struct ViewChanges {
    /// The VIEW-CHANGE of each replica for its highest view. Of two for the same view, the first.
    pub(super) heard: BTreeMap<ReplicaId, Signed<ViewChange>>,
    /// Those of views that have started here or ended, the latest of each replica. They decide nothing; they only show
    /// whether their senders contradict themselves (rule 24).
    pub(super) ended: BTreeMap<ReplicaId, Signed<ViewChange>>,
    /// The last one that this replica has sent.
    pub(super) sent: Option<ViewChange>,
    /// Whether a quorum asks for this view or later ones. The timer starts once, when this becomes true.
    pub(super) quorum_seen: bool,
    /// Whether this replica, as primary, has sent its NEW-VIEW. A second one would be evidence against it (E6).
    pub(super) new_view_sent: bool,
    /// The NEW-VIEW of the current view. `None` in view 0.
    pub(super) new_view: Option<SignedMessage>,
    /// When the NEW-VIEW was last sent on to each peer.
    pub(super) sent_on: BTreeMap<ReplicaId, Time>,
}

impl ViewChanges {
    pub(super) fn keep(&mut self, view_change: Signed<ViewChange>) {
        let newer = |known: &Signed<ViewChange>| view_change.value().view > known.value().view;
        if self.heard.get(&view_change.signer()).is_none_or(newer) {
            self.heard.insert(view_change.signer(), view_change);
        }
    }

    /// All that are kept, but for those in the NEW-VIEW.
    fn kept(&self) -> impl Iterator<Item = &Signed<ViewChange>> {
        self.heard.values().chain(self.ended.values())
    }

    /// How many are kept, but for those in the NEW-VIEW.
    pub(super) fn len(&self) -> usize {
        self.kept().count()
    }

    /// The bytes of all that are kept, and of the NEW-VIEW.
    pub(super) fn bytes(&self) -> usize {
        let new_view = self.new_view.as_ref().map_or(0, SignedMessage::weight);
        self.kept().map(Signed::weight).sum::<usize>() + new_view
    }

    /// A view has started: the VIEW-CHANGEs for it and for earlier views count no more.
    pub(super) fn end_through(&mut self, view: View) {
        let (counting, ended) = std::mem::take(&mut self.heard)
            .into_iter()
            .partition(|(_, heard)| heard.value().view > view);
        self.heard = counting;
        self.ended.extend::<BTreeMap<_, _>>(ended);
    }

    pub(super) fn for_view(&self, view: View) -> impl Iterator<Item = &Signed<ViewChange>> {
        self.heard
            .values()
            .filter(move |heard| heard.value().view == view)
    }

    /// The number of replicas that ask for this view or a later one.
    pub(super) fn at_least(&self, view: View) -> usize {
        self.heard
            .values()
            .filter(|heard| heard.value().view >= view)
            .count()
    }

    /// The lowest view above `view` that others ask for, if enough of them ask for one that a correct replica must be
    /// among them (rule 16).
    pub(super) fn to_join(&self, own: ReplicaId, view: View, one_correct: usize) -> Option<View> {
        let wanted: Vec<View> = self
            .heard
            .values()
            .filter(|heard| heard.signer() != own && heard.value().view > view)
            .map(|heard| heard.value().view)
            .collect();
        if wanted.len() < one_correct {
            None
        } else {
            wanted.into_iter().min()
        }
    }
}

/// Whether no list in a VIEW-CHANGE is longer than a correct replica makes it.
pub(super) fn has_shape(config: &Config, view_change: &ViewChange) -> bool {
    let n = config.quorum.n() as usize;
    let ViewChange {
        checkpoint_proof,
        prepared,
        ..
    } = view_change;
    checkpoint_proof.len() <= n
        && prepared.len() as u64 <= config.window
        && prepared
            .iter()
            .all(|certificate| certificate.prepares.len() < n)
}

impl Replica {
    /// Leaves the current view and asks for another (rule 10).
    pub(super) fn start_view_change(&mut self, wanted: View) {
        if self.rejoins() {
            return;
        }
        // The earlier life of a replica that has lost its memory may have voted in lower views.
        let wanted = wanted.max(self.first_view);
        self.view = wanted;
        self.active = false;
        let longer = u32::from(!self.is_mutant(Mutant::PatienceNotDoubled));
        self.progress.attempts = self.progress.attempts.saturating_add(longer);
        self.stop_progress_timer();
        let prepared = if self.is_mutant(Mutant::NoCertificates) {
            Vec::new()
        } else {
            self.log.prepared()
        };
        let view_change = ViewChange {
            view: wanted,
            life: self.config.life,
            stable: self.low_watermark(),
            checkpoint_proof: self.checkpoints.proof(),
            prepared,
        };
        self.view_changes.sent = Some(view_change.clone());
        self.persist(Record::ViewChange(view_change.clone()));
        self.view_changes.quorum_seen = false;
        self.view_changes.new_view_sent = false;
        self.effects.push(Effect::ViewChanged {
            view: wanted,
            active: false,
        });
        self.broadcast(Message::ViewChange(view_change));
    }

    /// Drops the VIEW-CHANGEs that have ended once every slot that they can name is stable.
    pub(super) fn forget_view_changes(&mut self) {
        let low = self.checkpoints.stable();
        let config = &self.config;
        self.view_changes
            .ended
            .retain(|_, ended| config.high_watermark(ended.value().stable) > low);
    }

    /// Sends the last VIEW-CHANGE again, until its view starts (rule 17).
    pub(super) fn resend_view_change(&mut self) {
        if !self.active
            && !self.is_mutant(Mutant::ViewChangeNotResent)
            && let Some(view_change) = self.view_changes.sent.clone()
        {
            self.broadcast(Message::ViewChange(view_change));
        }
    }

    pub(super) fn may_resend_new_view(&self, to: ReplicaId) -> bool {
        let pause = Duration(self.config.status_interval.0 / 2);
        let sent = self.view_changes.sent_on.get(&to);
        sent.is_none_or(|at| self.now >= *at + pause)
    }

    /// Sends the NEW-VIEW of this view on, with its VIEW-CHANGEs (rule 17). It is large, and a peer can ask for it at
    /// any time, so a peer gets it at most once in half a status interval.
    pub(super) fn resend_new_view(&mut self, to: ReplicaId) {
        if !self.may_resend_new_view(to) {
            return;
        }
        if let Some(new_view) = self.view_changes.new_view.clone()
            && self.may_send(to, new_view.weight())
        {
            self.view_changes.sent_on.insert(to, self.now);
            self.forward(to, new_view);
        }
    }
}
