//! Messages and actions in few words.

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::Message;
use quorate_protocol::{Digest, Effect, Evidence, Sequence, Signed, View};

use super::order::Names;
use super::page::list;

impl Names {
    /// An action that a story tells.
    pub(super) fn deed(&self, effect: &Effect) -> Option<String> {
        Some(match effect {
            Effect::InstallState { sequence, .. } => {
                format!("takes over the state of slot {}", sequence.0)
            }
            Effect::Diverged { sequence } => {
                format!("finds that its state at slot {} differs", sequence.0)
            }
            Effect::ViewChanged { view, active } => {
                let verb = if *active { "starts" } else { "wants" };
                format!("{verb} view {}", view.0)
            }
            Effect::Reject(misbehaviour) => {
                format!("refuses: {}", self.translate(&misbehaviour.to_string()))
            }
            Effect::Accuse(evidence) => {
                format!("accuses {} of {}", evidence.accused(), crime(evidence))
            }
            _ => return None,
        })
    }

    /// A message.
    pub(super) fn message(&self, message: &Message) -> String {
        match message {
            Message::Request(m) => format!("request {}", self.requests([m.value()])),
            Message::Ask(m) => format!("request {}", self.requests([m])),
            Message::PrePrepare(m, _) => self.subject("pre-prepare", m.view, m.sequence, m.digest),
            Message::Prepare(m) => self.subject("prepare", m.view, m.sequence, m.digest),
            Message::Commit(m) => self.subject("commit", m.view, m.sequence, m.digest),
            Message::Checkpoint(m) => format!("checkpoint slot {}", m.sequence.0),
            Message::ViewChange(m) => {
                let carried = self.certificates(&m.prepared);
                if carried.is_empty() {
                    format!("view-change view {}", m.view.0)
                } else {
                    format!(
                        "view-change view {} carrying {}",
                        m.view.0,
                        carried.join(", ")
                    )
                }
            }
            Message::NewView(m) => {
                let chosen = self.slots(&m.chosen);
                let from: Vec<_> = m.view_changes.iter().map(Signed::signer).collect();
                let words = format!("new-view view {} from {}", m.view.0, list(&from));
                if chosen.is_empty() {
                    words
                } else {
                    format!("{words} choosing {}", chosen.join(", "))
                }
            }
            Message::Fetch(m) => format!("fetch {}", self.batch(m.digest)),
            Message::Body(m) => format!("body {}", self.batch(m.batch.digest())),
            Message::Standing(m) => {
                format!("standing view {} executed {}", m.view.0, m.executed.0)
            }
            Message::FetchState(m) => match m.part {
                None => format!("fetch-state slot {}", m.sequence.0),
                Some(_) => format!("fetch-state slot {}, a part", m.sequence.0),
            },
            Message::State(m) => format!("state slot {}", m.sequence.0),
            Message::Committed(m) => format!("committed {}", self.batch(m.batch.digest())),
            Message::Stable(_) => "stable".to_owned(),
            Message::Replies(m) => {
                let told = m.replies.iter();
                let told =
                    told.map(|one| format!("{}/{}", self.client(one.client), one.timestamp.0));
                format!("reply {}", told.collect::<Vec<_>>().join(" "))
            }
            Message::Query(m) => format!("query {}", m.number),
            Message::Answer(m) => format!("answer {}", m.number),
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
        Evidence::TwoViewChanges(..) => "two view-changes (E6)",
        Evidence::TwoNewViews(..) => "two new-views (E6)",
        Evidence::CommittedOtherProposal(..) => "a commit against its proposal (E3)",
        Evidence::CommittedOtherPrepare(..) => "a commit against its prepare (E3)",
        Evidence::ForgottenCommit(..) => "a forgotten commit (E7)",
        Evidence::CommitBelowCheckpoint(..) => "a commit below its checkpoint (E7)",
    }
}
