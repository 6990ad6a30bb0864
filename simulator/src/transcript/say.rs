//! Messages and actions in few words.

use quorate_host::Event;
use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::{Digest, Evidence, Sequence, Signed, SignedMessage, View};

use super::order::Names;
use super::page::list;

impl Names {
    /// An action that a story tells.
    pub(super) fn event(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::Installed(slot) => format!("takes over the state of slot {}", slot.0),
            Event::Unreadable(slot) => format!("cannot read the state of slot {}", slot.0),
            Event::Diverged(slot) => format!("finds that its state at slot {} differs", slot.0),
            Event::View(view, active) => {
                let verb = if *active { "starts" } else { "wants" };
                format!("{verb} view {}", view.0)
            }
            Event::Refused(misbehaviour) | Event::RefusedBatch { misbehaviour, .. } => {
                format!("refuses: {}", self.translate(&misbehaviour.to_string()))
            }
            Event::Accused(evidence) => {
                format!("accuses {} of {}", evidence.accused(), crime(evidence))
            }
            _ => return None,
        })
    }

    /// A message.
    pub(super) fn message(&self, message: &SignedMessage) -> String {
        match message {
            SignedMessage::Request(m) => format!("request {}", self.requests([m.value()])),
            SignedMessage::PrePrepare { pre_prepare: m, .. } => self.subject(
                "pre-prepare",
                m.value().view,
                m.value().sequence,
                m.value().digest,
            ),
            SignedMessage::Prepare(m) => self.subject(
                "prepare",
                m.value().view,
                m.value().sequence,
                m.value().digest,
            ),
            SignedMessage::Commit(m) => self.subject(
                "commit",
                m.value().view,
                m.value().sequence,
                m.value().digest,
            ),
            SignedMessage::Checkpoint(m) => format!("checkpoint slot {}", m.value().sequence.0),
            SignedMessage::ViewChange(m) => {
                let carried = self.certificates(&m.value().prepared);
                if carried.is_empty() {
                    format!("view-change view {}", m.value().view.0)
                } else {
                    format!(
                        "view-change view {} carrying {}",
                        m.value().view.0,
                        carried.join(", ")
                    )
                }
            }
            SignedMessage::NewView { new_view: m, .. } => {
                let chosen = self.slots(&m.value().chosen);
                let from: Vec<_> = m.value().view_changes.iter().map(Signed::signer).collect();
                let words = format!("new-view view {} from {}", m.value().view.0, list(&from));
                if chosen.is_empty() {
                    words
                } else {
                    format!("{words} choosing {}", chosen.join(", "))
                }
            }
            SignedMessage::Fetch(m) => format!("fetch {}", self.batch(m.value().digest)),
            SignedMessage::Body(m) => format!("body {}", self.batch(m.value().batch.digest())),
            SignedMessage::Standing(m) => {
                format!(
                    "standing view {} executed {}",
                    m.value().view.0,
                    m.value().executed.0
                )
            }
            SignedMessage::FetchState(m) => match m.value().part {
                None => format!("fetch-state slot {}", m.value().sequence.0),
                Some(_) => format!("fetch-state slot {}, a part", m.value().sequence.0),
            },
            SignedMessage::State(m) => format!("state slot {}", m.value().sequence.0),
            SignedMessage::Committed(m) => {
                format!("committed {}", self.batch(m.value().batch.digest()))
            }
            SignedMessage::Stable(_) => "stable".to_owned(),
            SignedMessage::Replies(m) => {
                let told = m.value().replies.iter();
                let told =
                    told.map(|one| format!("{}/{}", self.client(one.client), one.timestamp.0));
                format!("reply {}", told.collect::<Vec<_>>().join(" "))
            }
            SignedMessage::Query(m) => format!("query {}", m.value().number),
            SignedMessage::Answer(m) => format!("answer {}", m.value().number),
            SignedMessage::Proof(m) => {
                let evidence = &m.value().evidence;
                format!("proof against {}: {}", evidence.accused(), crime(evidence))
            }
        }
    }

    fn subject(&self, kind: &str, view: View, slot: Sequence, digest: Digest) -> String {
        let batch = self.batch(digest);
        format!("{kind} view {} slot {} {batch}", view.0, slot.0)
    }

    /// The certificates of a VIEW-CHANGE, grouped by view.
    fn certificates(&self, certificates: &[PreparedCertificate]) -> Vec<String> {
        certificates
            .chunk_by(|one, other| one.view() == other.view())
            .filter_map(|of_view| {
                let slots = of_view.iter().map(|one| (one.sequence(), one.digest()));
                let slots = self.slots(&slots.collect::<Vec<_>>()).join(", ");
                Some(format!("{slots} of view {}", of_view.first()?.view().0))
            })
            .collect()
    }
}

fn crime(evidence: &Evidence) -> &'static str {
    match evidence {
        Evidence::TwoPrePrepares(..) => "two pre-prepares (E1)",
        Evidence::TwoPrepares(..) => "two prepares (E2)",
        Evidence::TwoCommits(..) => "two commits (E3)",
        Evidence::PrimaryPrepared(_) => "a primary's prepare (E4)",
        Evidence::WrongNewView(_) => "a wrong new-view (E5)",
        Evidence::ProposedAgainstNewView(..) => "a proposal against its new-view (E5)",
        Evidence::TwoViewChanges(..) => "two view-changes (E6)",
        Evidence::TwoNewViews(..) => "two new-views (E6)",
        Evidence::CommittedOtherProposal(..) => "a commit against its proposal (E3)",
        Evidence::CommittedOtherPrepare(..) => "a commit against its prepare (E3)",
        Evidence::ForgottenCommit(..) => "a forgotten commit (E7)",
        Evidence::CommitBelowCheckpoint(..) => "a commit below its checkpoint (E7)",
    }
}
