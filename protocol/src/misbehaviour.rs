//! What a peer did wrong, as far as this replica can tell. Refusing it is all that follows, unless there is evidence.

use crate::digest::Digest;
use crate::id::{ClientId, ReplicaId, Sequence, Timestamp, View};

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum Misbehaviour {
    #[error("the signature of {signer} does not hold in this cluster")]
    BadSignature { signer: ReplicaId },
    #[error("{signer} proposed a body whose digest is not {digest}")]
    BodyMismatch { signer: ReplicaId, digest: Digest },
    #[error("{signer} voted for two batches in slot {} of view {}", sequence.0, view.0)]
    ConflictingVotes {
        signer: ReplicaId,
        view: View,
        sequence: Sequence,
    },
    #[error("{signer} sent a digest for slot {} that is not the proposed one", sequence.0)]
    DigestMismatch {
        signer: ReplicaId,
        sequence: Sequence,
    },
    #[error("{signer} proposed two batches for slot {} of view {}", sequence.0, view.0)]
    Equivocation {
        signer: ReplicaId,
        view: View,
        sequence: Sequence,
    },
    #[error("{signer} sent a checkpoint proof that proves nothing: {why}")]
    InvalidCheckpointProof {
        signer: ReplicaId,
        why: CheckpointFlaw,
    },
    #[error("{signer} sent a commit proof that proves nothing: {why}")]
    InvalidCommitProof { signer: ReplicaId, why: CommitFlaw },
    #[error("{signer} sent a NEW-VIEW that is not what its VIEW-CHANGEs give: {why}")]
    InvalidNewView { signer: ReplicaId, why: NewViewFlaw },
    #[error("{signer} sent a prepared certificate that proves nothing: {why}")]
    InvalidPrepared {
        signer: ReplicaId,
        why: PreparedFlaw,
    },
    #[error("{signer} is not the primary of view {}", view.0)]
    NotPrimary { signer: ReplicaId, view: View },
    #[error("client {client} sent timestamp {} after a later one", timestamp.0)]
    OldTimestamp {
        client: ClientId,
        timestamp: Timestamp,
    },
    #[error("slot {} of {signer} lies outside the window", sequence.0)]
    OutsideWindow {
        signer: ReplicaId,
        sequence: Sequence,
    },
    #[error("{signer} prepared its own proposal")]
    PrimaryPrepared { signer: ReplicaId },
    #[error("{signer} signed a request of client {client}")]
    RequestOfAnother { signer: ReplicaId, client: ClientId },
    #[error("replica {signer} is not of this cluster")]
    UnknownSigner { signer: ReplicaId },
    #[error("{signer} sent a piece of the state at {} that a quorum has otherwise", sequence.0)]
    WrongState {
        signer: ReplicaId,
        sequence: Sequence,
    },
    #[error("{signer} sent a body that nobody asked for")]
    UnwantedBody { signer: ReplicaId },
    #[error("{signer} spoke of view {}, which is not this replica's", view.0)]
    WrongView { signer: ReplicaId, view: View },
}

/// Why a prepared certificate proves nothing (rule 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum PreparedFlaw {
    #[error("its view is not below the one asked for")]
    ViewTooHigh,
    #[error("its slot is outside the window above the checkpoint")]
    OutsideWindow,
    #[error("its PRE-PREPARE is not from that view's primary")]
    WrongPrimary,
    #[error("too few distinct backups prepared")]
    TooFewBackups,
    #[error("a PREPARE differs from the PRE-PREPARE")]
    FieldMismatch,
    #[error("two certificates for one slot")]
    SlotTwice,
}

/// Why a checkpoint proof proves nothing (rule 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum CheckpointFlaw {
    #[error("too few distinct signers")]
    TooFewSigners,
    #[error("mixed digests or sequence numbers")]
    Mixed,
    #[error("its sequence number is no multiple of the checkpoint interval")]
    NotAMultiple,
}

/// Why COMMITs prove nothing (rule 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum CommitFlaw {
    #[error("too few distinct signers")]
    TooFewSigners,
    #[error("mixed views, slots or digests")]
    Mixed,
}

/// Why a NEW-VIEW is refused (rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is")]
pub enum NewViewFlaw {
    #[error("too few distinct VIEW-CHANGEs")]
    TooFewViewChanges,
    #[error("a VIEW-CHANGE is for another view")]
    OtherView,
    #[error("a VIEW-CHANGE is invalid")]
    InvalidViewChange,
    #[error("the proposals differ from what the VIEW-CHANGEs give")]
    WrongProposals,
    #[error("the signed PRE-PREPAREs differ from the proposals")]
    UnsignedProposals,
}
