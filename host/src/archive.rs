//! What shows others why a process has executed what it has: the certificates of the last slots, and the NEW-VIEWs of the last views.
//! After a disagreement they name the faulty processes (E8 of rule 24).

use std::collections::{BTreeMap, VecDeque};

use quorate_protocol::message::{Commit, NewView};
use quorate_protocol::{Record, Sequence, Signed, SignedMessage};

/// The most slots whose certificates are kept.
const SLOTS: usize = 1024;
/// The most bytes of the certificates.
const CERTIFICATE_BYTES: usize = 4 * 1024 * 1024;
/// The most bytes of the NEW-VIEWs. The last one is kept however large it is.
const NEW_VIEW_BYTES: usize = 16 * 1024 * 1024;

/// Certificates and NEW-VIEWs, in memory.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    certificates: BTreeMap<Sequence, Vec<Signed<Commit>>>,
    certificate_bytes: usize,
    new_views: VecDeque<Signed<NewView>>,
    new_view_bytes: usize,
}

impl Archive {
    /// The COMMITs behind the slots that were executed last, by slot.
    pub fn certificates(&self) -> impl Iterator<Item = &[Signed<Commit>]> {
        self.certificates.values().map(Vec::as_slice)
    }

    /// The COMMITs behind a slot.
    #[must_use]
    pub fn certificate(&self, slot: Sequence) -> Option<&[Signed<Commit>]> {
        self.certificates.get(&slot).map(Vec::as_slice)
    }

    /// The NEW-VIEWs of the views that started last, oldest first.
    pub fn new_views(&self) -> impl Iterator<Item = &Signed<NewView>> {
        self.new_views.iter()
    }

    /// A slot is executed.
    pub(crate) fn executed(&mut self, slot: Sequence, proof: &[Signed<Commit>]) {
        if proof.is_empty() {
            return;
        }
        self.certificate_bytes += weight(proof);
        if let Some(before) = self.certificates.insert(slot, proof.to_vec()) {
            self.certificate_bytes -= weight(&before);
        }
        while self.certificates.len() > SLOTS || self.certificate_bytes > CERTIFICATE_BYTES {
            let Some((_, oldest)) = self.certificates.pop_first() else {
                break;
            };
            self.certificate_bytes -= weight(&oldest);
        }
    }

    /// A record is written, or was read at the start.
    pub(crate) fn recorded(&mut self, record: &Record) {
        if let Record::NewView(message) = record
            && let SignedMessage::NewView { new_view, .. } = &**message
        {
            self.began(new_view);
        }
    }

    fn began(&mut self, new_view: &Signed<NewView>) {
        self.new_view_bytes += new_view.weight();
        self.new_views.push_back(new_view.clone());
        while self.new_views.len() > 1 && self.new_view_bytes > NEW_VIEW_BYTES {
            let Some(oldest) = self.new_views.pop_front() else {
                break;
            };
            self.new_view_bytes -= oldest.weight();
        }
    }
}

fn weight(proof: &[Signed<Commit>]) -> usize {
    proof.iter().map(Signed::weight).sum()
}

#[cfg(test)]
mod tests {
    use quorate_protocol::message::{Commit, NewView};
    use quorate_protocol::{
        ClusterId, Digest, Keys, ReplicaId, Sequence, Signed, SignedMessage, View,
    };

    use super::{Archive, CERTIFICATE_BYTES, NEW_VIEW_BYTES, Record, SLOTS};

    fn keys() -> Keys {
        Keys::simulated(ReplicaId(0), 4, ClusterId([7; 32]))
    }

    fn commit(slot: u64) -> Signed<Commit> {
        let commit = Commit {
            view: View(0),
            sequence: Sequence(slot),
            digest: Digest([1; 32]),
        };
        keys().sign(commit).into_signed()
    }

    #[test]
    fn the_certificates_of_the_last_slots_are_kept() {
        let mut archive = Archive::default();
        for slot in 1..=2000 {
            archive.executed(Sequence(slot), &[commit(slot), commit(slot)]);
        }
        assert_eq!(archive.certificates().count(), SLOTS);
        assert_eq!(archive.certificate(Sequence(2000)).map(<[_]>::len), Some(2));
        assert_eq!(archive.certificate(Sequence(976)), None);
        archive.executed(Sequence(2001), &[]);
        assert_eq!(
            archive.certificates().count(),
            SLOTS,
            "a slot without a proof"
        );
        let one = commit(3000);
        let many = vec![one.clone(); CERTIFICATE_BYTES / one.weight()];
        archive.executed(Sequence(3000), &many);
        assert!(
            archive.certificates().count() < 3,
            "they are bounded in bytes"
        );
        archive.executed(Sequence(3000), &[one]);
        assert!(
            archive.certificate_bytes < 1000,
            "one that comes again counts once"
        );
    }

    #[test]
    fn the_last_new_view_is_kept_however_large_it_is() {
        let mut archive = Archive::default();
        let new_view = |view, slots| {
            let new_view = NewView {
                view: View(view),
                view_changes: Vec::new(),
                chosen: vec![(Sequence(1), Digest([1; 32])); slots],
            };
            Record::NewView(Box::new(SignedMessage::NewView {
                new_view: keys().sign(new_view).into_signed(),
                pre_prepares: Vec::new(),
            }))
        };
        for view in 1..=3 {
            archive.recorded(&new_view(view, 1));
        }
        archive.recorded(&new_view(4, NEW_VIEW_BYTES / 40));
        let kept: Vec<_> = archive.new_views().map(|one| one.value().view.0).collect();
        assert_eq!(kept, [4]);
    }
}
