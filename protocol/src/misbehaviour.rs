//! Why a replica refuses a message. The message has no effect. If it proves its sender faulty, there is
//! [`crate::evidence::Evidence`] too.

use crate::digest::Digest;
use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum Misbehaviour {
    #[error("{signer} carried a request of client {client} that the client's key has not signed")]
    BadSeal { signer: ReplicaId, client: ClientId },
    #[error("the signature of {signer} is not valid in this cluster")]
    BadSignature { signer: ReplicaId },
    #[error("{signer} proposed a body whose digest is not {digest}")]
    BodyMismatch { signer: ReplicaId, digest: Digest },
    #[error("{signer} voted for two batches in slot {} of view {}", sequence.0, view.0)]
    ConflictingVotes {
        signer: ReplicaId,
        view: View,
        sequence: Sequence,
    },
    #[error("{signer} proposed two batches for slot {} of view {}", sequence.0, view.0)]
    Equivocation {
        signer: ReplicaId,
        view: View,
        sequence: Sequence,
    },
    #[error("{signer} sent a proof against {accused} that proves nothing")]
    FalseProof {
        signer: ReplicaId,
        accused: ReplicaId,
    },
    #[error("{signer} sent an invalid checkpoint proof: {why}")]
    InvalidCheckpointProof {
        signer: ReplicaId,
        why: CheckpointFlaw,
    },
    #[error("{signer} sent an invalid commit proof: {why}")]
    InvalidCommitProof { signer: ReplicaId, why: CommitFlaw },
    #[error("{signer} sent an invalid NEW-VIEW: {why}")]
    InvalidNewView { signer: ReplicaId, why: NewViewFlaw },
    #[error("{signer} sent an invalid prepared certificate: {why}")]
    InvalidPrepared {
        signer: ReplicaId,
        why: PreparedFlaw,
    },
    #[error(
        "client {client} sent timestamp {} so long ago that this replica may have executed and forgotten it",
        timestamp.0
    )]
    Expired {
        client: ClientId,
        timestamp: Timestamp,
    },
    #[error("{signer} sent a batch of {bytes} bytes; at most {limit} are allowed")]
    LargeBatch {
        signer: ReplicaId,
        bytes: usize,
        limit: usize,
    },
    #[error("{signer} sent an operation of {bytes} bytes; at most {limit} are allowed")]
    LargeOperation {
        signer: ReplicaId,
        bytes: usize,
        limit: usize,
    },
    #[error("{signer} sent a piece of {bytes} bytes of a state; at most {limit} are allowed")]
    LargePiece {
        signer: ReplicaId,
        bytes: usize,
        limit: usize,
    },
    #[error("{signer} sent a result of {bytes} bytes; at most {limit} are allowed")]
    LargeResult {
        signer: ReplicaId,
        bytes: usize,
        limit: usize,
    },
    #[error("{signer} sent a message that this replica has no use for now")]
    NotNeeded { signer: ReplicaId },
    #[error("{signer} is not the primary of view {}", view.0)]
    NotPrimary { signer: ReplicaId, view: View },
    #[error(
        "{signer} proposed a batch for slot {} that the NEW-VIEW of view {} does not allow there",
        sequence.0,
        view.0
    )]
    NotInNewView {
        signer: ReplicaId,
        view: View,
        sequence: Sequence,
    },
    #[error("client {client} sent timestamp {} after a later one", timestamp.0)]
    OldTimestamp {
        client: ClientId,
        timestamp: Timestamp,
    },
    #[error(
        "{signer} proves another batch for slot {} than this replica has committed: more than f replicas are faulty",
        sequence.0
    )]
    OtherCommitProof {
        signer: ReplicaId,
        sequence: Sequence,
    },
    #[error("{signer} sent slot {}, which is outside the window", sequence.0)]
    OutsideWindow {
        signer: ReplicaId,
        sequence: Sequence,
    },
    #[error("{signer} sent a PREPARE in a view whose primary it is")]
    PrimaryPrepared { signer: ReplicaId },
    #[error("{signer} signed a request in the name of client {client}")]
    RequestOfAnother { signer: ReplicaId, client: ClientId },
    #[error("{signer} says that a process is proved faulty which is not in this cluster")]
    StrangerProved { signer: ReplicaId },
    #[error("client {client} sent another operation under timestamp {}", timestamp.0)]
    TimestampTaken {
        client: ClientId,
        timestamp: Timestamp,
    },
    #[error("too many requests of {speaker} wait, so a further one is refused")]
    TooManyWaiting { speaker: ReplicaId },
    #[error("replica {signer} is not in this cluster")]
    UnknownSigner { signer: ReplicaId },
    #[error("{signer} sent a piece of the state at {} that a quorum did not sign", sequence.0)]
    WrongState {
        signer: ReplicaId,
        sequence: Sequence,
    },
    #[error("{signer} sent a body that this replica does not need")]
    UnwantedBody { signer: ReplicaId },
    #[error("{signer} sent a message of view {}, which this replica has left", view.0)]
    WrongView { signer: ReplicaId, view: View },
}

/// Why a prepared certificate is invalid (rule 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum PreparedFlaw {
    #[error("its view is not lower than the VIEW-CHANGE's")]
    ViewTooHigh,
    #[error("its slot is outside the window above the checkpoint")]
    OutsideWindow,
    #[error("its PRE-PREPARE is not from that view's primary")]
    WrongPrimary,
    #[error("too few distinct backups prepared")]
    TooFewBackups,
    #[error("it has more PREPAREs than it needs")]
    TooManyPrepares,
    #[error("a PREPARE differs from the PRE-PREPARE")]
    FieldMismatch,
    #[error("two certificates for one slot")]
    SlotTwice,
}

/// Why a checkpoint proof is invalid (rule 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum CheckpointFlaw {
    #[error("too few distinct signers")]
    TooFewSigners,
    #[error("a signer stands in it twice")]
    SignerTwice,
    #[error("mixed digests or sequence numbers")]
    Mixed,
    #[error("its sequence number is not a multiple of the checkpoint interval")]
    NotAMultiple,
}

/// Why a commit proof is invalid (rule 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum CommitFlaw {
    #[error("too few distinct signers")]
    TooFewSigners,
    #[error("a signer stands in it twice")]
    SignerTwice,
    #[error("mixed views, slots or digests")]
    Mixed,
}

/// Why a NEW-VIEW is invalid (rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum NewViewFlaw {
    #[error("too few distinct VIEW-CHANGEs")]
    TooFewViewChanges,
    #[error("a VIEW-CHANGE is for another view")]
    OtherView,
    #[error("a VIEW-CHANGE is invalid")]
    InvalidViewChange,
    #[error("its proposals do not follow from its VIEW-CHANGEs")]
    WrongProposals,
    #[error("its signed PRE-PREPAREs differ from its proposals")]
    UnsignedProposals,
}
