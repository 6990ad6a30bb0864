//! The protocol's messages, one file each. A message has three forms:
//!
//! * [`Message`]: what a replica wants to send. The host signs it after `fault` has perhaps changed it.
//! * [`SignedMessage`]: what travels between replicas.
//! * [`VerifiedMessage`]: what a replica accepts as input. Only [`Keys`] makes one, after it has checked every
//!   signature, in nested certificates too.

mod answer;
mod batch;
mod body;
mod checkpoint;
mod commit;
mod committed;
pub(crate) mod evidence;
mod fetch;
mod fetch_state;
mod kind;
mod new_view;
mod pre_prepare;
mod prepare;
mod prepared;
mod proof;
mod query;
mod replies;
mod reply;
mod request;
mod stable;
mod standing;
mod state;
mod surplus;
mod view_change;

pub use answer::Answer;
pub use batch::Batch;
pub use body::Body;
pub use checkpoint::Checkpoint;
pub use commit::Commit;
pub use committed::Committed;
pub use fetch::Fetch;
pub use fetch_state::FetchState;
pub use kind::{Kind, digest, place};
pub use new_view::NewView;
pub use pre_prepare::PrePrepare;
pub use prepare::Prepare;
pub use prepared::PreparedCertificate;
pub use proof::Proof;
pub use query::Query;
pub use replies::Replies;
pub use reply::Reply;
pub use request::Request;
pub use stable::{Recall, Stable};
pub use standing::{Memory, Proved, Standing};
pub use state::{Piece, State};
pub use surplus::Surplus;
pub(crate) use surplus::Unchecked;
pub use view_change::ViewChange;

use serde::{Deserialize, Serialize};

use crate::id::ReplicaId;
use crate::misbehaviour::Misbehaviour;
use crate::signature::{Keys, Signed, Verified};

/// A message before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A client's request, already signed.
    Request(Signed<Request>),
    /// A request that the host signs. Only liars send it so: a correct process signs its requests before its replica
    /// gets them.
    Ask(Request),
    /// The primary's proposal for a slot, with its body.
    PrePrepare(PrePrepare, Batch),
    /// A backup agrees to a proposal.
    Prepare(Prepare),
    /// A replica has prepared a slot.
    Commit(Commit),
    /// The digest of the state at a sequence number.
    Checkpoint(Checkpoint),
    /// A replica asks for another view and shows what it has prepared.
    ViewChange(ViewChange),
    /// The primary starts another view. Its proposals also travel as PRE-PREPAREs with signatures of their own.
    NewView(NewView),
    /// Asks for a body that is missing.
    Fetch(Fetch),
    /// The answer to [`Fetch`].
    Body(Body),
    /// How far the sender is.
    Standing(Standing),
    /// Asks for a manifest or a part of a state.
    FetchState(FetchState),
    /// The answer to [`FetchState`].
    State(State),
    /// A committed slot, with its proof.
    Committed(Committed),
    /// The sender's last stable checkpoint, with its proof.
    Stable(Stable),
    /// The results of requests, for the process that speaks for their clients.
    Replies(Replies),
    /// A read-only operation.
    Query(Query),
    /// The answer to [`Query`].
    Answer(Answer),
    /// A proof that a replica is faulty.
    Proof(Proof),
}

/// A message as it travels between replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are described at Message")]
pub enum SignedMessage {
    Request(Signed<Request>),
    PrePrepare {
        pre_prepare: Signed<PrePrepare>,
        batch: Batch,
    },
    Prepare(Signed<Prepare>),
    Commit(Signed<Commit>),
    Checkpoint(Signed<Checkpoint>),
    ViewChange(Signed<ViewChange>),
    NewView {
        new_view: Signed<NewView>,
        pre_prepares: Vec<Signed<PrePrepare>>,
    },
    Fetch(Signed<Fetch>),
    Body(Signed<Body>),
    Standing(Signed<Standing>),
    FetchState(Signed<FetchState>),
    State(Signed<State>),
    Committed(Signed<Committed>),
    Stable(Signed<Stable>),
    Replies(Signed<Replies>),
    Query(Signed<Query>),
    Answer(Signed<Answer>),
    Proof(Signed<Proof>),
}

