//! Certificates verify: every proof that a correct process shows is valid.

use std::collections::BTreeSet;

use quorate_protocol::certificate::{check_commits, check_view_change};
use quorate_protocol::message::{Commit, ViewChange};
use quorate_protocol::{Config, Keys, ReplicaId, Signed, SignedMessage};

/// The rule.
pub const RULE: &str =
    "rules 5 and 10 to 12: every proof that a correct process shows or executes by is valid";

/// A correct process showed an invalid proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} brought a {what} with an invalid proof: {why}")]
pub struct BadCertificate {
    /// Who.
    pub by: ReplicaId,
    /// In which message.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: String,
}

/// Checks proofs with its own keys, and does not rely on the checks of the replicas.
#[derive(Debug)]
pub struct Certificates {
    config: Config,
    keys: Keys,
}

impl Certificates {
    /// A check for the processes of one cluster.
    #[must_use]
    pub const fn new(config: Config, keys: Keys) -> Self {
        Self { config, keys }
    }

    /// A correct process sends a message to all.
    ///
    /// # Errors
    /// A proof in the message is invalid.
    pub fn said(&mut self, by: ReplicaId, message: &SignedMessage) -> Result<(), BadCertificate> {
        let (what, result) = match message {
            SignedMessage::ViewChange(one) => ("VIEW-CHANGE", self.view_change(one)),
            SignedMessage::NewView { new_view, .. } => {
                ("NEW-VIEW", self.quorum(&new_view.value().view_changes))
            }
            SignedMessage::Committed(one) => ("committed slot", self.commits(&one.value().proof)),
            _ => return Ok(()),
        };
        let signed = self.keys.verify_message(message.clone());
        let signed = signed.map(drop).map_err(|why| why.to_string());
        result
            .and(signed)
            .map_err(|why| BadCertificate { by, what, why })
    }

    /// A correct process is about to execute a slot.
    ///
    /// # Errors
    /// It has no proof that the slot is committed.
    pub fn committed(
        &mut self,
        by: ReplicaId,
        proof: &[Signed<Commit>],
    ) -> Result<(), BadCertificate> {
        let signed = self.keys.check_all(proof).map_err(|why| why.to_string());
        let what = "slot to execution";
        self.commits(proof)
            .and(signed)
            .map_err(|why| BadCertificate { by, what, why })
    }

    fn commits(&self, proof: &[Signed<Commit>]) -> Result<(), String> {
        let checked = check_commits(&self.config, proof);
        checked.map(drop).map_err(|why| why.to_string())
    }

    fn quorum(&self, view_changes: &[Signed<ViewChange>]) -> Result<(), String> {
        let senders: BTreeSet<_> = view_changes.iter().map(Signed::signer).collect();
        if senders.len() < self.config.quorum.size() {
            return Err("too few distinct VIEW-CHANGEs".to_owned());
        }
        view_changes
            .iter()
            .try_for_each(|one| self.view_change(one))
    }

    fn view_change(&self, view_change: &Signed<ViewChange>) -> Result<(), String> {
        check_view_change(&self.config, view_change).map_err(|why| why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Certificates;
    use quorate_protocol::message::{NewView, ViewChange};
    use quorate_protocol::{ClusterId, Config, Keys, Message, Quorum, ReplicaId, Sequence, View};
    use std::num::NonZeroU32;

    #[test]
    fn a_checkpoint_without_proof_and_a_view_without_quorum_are_found() {
        let cluster = ClusterId([7; 32]);
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let keys = || Keys::simulated(ReplicaId(1), 4, cluster);
        let mut certificates = Certificates::new(Config::new(ReplicaId(0), quorum), keys());
        let mut said = |message| {
            let signed = keys().sign_message(message).unwrap().into_signed();
            certificates.said(ReplicaId(1), &signed)
        };
        let mut view_change = ViewChange {
            view: View(1),
            life: 0,
            stable: Sequence(0),
            checkpoint_proof: Vec::new(),
            prepared: Vec::new(),
        };
        assert_eq!(said(Message::ViewChange(view_change.clone())), Ok(()));
        let one = keys().sign(view_change.clone()).into_signed();
        view_change.stable = Sequence(128);
        assert!(said(Message::ViewChange(view_change)).is_err());
        let new_view = NewView {
            view: View(1),
            view_changes: vec![one.clone(), one.clone(), one],
            chosen: Vec::new(),
        };
        assert!(said(Message::NewView(new_view)).is_err());
    }
}
