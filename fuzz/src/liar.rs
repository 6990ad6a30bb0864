//! The liar. It sends everything that its own key can sign, built around what it has heard. It also sends what it has
//! heard with changed bytes.

use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use quorate_protocol::certificate::PreparedCertificate;
use quorate_protocol::message::{
    Batch, Body, Checkpoint, Commit, Committed, Fetch, FetchState, Memory, NewView, Piece,
    PrePrepare, Prepare, Proof, Proved, Recall, Replies, Reply, Request, Stable, Standing, State,
    ViewChange,
};
use quorate_protocol::snapshot::Manifest;
use quorate_protocol::{
    ClientId, Config, Digest, Evidence, Keys, Message, ReplicaId, Sequence, Signed, SignedMessage,
    Timestamp, View,
};

/// The most values of each kind that it remembers. Beyond it, the oldest are dropped.
const REMEMBERED: usize = 64;

/// The liar, P.
pub struct Liar {
    keys: Keys,
    config: Config,
    requests: Vec<Signed<Request>>,
    batches: Vec<Batch>,
    pre_prepares: Vec<Signed<PrePrepare>>,
    prepares: Vec<Signed<Prepare>>,
    commits: Vec<Signed<Commit>>,
    checkpoints: Vec<Signed<Checkpoint>>,
    view_changes: Vec<Signed<ViewChange>>,
    manifests: Vec<Manifest>,
    parts: Vec<Arc<[u8]>>,
    heard: Vec<Arc<SignedMessage>>,
}

fn remember<T>(all: &mut Vec<T>, one: T) {
    if all.len() == REMEMBERED {
        all.remove(0);
    }
    all.push(one);
}

/// Some of the known values, in any order, perhaps repeated.
fn some<T: Clone>(choices: &mut Unstructured<'_>, known: &[T]) -> Result<Vec<T>> {
    let mut chosen = Vec::new();
    if known.is_empty() {
        return Ok(chosen);
    }
    for _ in 0..choices.int_in_range(0..=4u8)? {
        // Count back from the latest: recent values matter most.
        let back = choices.choose_index(known.len())?;
        chosen.push(known[known.len() - 1 - back].clone());
    }
    Ok(chosen)
}