/// What every signed message has, whatever it says.
trait Envelope {
    fn signer(&self) -> ReplicaId;
    fn weight(&self) -> usize;
}

impl<T> Envelope for Signed<T> {
    fn signer(&self) -> ReplicaId {
        Self::signer(self)
    }

    fn weight(&self) -> usize {
        Self::weight(self)
    }
}

impl SignedMessage {
    /// The most bytes that its encoding takes, but for the number of its kind.
    #[must_use]
    pub fn weight(&self) -> usize {
        let beside = match self {
            Self::PrePrepare { batch, .. } => batch.weight(),
            Self::NewView { pre_prepares, .. } => pre_prepares.iter().map(Signed::weight).sum(),
            _ => 0,
        };
        self.envelope().weight() + beside
    }

    /// The replica that claims to have signed it. For a request, this is the process that speaks for the client.
    #[must_use]
    pub fn signer(&self) -> ReplicaId {
        self.envelope().signer()
    }

    /// The message without what travels beside it.
    fn envelope(&self) -> &dyn Envelope {
        match self {
            Self::Request(m) => m,
            Self::PrePrepare { pre_prepare, .. } => pre_prepare,
            Self::Prepare(m) => m,
            Self::Commit(m) => m,
            Self::Checkpoint(m) => m,
            Self::ViewChange(m) => m,
            Self::NewView { new_view, .. } => new_view,
            Self::Fetch(m) => m,
            Self::Body(m) => m,
            Self::Standing(m) => m,
            Self::FetchState(m) => m,
            Self::State(m) => m,
            Self::Committed(m) => m,
            Self::Stable(m) => m,
            Self::Replies(m) => m,
            Self::Query(m) => m,
            Self::Answer(m) => m,
            Self::Proof(m) => m,
        }
    }
}

/// A message whose signatures are all valid, nested ones too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are described at Message")]
pub enum VerifiedMessage {
    Request(Verified<Request>),
    PrePrepare {
        pre_prepare: Verified<PrePrepare>,
        batch: Batch,
    },
    Prepare(Verified<Prepare>),
    Commit(Verified<Commit>),
    Checkpoint(Verified<Checkpoint>),
    ViewChange(Verified<ViewChange>),
    NewView {
        new_view: Verified<NewView>,
        pre_prepares: Vec<Verified<PrePrepare>>,
    },
    Fetch(Verified<Fetch>),
    Body(Verified<Body>),
    Standing(Verified<Standing>),
    FetchState(Verified<FetchState>),
    State(Verified<State>),
    Committed(Verified<Committed>),
    Stable(Verified<Stable>),
    Replies(Verified<Replies>),
    Query(Verified<Query>),
    Answer(Verified<Answer>),
    Proof(Verified<Proof>),
}

impl VerifiedMessage {
    /// The replica that signed it. For a request, this is the process that speaks for the client.
    #[must_use]
    pub fn signer(&self) -> ReplicaId {
        match self {
            Self::Request(m) => m.signer(),
            Self::PrePrepare { pre_prepare, .. } => pre_prepare.signer(),
            Self::Prepare(m) => m.signer(),
            Self::Commit(m) => m.signer(),
            Self::Checkpoint(m) => m.signer(),
            Self::ViewChange(m) => m.signer(),
            Self::NewView { new_view, .. } => new_view.signer(),
            Self::Fetch(m) => m.signer(),
            Self::Body(m) => m.signer(),
            Self::Standing(m) => m.signer(),
            Self::FetchState(m) => m.signer(),
            Self::State(m) => m.signer(),
            Self::Committed(m) => m.signer(),
            Self::Stable(m) => m.signer(),
            Self::Replies(m) => m.signer(),
            Self::Query(m) => m.signer(),
            Self::Answer(m) => m.signer(),
            Self::Proof(m) => m.signer(),
        }
    }

