//! Known bugs of PBFT implementations, to test the tests: the tests must catch an engine with any of them. They exist
//! only with the feature `mutants`, which the product never has.

/// A bug, and the rule that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "mutants"),
    expect(unreachable_pub, reason = "nobody reaches it without the feature")
)]
#[cfg_attr(
    feature = "mutants",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Mutant {
    /// A NEW-VIEW takes the first certificate that it finds for a slot, not the one of the highest view (rule 12).
    FirstCertificate,
    /// The PREPAREs of a certificate may all come from one backup (rule 11).
    RepeatedPrepares,
    /// A primary also sends a PREPARE, which counts beside its PRE-PREPARE (rule 4).
    PrimaryPrepareCounts,
    /// A VIEW-CHANGE that stands in a NEW-VIEW several times counts several times (rule 12).
    RepeatedViewChanges,
    /// Preparing needs one PREPARE more than rule 4 asks for. With n = 4 these are the PREPAREs of all backups.
    OnePrepareMore,
    /// A VIEW-CHANGE carries no certificates (rule 10).
    NoCertificates,
    /// A VIEW-CHANGE is sent only once (rule 17).
    ViewChangeNotResent,
    /// A CHECKPOINT is sent only once (rule 17).
    CheckpointSaidOnce,
    /// A peer that stands still gets nothing sent again (rule 17).
    LaggardLeftAlone,
    /// A resent request starts the timer even if it has executed (rule 14).
    ResentStartsTimer,
    /// Votes are sent before the disk has what was accepted and prepared (rule 22).
    NotOnDisk,
    /// A new primary may propose before it has entered the slots of its NEW-VIEW (rule 13).
    ProposesTooSoon,
    /// A backup agrees to proposals of a NEW-VIEW above its window (rules 2 and 13).
    AgreesAboveWindow,
    /// Between views, a body that arrives makes a replica vote for a proposal of the view that it left (rule 10).
    VotesBetweenViews,
    /// A replica believes its own CHECKPOINT for a slot that it has not executed (rule 9).
    BelievesOwnCheckpoint,
    /// A replica that has lost its memory votes at once (rule 23).
    VotesAfterLoss,
    /// A replica that has lost its memory votes in views that its earlier life may have left (rule 23).
    VotesInLeftViews,
    /// 2f COMMITs commit a slot, one too few (rule 5).
    CommitsTooFew,
    /// A committed slot executes before a lower one has (rule 5).
    ExecutesOutOfOrder,
    /// A request in two slots executes twice (rule 6).
    ExecutesTwice,
    /// A primary fills a batch without regard to its bytes (rule 27).
    ProposesTooMuch,
    /// A replica drops the certificates of older views when a view starts (rule 10).
    DropsOldCertificates,
    /// Any process may sign for any client (rule 26).
    AnyoneSpeaks,
    /// The reply to another request under the same timestamp counts (rule 26).
    DigestNotCompared,
    /// A host sends what follows from a turn before the records of the turn are on disk (rule 22).
    #[cfg_attr(
        not(feature = "mutants"),
        expect(dead_code, reason = "only the host has it, and only with the feature")
    )]
    SendsBeforeDisk,
}

/// The name as plans write it: `first-certificate`.
#[cfg(feature = "mutants")]
impl std::fmt::Display for Mutant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, letter) in format!("{self:?}").char_indices() {
            if letter.is_uppercase() && index > 0 {
                f.write_str("-")?;
            }
            write!(f, "{}", letter.to_ascii_lowercase())?;
        }
        Ok(())
    }
}

#[cfg(feature = "mutants")]
impl Mutant {
    /// All mutants.
    pub const ALL: [Self; 25] = [
        Self::FirstCertificate,
        Self::RepeatedPrepares,
        Self::PrimaryPrepareCounts,
        Self::RepeatedViewChanges,
        Self::OnePrepareMore,
        Self::NoCertificates,
        Self::ViewChangeNotResent,
        Self::CheckpointSaidOnce,
        Self::LaggardLeftAlone,
        Self::ResentStartsTimer,
        Self::NotOnDisk,
        Self::ProposesTooSoon,
        Self::AgreesAboveWindow,
        Self::VotesBetweenViews,
        Self::BelievesOwnCheckpoint,
        Self::VotesAfterLoss,
        Self::VotesInLeftViews,
        Self::CommitsTooFew,
        Self::ExecutesOutOfOrder,
        Self::ExecutesTwice,
        Self::DropsOldCertificates,
        Self::AnyoneSpeaks,
        Self::DigestNotCompared,
        Self::ProposesTooMuch,
        Self::SendsBeforeDisk,
    ];
}