impl Liar {
    /// A liar that has heard nothing.
    #[must_use]
    pub fn new(keys: Keys, config: Config) -> Self {
        Self {
            keys,
            config,
            requests: Vec::new(),
            batches: vec![Batch::null()],
            pre_prepares: Vec::new(),
            prepares: Vec::new(),
            commits: Vec::new(),
            checkpoints: Vec::new(),
            view_changes: Vec::new(),
            manifests: Vec::new(),
            parts: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// The configuration of the cluster.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Remembers a message and the values inside it.
    pub fn overhear(&mut self, message: &Arc<SignedMessage>) {
        remember(&mut self.heard, Arc::clone(message));
        match &**message {
            SignedMessage::Request(m) => remember(&mut self.requests, m.clone()),
            SignedMessage::PrePrepare { pre_prepare, batch } => {
                remember(&mut self.pre_prepares, pre_prepare.clone());
                remember(&mut self.batches, batch.clone());
            }
            SignedMessage::Prepare(m) => remember(&mut self.prepares, m.clone()),
            SignedMessage::Commit(m) => remember(&mut self.commits, m.clone()),
            SignedMessage::Checkpoint(m) => remember(&mut self.checkpoints, m.clone()),
            SignedMessage::ViewChange(m) => remember(&mut self.view_changes, m.clone()),
            SignedMessage::NewView { pre_prepares, .. } => {
                for one in pre_prepares {
                    remember(&mut self.pre_prepares, one.clone());
                }
            }
            SignedMessage::State(m) => match &m.value().piece {
                Piece::Manifest(manifest) => remember(&mut self.manifests, manifest.clone()),
                Piece::Part(part) => remember(&mut self.parts, Arc::clone(part)),
            },
            _ => {}
        }
    }

    /// Makes the next message.
    ///
    /// # Errors
    /// There are no choices left.
    ///
    /// # Panics
    /// Never: all signatures that it uses are valid.
    pub fn say(&mut self, choices: &mut Unstructured<'_>) -> Result<Arc<SignedMessage>> {
        if choices.ratio(1, 8)? && !self.heard.is_empty() {
            return self.repeat(choices);
        }
        let message = self.message(choices)?;
        let Ok(signed) = self.keys.sign_message(message) else {
            unreachable!("every request that it passes on is signed");
        };
        let mut signed = signed.into_signed();
        // The NEW-VIEW's signature does not cover the PRE-PREPAREs beside it.
        if let SignedMessage::NewView { pre_prepares, .. } = &mut signed
            && choices.ratio(1, 8)?
        {
            *pre_prepares = some(choices, &self.pre_prepares)?;
        }
        let signed = Arc::new(signed);
        self.overhear(&signed);
        Ok(signed)
    }

    /// Repeats a message that it has heard, most often with changed bytes.
    fn repeat(&mut self, choices: &mut Unstructured<'_>) -> Result<Arc<SignedMessage>> {
        let heard = Arc::clone(choices.choose(&self.heard)?);
        let Ok(mut bytes) = postcard::to_stdvec(&*heard) else {
            return Ok(heard);
        };
        for _ in 0..choices.int_in_range(0..=3u8)? {
            let at = choices.choose_index(bytes.len())?;
            bytes[at] = choices.arbitrary()?;
        }
        Ok(postcard::from_bytes(&bytes).map_or(heard, Arc::new))
    }

    fn message(&mut self, choices: &mut Unstructured<'_>) -> Result<Message> {
        let view = self.view(choices)?;
        let sequence = Sequence(number(choices)?);
        let digest = self.digest(choices)?;
        Ok(match choices.int_in_range(0..=16u8)? {
            0 => {
                let request = self.request(choices)?;
                remember(&mut self.requests, request.clone());
                Message::Request(request)
            }
            1 | 2 => {
                let batch = self.batch(choices)?;
                let digest = if choices.ratio(7, 8)? {
                    batch.digest()
                } else {
                    digest
                };
                let pre_prepare = PrePrepare {
                    view,
                    sequence,
                    digest,
                };
                Message::PrePrepare(pre_prepare, batch)
            }
            3 | 4 => Message::Prepare(Prepare {
                view,
                sequence,
                digest,
            }),
            5 => Message::Commit(Commit {
                view,
                sequence,
                digest,
            }),
            6 => Message::Checkpoint(self.checkpoint(choices, sequence, digest)?),
            7 | 8 => Message::ViewChange(self.view_change(choices, view)?),
            9 => Message::NewView(self.new_view(choices, view)?),
            10 => match choices.int_in_range(0..=2u8)? {
                0 => Message::Fetch(Fetch { digest }),
                1 => Message::Body(Body {
                    batch: self.batch(choices)?,
                }),
                _ => Message::FetchState(FetchState {
                    sequence,
                    part: if choices.arbitrary()? {
                        Some(digest)
                    } else {
                        None
                    },
                }),
            },
            11 => Message::Standing(Standing {
                view,
                active: choices.arbitrary()?,
                executed: sequence,
                stable: sequence,
                memory: match choices.int_in_range(0..=2)? {
                    0 => Memory::Whole,
                    1 => Memory::Lost { life: 1 },
                    _ => Memory::VotesFrom(View(choices.int_in_range(0..=4)?)),
                },
                proved: Proved::none(),
            }),
            12 => {
                let piece = if choices.arbitrary()? {
                    some(choices, &self.manifests)?.pop().map(Piece::Manifest)
                } else {
                    None
                };
                let part = some(choices, &self.parts)?
                    .pop()
                    .unwrap_or_else(|| [7].into());
                let piece = piece.unwrap_or(Piece::Part(part));
                Message::State(State { sequence, piece })
            }
            13 => Message::Committed(Committed {
                proof: some(choices, &self.commits)?,
                batch: self.batch(choices)?,
            }),
            14 => Message::Stable(Stable {
                proof: some(choices, &self.checkpoints)?,
                recall: if choices.arbitrary()? {
                    Some(Recall { life: 1, view })
                } else {
                    None
                },
            }),
            15 => match self.evidence(choices)? {
                Some(evidence) => Message::Proof(Proof { evidence }),
                None => Message::Fetch(Fetch { digest }),
            },
            _ => Message::Replies(Replies {
                replies: vec![Reply {
                    view,
                    client: ReplicaId(1).into(),
                    timestamp: Timestamp(number(choices)?),
                    request: digest,
                    sequence,
                    result: choices.arbitrary::<bool>()?.then(|| vec![1]),
                }],
            }),
        })
    }

    /// A proof of what it has heard, most often a false one.
    fn evidence(&self, choices: &mut Unstructured<'_>) -> Result<Option<Evidence>> {
        let (commits, wishes) = (
            some(choices, &self.commits)?,
            some(choices, &self.view_changes)?,
        );
        let prepares = some(choices, &self.prepares)?;
        Ok(match (&commits[..], &wishes[..], &prepares[..]) {
            ([commit, ..], [wish, ..], _) => {
                Some(Evidence::ForgottenCommit(commit.clone(), wish.clone()))
            }
            ([one, other, ..], ..) => Some(Evidence::TwoCommits(one.clone(), other.clone())),
            (_, [one, other, ..], _) => Some(Evidence::TwoViewChanges(one.clone(), other.clone())),
            (.., [one, other, ..]) => Some(Evidence::TwoPrepares(one.clone(), other.clone())),
            (.., [one]) => Some(Evidence::PrimaryPrepared(one.clone())),
            _ => None,
        })
    }

    fn view(&self, choices: &mut Unstructured<'_>) -> Result<View> {
        if choices.ratio(3, 4)? {
            let known = self
                .view_changes
                .last()
                .map_or(View(0), |last| last.value().view);
            return Ok(known);
        }
        Ok(View(number(choices)?))
    }

    fn digest(&self, choices: &mut Unstructured<'_>) -> Result<Digest> {
        Ok(match choices.int_in_range(0..=3u8)? {
            0 => Digest([choices.arbitrary()?; 32]),
            1 => some(choices, &self.checkpoints)?
                .pop()
                .map_or(Digest([0; 32]), |one| one.value().digest),
            2 => choices.choose(&self.batches)?.digest(),
            _ => self
                .prepares
                .last()
                .map_or(Digest([0; 32]), |one| one.value().digest),
        })
    }

    fn request(&self, choices: &mut Unstructured<'_>) -> Result<Signed<Request>> {
        let client = if choices.arbitrary()? {
            ReplicaId(0).into()
        } else {
            ClientId::named(
                self.keys.own(),
                if choices.arbitrary()? { "a" } else { "b" },
            )
        };
        let request = Request::new(
            client,
            Timestamp(number(choices)?),
            vec![choices.arbitrary()?],
        );
        Ok(self.keys.sign(request).into_signed())
    }

    fn batch(&mut self, choices: &mut Unstructured<'_>) -> Result<Batch> {
        if choices.arbitrary()? {
            return Ok(choices.choose(&self.batches)?.clone());
        }
        let mut requests = some(choices, &self.requests)?;
        if requests.is_empty() {
            requests.push(self.request(choices)?);
        }
        let batch = Batch::new(requests);
        remember(&mut self.batches, batch.clone());
        Ok(batch)
    }

    /// Most often votes as the others do for this slot, so that its vote counts.
    fn checkpoint(
        &self,
        choices: &mut Unstructured<'_>,
        sequence: Sequence,
        digest: Digest,
    ) -> Result<Checkpoint> {
        let known = some(choices, &self.checkpoints)?.pop();
        Ok(known.map_or(Checkpoint { sequence, digest }, |known| *known.value()))
    }

    fn view_change(&self, choices: &mut Unstructured<'_>, view: View) -> Result<ViewChange> {
        let checkpoint_proof = some(choices, &self.checkpoints)?;
        let stable = checkpoint_proof
            .first()
            .map_or(0, |one| one.value().sequence.0);
        let mut prepared = Vec::new();
        for pre_prepare in some(choices, &self.pre_prepares)? {
            let prepares = some(choices, &self.prepares)?;
            prepared.push(PreparedCertificate {
                pre_prepare,
                prepares,
            });
        }
        if choices.ratio(3, 4)? {
            prepared.sort_by_key(PreparedCertificate::sequence);
            // The best possible certificate: all PREPAREs of the proposal.
            for certificate in &mut prepared {
                let like = *certificate.pre_prepare.value();
                let matches = |one: &&Signed<Prepare>| {
                    let one = one.value();
                    (one.view, one.sequence, one.digest) == (like.view, like.sequence, like.digest)
                };
                certificate.prepares = self.prepares.iter().filter(matches).cloned().collect();
            }
        }
        Ok(ViewChange {
            view: if choices.arbitrary()? {
                view.next()
            } else {
                view
            },
            life: u64::from(choices.ratio(1, 8)?),
            stable: Sequence(if choices.ratio(7, 8)? {
                stable
            } else {
                number(choices)?
            }),
            checkpoint_proof,
            prepared,
        })
    }

    fn new_view(&self, choices: &mut Unstructured<'_>, view: View) -> Result<NewView> {
        let view_changes = if choices.ratio(3, 4)? {
            // A quorum of the latest VIEW-CHANGEs, if it has heard one.
            let mut latest: Vec<Signed<ViewChange>> = Vec::new();
            for one in self
                .view_changes
                .iter()
                .rev()
                .filter(|one| one.value().view == view)
            {
                if latest.iter().all(|other| other.signer() != one.signer()) {
                    latest.push(one.clone());
                }
            }
            latest
        } else {
            some(choices, &self.view_changes)?
        };
        let mut chosen = Vec::new();
        for certificate in view_changes.iter().flat_map(|one| &one.value().prepared) {
            chosen.push((certificate.sequence(), certificate.digest()));
        }
        if choices.ratio(3, 4)? {
            chosen.sort();
            chosen.dedup_by_key(|(sequence, _)| *sequence);
        }
        Ok(NewView {
            view,
            view_changes,
            chosen,
        })
    }
}

/// Most often a small number, sometimes one at the limits.
fn number(choices: &mut Unstructured<'_>) -> Result<u64> {
    Ok(match choices.int_in_range(0..=15u8)? {
        0 => u64::MAX,
        1 => choices.arbitrary()?,
        small => u64::from(small) - 1,
    })
}