    /// The message as it travels.
    #[must_use]
    pub fn into_signed(self) -> SignedMessage {
        match self {
            Self::Request(m) => SignedMessage::Request(m.into_signed()),
            Self::PrePrepare { pre_prepare, batch } => SignedMessage::PrePrepare {
                pre_prepare: pre_prepare.into_signed(),
                batch,
            },
            Self::Prepare(m) => SignedMessage::Prepare(m.into_signed()),
            Self::Commit(m) => SignedMessage::Commit(m.into_signed()),
            Self::Checkpoint(m) => SignedMessage::Checkpoint(m.into_signed()),
            Self::ViewChange(m) => SignedMessage::ViewChange(m.into_signed()),
            Self::NewView {
                new_view,
                pre_prepares,
            } => SignedMessage::NewView {
                new_view: new_view.into_signed(),
                pre_prepares: pre_prepares
                    .into_iter()
                    .map(Verified::into_signed)
                    .collect(),
            },
            Self::Fetch(m) => SignedMessage::Fetch(m.into_signed()),
            Self::Body(m) => SignedMessage::Body(m.into_signed()),
            Self::Standing(m) => SignedMessage::Standing(m.into_signed()),
            Self::FetchState(m) => SignedMessage::FetchState(m.into_signed()),
            Self::State(m) => SignedMessage::State(m.into_signed()),
            Self::Committed(m) => SignedMessage::Committed(m.into_signed()),
            Self::Stable(m) => SignedMessage::Stable(m.into_signed()),
            Self::Replies(m) => SignedMessage::Replies(m.into_signed()),
            Self::Query(m) => SignedMessage::Query(m.into_signed()),
            Self::Answer(m) => SignedMessage::Answer(m.into_signed()),
            Self::Proof(m) => SignedMessage::Proof(m.into_signed()),
        }
    }
}

impl Keys {
    /// Signs a message. A request in it keeps its own signature, which must be valid.
    ///
    /// # Errors
    /// The message holds a request with an invalid signature: somebody changed the request after it was signed.
    pub fn sign_message(&mut self, message: Message) -> Result<VerifiedMessage, Misbehaviour> {
        Ok(match message {
            Message::Request(request) => VerifiedMessage::Request(self.verify_request(request)?),
            Message::Ask(request) => VerifiedMessage::Request(self.sign(request)),
            Message::PrePrepare(pre_prepare, batch) => VerifiedMessage::PrePrepare {
                pre_prepare: self.sign(pre_prepare),
                batch,
            },
            Message::Prepare(m) => VerifiedMessage::Prepare(self.sign(m)),
            Message::Commit(m) => VerifiedMessage::Commit(self.sign(m)),
            Message::Checkpoint(m) => VerifiedMessage::Checkpoint(self.sign(m)),
            Message::ViewChange(m) => VerifiedMessage::ViewChange(self.sign(m)),
            Message::NewView(new_view) => {
                let pre_prepares = new_view
                    .proposals()
                    .map(|proposal| self.sign(proposal))
                    .collect();
                VerifiedMessage::NewView {
                    new_view: self.sign(new_view),
                    pre_prepares,
                }
            }
            Message::Fetch(m) => VerifiedMessage::Fetch(self.sign(m)),
            Message::Body(m) => VerifiedMessage::Body(self.sign(m)),
            Message::Standing(m) => VerifiedMessage::Standing(self.sign(m)),
            Message::FetchState(m) => VerifiedMessage::FetchState(self.sign(m)),
            Message::State(m) => VerifiedMessage::State(self.sign(m)),
            Message::Committed(m) => VerifiedMessage::Committed(self.sign(m)),
            Message::Stable(m) => VerifiedMessage::Stable(self.sign(m)),
            Message::Replies(m) => VerifiedMessage::Replies(self.sign(m)),
            Message::Query(m) => VerifiedMessage::Query(self.sign(m)),
            Message::Answer(m) => VerifiedMessage::Answer(self.sign(m)),
            Message::Proof(m) => VerifiedMessage::Proof(self.sign(m)),
        })
    }

