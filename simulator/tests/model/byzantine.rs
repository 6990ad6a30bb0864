//! The Byzantine replica. It is no engine: it can say, to anyone, at any time or never, all of a menu that grows with what
//! the others have signed.

use std::collections::BTreeMap;

use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{
    Batch, Body, Commit, NewView, PrePrepare, Prepare, Proof, Request, ViewChange,
};
use quorate_protocol::{
    ClientId, Digest, Evidence, Keys, Pardon, Quorum, ReplicaId, Sequence, Signed, SignedMessage,
    Timestamp, View,
};

use crate::scope::Scope;

/// The one slot.
pub(crate) const SLOT: Sequence = Sequence(1);

/// The client's request, and the two batches that hold it: alone, and twice.
pub(crate) struct Batches {
    pub(crate) request: Signed<Request>,
    pub(crate) both: [Batch; 2],
}

impl Batches {
    pub(crate) fn new(keys: &Keys) -> Self {
        let request = Request::new(
            ClientId::session(keys.own(), 1),
            Timestamp(1),
            b"x".to_vec(),
        );
        let request = keys.sign(request).into_signed();
        let both = [
            vec![request.clone()],
            vec![request.clone(), request.clone()],
        ]
        .map(Batch::new);
        Self { request, both }
    }

    /// What a story calls a batch.
    pub(crate) fn name(&self, digest: Digest) -> &'static str {
        match self.both.iter().position(|batch| batch.digest() == digest) {
            Some(0) => "m",
            Some(_) => "m'",
            None => "null",
        }
    }
}

/// The signed parts from which the Byzantine replica can build messages: for each view and digest a PRE-PREPARE and the
/// PREPAREs, and the VIEW-CHANGEs of each replica.
#[derive(Default)]
struct Heard {
    proposals: BTreeMap<(View, Digest), Signed<PrePrepare>>,
    prepares: BTreeMap<(View, Digest), BTreeMap<ReplicaId, Signed<Prepare>>>,
    view_changes: BTreeMap<View, BTreeMap<ReplicaId, Vec<Signed<ViewChange>>>>,
}

impl Heard {
    fn hear(&mut self, message: &SignedMessage) {
        match message {
            SignedMessage::PrePrepare { pre_prepare, .. } => self.hear_proposal(pre_prepare),
            SignedMessage::NewView { pre_prepares, .. } => {
                for pre_prepare in pre_prepares {
                    self.hear_proposal(pre_prepare);
                }
            }
            SignedMessage::Prepare(prepare) => {
                let Prepare { view, digest, .. } = *prepare.value();
                let of = self.prepares.entry((view, digest)).or_default();
                of.insert(prepare.signer(), prepare.clone());
            }
            SignedMessage::ViewChange(view_change) => {
                let wanted = self
                    .view_changes
                    .entry(view_change.value().view)
                    .or_default();
                let of = wanted.entry(view_change.signer()).or_default();
                of.push(view_change.clone());
            }
            _ => {}
        }
    }

    fn hear_proposal(&mut self, pre_prepare: &Signed<PrePrepare>) {
        let PrePrepare { view, digest, .. } = *pre_prepare.value();
        self.proposals.insert((view, digest), pre_prepare.clone());
    }

    /// All certificates for views below `wanted`, each with whether it holds. A certificate that has one PREPARE twice, or one
    /// of the primary, must be refused.
    fn certificates(&self, quorum: Quorum, wanted: View) -> Vec<(PreparedCertificate, bool)> {
        let mut all = Vec::new();
        for ((view, digest), pre_prepare) in self.proposals.range(..(wanted, Digest([0; 32]))) {
            let Some(prepares) = self.prepares.get(&(*view, *digest)) else {
                continue;
            };
            let primary = view.primary(quorum);
            let mut backups = prepares.values().filter(|one| one.signer() != primary);
            let Some(one) = backups.next() else {
                continue;
            };
            let others = [
                (backups.next(), true),
                (prepares.get(&primary), false),
                (Some(one), false),
            ];
            for (other, holds) in others {
                let prepares = other.map(|other| vec![one.clone(), other.clone()]);
                all.extend(prepares.map(|prepares| {
                    let pre_prepare = pre_prepare.clone();
                    (
                        PreparedCertificate {
                            pre_prepare,
                            prepares,
                        },
                        holds,
                    )
                }));
            }
        }
        all
    }

    /// Every V of three that one can choose from, each replica in it once.
    fn quorums(&self, quorum: Quorum, view: View) -> Vec<Vec<Signed<ViewChange>>> {
        let mut all = vec![Vec::new()];
        for of in self
            .view_changes
            .get(&view)
            .into_iter()
            .flat_map(BTreeMap::values)
        {
            for chosen in all.clone() {
                for view_change in of {
                    let mut more = chosen.clone();
                    more.push(view_change.clone());
                    all.push(more);
                }
            }
        }
        all.retain(|chosen: &Vec<_>| chosen.len() == quorum.size());
        all
    }
}

