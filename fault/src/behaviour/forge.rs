use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{Batch, Message, NewView, Piece, ViewChange};
use quorate_protocol::snapshot::Manifest;
use quorate_protocol::{Digest, Effect, Sequence, Signed};

use super::{Altered, Behaviour, Entry};
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "forge",
    argument: "",
    what: "sends proofs that repeat one vote until it looks like a quorum, and false states",
    example: "forge",
    needs: Scene::Order,
    make: |_, _| Ok(Box::new(Forge)),
};

/// Sends proofs that repeat one vote until it looks like a quorum: certificates that repeat one PREPARE, and NEW-VIEWs
/// that repeat the VIEW-CHANGE with the fewest certificates. All signatures in them are valid. To a replica that fetches
/// a state, it sends the manifest of an empty one.
#[derive(Clone, Debug)]
struct Forge;

impl Behaviour for Forge {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let altered = match effect {
            Effect::Broadcast(Message::ViewChange(mut view_change)) => {
                for certificate in &mut view_change.prepared {
                    repeat_one_prepare(certificate);
                }
                Effect::Broadcast(Message::ViewChange(view_change))
            }
            Effect::Broadcast(Message::NewView(mut new_view)) => {
                repeat_one_view_change(&mut new_view);
                Effect::Broadcast(Message::NewView(new_view))
            }
            Effect::Send {
                to,
                message: Message::State(mut state),
            } => {
                if let Piece::Manifest(manifest) = &mut state.piece {
                    *manifest = Manifest::default();
                }
                let message = Message::State(state);
                Effect::Send { to, message }
            }
            other => other,
        };
        vec![altered.into()]
    }
}

fn repeat_one_prepare(certificate: &mut PreparedCertificate) {
    if let Some(one) = certificate.prepares.first().cloned() {
        certificate.prepares.fill(one);
    }
}

fn repeat_one_view_change(new_view: &mut NewView) {
    let proves = |one: &&Signed<ViewChange>| one.value().prepared.len();
    if let Some(least) = new_view.view_changes.iter().min_by_key(proves).cloned() {
        new_view.chosen = proposals(least.value());
        new_view.view_changes.fill(least);
    }
}

/// The proposals that follow from this VIEW-CHANGE alone. It has at most one certificate for each slot.
fn proposals(view_change: &ViewChange) -> Vec<(Sequence, Digest)> {
    let certificates = &view_change.prepared;
    let max = certificates.last().map_or(0, |last| last.sequence().0);
    (view_change.stable.0 + 1..=max)
        .map(Sequence)
        .map(|slot| {
            let its = certificates.iter().find(|one| one.sequence() == slot);
            let digest = its.map_or_else(|| Batch::null().digest(), PreparedCertificate::digest);
            (slot, digest)
        })
        .collect()
}
