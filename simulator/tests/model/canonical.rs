//! Which states of a replica, and which messages, count as one: those that differ only in what decides nothing any more.
//! `Table::check_merged` checks that it decides nothing.

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::{
    Digest, Phase, Quorum, Replica, ReplicaId, Signed, SignedMessage, SlotStatus,
};

use crate::byzantine::{Batches, SLOT};

/// A slot of which nothing is known, without brackets.
const EMPTY_SLOT: &str = "Sequence(1): Slot { proposal: None, prepares: , commits: , prepared: None, committed: None, \
    proof: , learned: , past: , agreed: , surplus:  }";

/// A replica's state, as text, without what decides nothing.
pub(crate) fn replica(replica: &Replica, own: ReplicaId, quorum: Quorum, last_view: u64) -> String {
    let status = replica.status();
    let SlotStatus {
        phase, prepares, ..
    } = replica.slot(SLOT);
    let in_last_view = status.view.0 == last_view;
    let done = phase >= Phase::Executed;
    // All certificates for one view and digest have the same effect. The proof of a commit, and the VIEW-CHANGEs behind the
    // current view, are kept only for replicas that missed them.
    let mut decides_nothing = vec!["config: ", "prepares: [", "proof: [", "view_changes: ["];
    // These are kept only to find contradictions.
    decides_nothing.extend(["past: {", "ended: {", "surplus: [", "statements: "]);
    // Which proof convicts the Byzantine replica makes no difference.
    decides_nothing.push("dossier: ");
    let convicts: Vec<_> = (0..quorum.n())
        .filter(|other| replica.convicts(ReplicaId(*other)))
        .collect();
    // No peer uses up its allowance here.
    decides_nothing.push("allowances: ");
    // It only makes timers longer.
    decides_nothing.extend(["attempts: ", "settled: "]);
    // Votes are counted while their view is active, and until there are enough.
    let enough_prepares = phase >= Phase::Prepared && prepares >= quorum.prepares();
    if !status.active || enough_prepares {
        decides_nothing.push("prepares: {");
    }
    if !status.active || phase >= Phase::Committed {
        decides_nothing.push("commits: {");
    }
    // The COMMITs of other views decide nothing after that either. Early messages are then COMMITs only (`Table::step`).
    if done {
        decides_nothing.extend(["learned: {", "by_sender: {"]);
    }
    let text = format!("{replica:?}");
    if in_last_view {
        let quorum_seen = text.contains("quorum_seen: true");
        if status.active {
            // The timer of the last view never runs out, and a NEW-VIEW comes too late.
            decides_nothing.push("quorum_seen: ");
        }
        // Two kinds of replicas wait for VIEW-CHANGEs: the primary of the wanted view, and those that have not seen a quorum.
        if status.active || (status.primary != own && quorum_seen) {
            decides_nothing.push("heard: {");
        }
    }
    let text = without(&text, &decides_nothing);
    let text = text.replace("{}", "").replace("[]", "");
    let text = text.replace(EMPTY_SLOT, "").replace("{}", "");
    format!("convicts {convicts:?} {text}")
}

/// The text without the values of all fields of these names. A name may end with the bracket that the value begins with. One
/// way through the text does it, because this is a large part of the work of the search.
fn without(text: &str, fields: &[&str]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        // A colon is followed by a space.
        let (before, value) = rest.split_at(colon + ": ".len());
        let is_name = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
        let letters = before.as_bytes()[..colon].iter().rev();
        let name = &before[colon - letters.take_while(|byte| is_name(byte)).count()..];
        let decides_nothing = fields.iter().any(|field| {
            field.as_bytes()[0] == name.as_bytes()[0]
                && field
                    .strip_prefix(name)
                    .is_some_and(|bracket| value.starts_with(bracket))
        });
        kept.push_str(before);
        rest = if decides_nothing {
            &value[length(value)..]
        } else {
            value
        };
    }
    kept.push_str(rest);
    kept
}

/// How long the value is that a text begins with: up to the comma or bracket that ends it.
fn length(text: &str) -> usize {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return at,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// A message as a story tells it. Messages with the same text count as one: it does not matter which valid PREPAREs stand in
/// a certificate, or which valid VIEW-CHANGEs in a NEW-VIEW.
pub(crate) fn message(message: &SignedMessage, batches: &Batches, quorum: Quorum) -> String {
    let vote =
        |name, view: u64, digest: Digest| format!("{name}({view}, {})", batches.name(digest));
    match message {
        SignedMessage::PrePrepare { pre_prepare, .. } => {
            let value = pre_prepare.value();
            vote("PRE-PREPARE", value.view.0, value.digest)
        }
        SignedMessage::Prepare(prepare) => {
            vote("PREPARE", prepare.value().view.0, prepare.value().digest)
        }
        SignedMessage::Commit(commit) => {
            vote("COMMIT", commit.value().view.0, commit.value().digest)
        }
        SignedMessage::ViewChange(view_change) => {
            let value = view_change.value();
            let mut text = format!("VIEW-CHANGE({}", value.view.0);
            for certificate in &value.prepared {
                let vote = vote("prepared", certificate.view().0, certificate.digest());
                let flaw = flaw(certificate, quorum);
                text.push_str(&format!(", {vote}{flaw}"));
            }
            text + ")"
        }
        SignedMessage::NewView { new_view, .. } => {
            let value = new_view.value();
            let signers: Vec<_> = value.view_changes.iter().map(Signed::signer).collect();
            let chosen = value.chosen.first();
            let chosen = chosen.map_or("nothing", |(_, digest)| batches.name(*digest));
            let flaw = if signers[0] == signers[1] {
                " from one VIEW-CHANGE"
            } else {
                ""
            };
            format!("NEW-VIEW({}, {chosen}{flaw})", value.view.0)
        }
        SignedMessage::Body(body) => {
            format!("body of {}", batches.name(body.value().batch.digest()))
        }
        SignedMessage::Proof(_) => "proof against itself".to_owned(),
        other => unreachable!("{other:?} is not carried"),
    }
}

fn flaw(certificate: &PreparedCertificate, quorum: Quorum) -> &'static str {
    let primary = certificate.view().primary(quorum);
    let signers: Vec<_> = certificate.prepares.iter().map(Signed::signer).collect();
    if signers.contains(&primary) {
        " by its primary's own PREPARE"
    } else if signers[0] == signers[1] {
        " by one PREPARE twice"
    } else {
        ""
    }
}