    /// Checks every signature of a message, down to the certificates inside certificates.
    ///
    /// # Errors
    /// A signature is not valid. The whole message is refused.
    pub fn verify_message(
        &mut self,
        message: SignedMessage,
    ) -> Result<VerifiedMessage, Misbehaviour> {
        Ok(match message {
            SignedMessage::Request(request) => {
                VerifiedMessage::Request(self.verify_request(request)?)
            }
            SignedMessage::PrePrepare { pre_prepare, batch } => {
                let pre_prepare = self.verify(pre_prepare)?;
                self.check_batch(&batch)?;
                VerifiedMessage::PrePrepare { pre_prepare, batch }
            }
            SignedMessage::Prepare(m) => VerifiedMessage::Prepare(self.verify(m)?),
            SignedMessage::Commit(m) => VerifiedMessage::Commit(self.verify(m)?),
            SignedMessage::Checkpoint(m) => VerifiedMessage::Checkpoint(self.verify(m)?),
            SignedMessage::ViewChange(m) => {
                let view_change = self.verify(m)?;
                self.check_view_change(view_change.value())?;
                VerifiedMessage::ViewChange(view_change)
            }
            SignedMessage::NewView {
                new_view,
                pre_prepares,
            } => {
                let new_view = self.verify(new_view)?;
                for view_change in &new_view.value().view_changes {
                    self.check_all([view_change])?;
                    self.check_view_change(view_change.value())?;
                }
                let pre_prepares = pre_prepares
                    .into_iter()
                    .map(|one| self.verify(one))
                    .collect::<Result<_, _>>()?;
                VerifiedMessage::NewView {
                    new_view,
                    pre_prepares,
                }
            }
            SignedMessage::Fetch(m) => VerifiedMessage::Fetch(self.verify(m)?),
            SignedMessage::Body(m) => {
                let body = self.verify(m)?;
                self.check_batch(&body.value().batch)?;
                VerifiedMessage::Body(body)
            }
            SignedMessage::Standing(m) => VerifiedMessage::Standing(self.verify(m)?),
            SignedMessage::FetchState(m) => VerifiedMessage::FetchState(self.verify(m)?),
            SignedMessage::State(m) => VerifiedMessage::State(self.verify(m)?),
            SignedMessage::Replies(m) => VerifiedMessage::Replies(self.verify(m)?),
            SignedMessage::Query(m) => VerifiedMessage::Query(self.verify(m)?),
            SignedMessage::Answer(m) => VerifiedMessage::Answer(self.verify(m)?),
            SignedMessage::Proof(m) => {
                let proof = self.verify(m)?;
                self.check_evidence(&proof.value().evidence)?;
                VerifiedMessage::Proof(proof)
            }
            SignedMessage::Committed(m) => {
                let committed = self.verify(m)?;
                self.check_all(&committed.value().proof)?;
                self.check_batch(&committed.value().batch)?;
                VerifiedMessage::Committed(committed)
            }
            SignedMessage::Stable(m) => {
                let stable = self.verify(m)?;
                self.check_all(&stable.value().proof)?;
                VerifiedMessage::Stable(stable)
            }
        })
    }

    fn verify_request(
        &mut self,
        request: Signed<Request>,
    ) -> Result<Verified<Request>, Misbehaviour> {
        self.check_requests([&request])?;
        self.verify(request)
    }

    fn check_batch(&mut self, batch: &Batch) -> Result<(), Misbehaviour> {
        self.check_requests(batch.requests())
    }

    fn check_view_change(&mut self, view_change: &ViewChange) -> Result<(), Misbehaviour> {
        self.check_all(&view_change.checkpoint_proof)?;
        for certificate in &view_change.prepared {
            self.check_all([&certificate.pre_prepare])?;
            self.check_all(&certificate.prepares)?;
        }
        Ok(())
    }
}
