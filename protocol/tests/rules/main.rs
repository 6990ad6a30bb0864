//! One test per rule, named after the rule. Replicas 0 to 3 are P, Q, R and S. P is the primary of view 0.

mod bounds;
mod catching_up;
mod checkpoint_cost;
mod checkpoints;
mod clients;
mod conviction;
mod evidence;
#[path = "../harness/mod.rs"]
mod harness;
mod largest;
#[cfg(feature = "mutants")]
mod mutants;
mod normal;
mod restart;
mod speaking;
mod timers;
mod transfer;
mod view_change;

use quorate_protocol::message::{Batch, Commit, NewView, PrePrepare, Prepare};
use quorate_protocol::{Message, Sequence, Signed, SignedMessage, View};

fn new_view_of(message: &SignedMessage) -> Signed<NewView> {
    match message {
        SignedMessage::NewView { new_view, .. } => new_view.clone(),
        other => panic!("not a NEW-VIEW: {other:?}"),
    }
}

fn prepare(view: u64, sequence: u64, batch: &Batch) -> Message {
    Message::Prepare(Prepare {
        view: View(view),
        sequence: Sequence(sequence),
        digest: batch.digest(),
    })
}

fn commit(view: u64, sequence: u64, batch: &Batch) -> Message {
    Message::Commit(Commit {
        view: View(view),
        sequence: Sequence(sequence),
        digest: batch.digest(),
    })
}

fn pre_prepare(view: u64, sequence: u64, batch: Batch) -> Message {
    let digest = batch.digest();
    Message::PrePrepare(
        PrePrepare {
            view: View(view),
            sequence: Sequence(sequence),
            digest,
        },
        batch,
    )
}
