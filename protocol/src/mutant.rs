//! Bugs that implementations of PBFT are known for. A test of the tests: an engine with one of them must be caught. They
//! exist only with the feature `mutants`, which the product never has.

/// One bug, and the rule that it breaks.
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
    /// A NEW-VIEW takes the first certificate that it finds for a slot, not that of the highest view (rule 12).
    FirstCertificate,
    /// The PREPAREs of a certificate need not be from different backups (rule 11).
    RepeatedPrepares,
    /// A primary sends a PREPARE too, and it counts beside its PRE-PREPARE (rule 4).
    PrimaryPrepareCounts,
    /// One VIEW-CHANGE that is in a NEW-VIEW several times counts as often (rule 12).
    RepeatedViewChanges,
    /// A slot is prepared only with one PREPARE more than rule 4 asks for: all backups', with n = 4.
    OnePrepareMore,
    /// A VIEW-CHANGE carries no certificates (rule 10).
    NoCertificates,
    /// A VIEW-CHANGE is said once only (rule 17).
    ViewChangeNotResent,
    /// A CHECKPOINT is said once only (rule 17).
    CheckpointSaidOnce,
    /// Nothing is sent again to one that stands still (rule 17).
    LaggardLeftAlone,
    /// A request that comes again starts the timer even if it has executed (rule 14).
    ResentStartsTimer,
    /// What was accepted and prepared is not on disk before it is voted for (rule 22).
    NotOnDisk,
    /// A new primary may propose before it knows which slots its NEW-VIEW fills (rule 13).
    ProposesTooSoon,
    /// What a NEW-VIEW proposes above one's own window is agreed to (rules 2 and 13).
    AgreesAboveWindow,
    /// A body that comes between views makes a replica vote for what the view that it left proposed (rule 10).
    VotesBetweenViews,
    /// One's own CHECKPOINT is believed above one's own execution (rule 9).
    BelievesOwnCheckpoint,
    /// A replica that lost its memory votes at once (rule 23).
    VotesAfterLoss,
    /// A replica that lost its memory votes in views that its earlier life may have left (rule 23).
    VotesInLeftViews,
    /// One COMMIT too few commits a slot: 2f of them (rule 5).
    CommitsTooFew,
    /// A committed slot executes before the one below it (rule 5).
    ExecutesOutOfOrder,
    /// A request that is in two slots executes twice (rule 6).
    ExecutesTwice,
    /// Certificates of older views are dropped when a view starts (rule 10).
    DropsOldCertificates,
}

/// As in a plan: `first-certificate`.
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
    /// All of them.
    pub const ALL: [Self; 21] = [
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
    ];
}