/// Everything that the Byzantine replica can sign, once `said` was signed by the others. Bodies it gives even if it has
/// crashed, in the place of any replica that has them.
pub(crate) fn menu<'a>(
    keys: &Keys,
    scope: Scope,
    quorum: Quorum,
    batches: &Batches,
    said: impl IntoIterator<Item = &'a SignedMessage>,
) -> Vec<SignedMessage> {
    let mut all = Vec::new();
    for batch in &batches.both {
        let batch = batch.clone();
        let body = keys.sign(Body { batch }).into_signed();
        all.push(SignedMessage::Body(body));
    }
    if scope.crashed {
        return all;
    }
    all.push(proof(keys));
    for view in (0..=scope.views).map(View) {
        all.extend(
            batches
                .both
                .iter()
                .flat_map(|batch| votes(keys, quorum, view, batch)),
        );
    }
    let mut heard = Heard::default();
    said.into_iter().for_each(|message| heard.hear(message));
    all.iter().for_each(|message| heard.hear(message));
    for view in (1..=scope.views).map(View) {
        let nothing = [(Vec::new(), true)];
        let certificates = heard.certificates(quorum, view).into_iter();
        let certificates = certificates.map(|(certificate, holds)| (vec![certificate], holds));
        for (prepared, holds) in certificates.chain(nothing) {
            let view_change = ViewChange {
                view,
                life: 0,
                stable: Sequence(0),
                checkpoint_proof: Vec::new(),
                prepared,
            };
            let view_change = SignedMessage::ViewChange(keys.sign(view_change).into_signed());
            // A NEW-VIEW with a VIEW-CHANGE that does not hold is refused, so those are left out.
            if holds {
                heard.hear(&view_change);
            }
            all.push(view_change);
        }
        if view.primary(quorum) == keys.own() {
            all.extend(new_views(keys, quorum, view, &heard));
        }
    }
    all
}

/// The view of the VIEW-CHANGEs that prove it faulty: no replica gets so far.
const FAR: View = View(40);

/// A proof against itself. It can sign two messages of a slot or a view that are not of this world, so any replica may get a proof at
/// any time, and each at another time.
fn proof(keys: &Keys) -> SignedMessage {
    let wish = |stable| {
        keys.sign(ViewChange {
            view: FAR,
            life: 0,
            stable: Sequence(stable),
            checkpoint_proof: Vec::new(),
            prepared: Vec::new(),
        })
        .into_signed()
    };
    let evidence = Evidence::TwoViewChanges(wish(0), wish(1));
    SignedMessage::Proof(keys.sign(Proof { evidence }).into_signed())
}

/// What pardons everything that a replica says in this world. See `main.rs`.
pub(crate) const fn pardon(scope: Scope) -> Pardon {
    let view = View(scope.views);
    Pardon {
        view,
        sequence: SLOT,
    }
}

/// The votes that it can sign for a batch in a view. As primary it signs a PREPARE too, though a correct primary does not.
fn votes(keys: &Keys, quorum: Quorum, view: View, batch: &Batch) -> Vec<SignedMessage> {
    let (sequence, digest) = (SLOT, batch.digest());
    let prepare = Prepare {
        view,
        sequence,
        digest,
    };
    let commit = Commit {
        view,
        sequence,
        digest,
    };
    let mut all = vec![
        SignedMessage::Prepare(keys.sign(prepare).into_signed()),
        SignedMessage::Commit(keys.sign(commit).into_signed()),
    ];
    if view.primary(quorum) == keys.own() {
        let pre_prepare = PrePrepare {
            view,
            sequence,
            digest,
        };
        all.push(SignedMessage::PrePrepare {
            pre_prepare: keys.sign(pre_prepare).into_signed(),
            batch: batch.clone(),
        });
    }
    all
}

/// A NEW-VIEW of every V that there is, with the O that follows from it, and one whose V is one VIEW-CHANGE three times.
fn new_views(keys: &Keys, quorum: Quorum, view: View, heard: &Heard) -> Vec<SignedMessage> {
    let mut all = heard.quorums(quorum, view);
    let own = heard
        .view_changes
        .get(&view)
        .and_then(|of| of.get(&keys.own()));
    for view_change in own.into_iter().flatten() {
        all.push(vec![view_change.clone(); quorum.size()]);
    }
    all.into_iter()
        .map(|view_changes| {
            let certificates = view_changes.iter().flat_map(|one| &one.value().prepared);
            let latest = certificates.max_by_key(|certificate| certificate.view());
            let new_view = NewView {
                view,
                chosen: latest
                    .map(|latest| (SLOT, latest.digest()))
                    .into_iter()
                    .collect(),
                view_changes,
            };
            let pre_prepares = new_view
                .proposals()
                .map(|one| keys.sign(one).into_signed())
                .collect();
            SignedMessage::NewView {
                new_view: keys.sign(new_view).into_signed(),
                pre_prepares,
            }
        })
        .collect()
}
