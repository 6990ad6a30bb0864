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
    /// A vote that decides nothing is thrown away, and is evidence of nothing later (rule 24).
    SurplusForgotten,
    /// What a replica proved faulty says counts as ever (rule 30).
    ProvedVoteCounts,
    /// A primary proved faulty is kept until the timer runs out (rule 30).
    ProvedPrimaryKept,
    /// A pardon is forgotten at the next restart (rule 30).
    PardonNotOnDisk,
    /// A replica shows nobody the lies that it has seen (rule 24).
    ProofKeptBack,
    /// A proof is not written to disk (rule 24).
    ProofNotOnDisk,
    /// A resent request starts the timer even if it has executed (rule 14).
    ResentStartsTimer,
    /// Votes are sent before the disk has what was accepted and prepared (rule 22).
    NotOnDisk,
    /// A new primary may propose before it has entered the slots of its NEW-VIEW (rule 13).
    ProposesTooSoon,
    /// A backup agrees to proposals of a NEW-VIEW above its window (rules 2 and 13).
    AgreesAboveWindow,
    /// A backup agrees to a proposal that contradicts the NEW-VIEW of its view (rules 2 and 13).
    NewViewNotFollowed,
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
    /// Signatures are not checked (rule 1).
    SignaturesNotChecked,
    /// A backup takes any body for a proposal, also one with another digest (rules 2 and 3).
    BodiesNotCompared,
    /// Nobody fetches a body that is missing (rule 3).
    BodyNotFetched,
    /// A primary proposes full batches only, so what is left of the requests waits for ever (rule 7).
    OnlyFullBatches,
    /// A primary proposes above its window (rule 7).
    ProposesAboveWindow,
    /// The timer for a new view runs before a quorum asks for that view (rule 15).
    TimerBeforeQuorum,
    /// A view change that fails is followed by one that waits no longer (rule 15).
    PatienceNotDoubled,
    /// A replica joins f others that ask for a view (rule 16).
    JoinsTooFew,
    /// A replica joins nobody (rule 16).
    JoinsNobody,
    /// A primary that serves every request just in time is kept (rule 18).
    SlowPrimaryKept,
    /// A backup blames the primary for a request that waits while others of its speaker execute (rule 28).
    CrowdedBlamed,
    /// A request that waits while others of its speaker execute is never timed again (rule 28).
    CrowdedNotTimed,
    /// A manifest that a quorum has not signed is taken (rule 19).
    StateNotChecked,
    /// A fetch goes on for a state that the others may no longer have (rule 19).
    OldTargetKept,
    /// What a source of a state has not answered is forgotten when the target changes (rule 19).
    SilenceForgotten,
    /// A client accepts the first result that it hears (rule 20).
    BelievesOneReply,
    /// A client believes the highest view that a reply claims (rule 21).
    BelievesOneView,
    /// COMMITs of other views are not compared with each other (E3 of rule 24).
    LateCommitsIgnored,
    /// PREPAREs of other views are not compared with each other (E2 of rule 24).
    LatePreparesIgnored,
    /// A number of another life in a VIEW-CHANGE excuses everything (E6 of rule 24).
    AnotherLifeExcuses,
    /// The proof of a commit that contradicts one's own is passed over (rule 24).
    CommitProofIgnored,
    /// Nobody helps a replica without memory to vote again (rule 23).
    NoHelpToVote,
    /// Messages of views that have not started are kept without limit (rule 27).
    EarlyUnbounded,
    /// The requests of one speaker wait without limit (rule 27).
    WaitingUnbounded,
    /// The reply table keeps all results (rule 27).
    ResultsUnbounded,
    /// A peer gets as much sent again as it asks for (rule 28).
    AnswersUnbounded,
    /// Signatures are checked before it is known whether the replica has a use for the message (rule 28).
    JudgesNothing,
    /// A host sends what follows from a turn before the records of the turn are on disk (rule 22).
    #[cfg(feature = "mutants")]
    SendsBeforeDisk,
    /// A host lends a name under which a request is still under way (rules 6 and 26).
    #[cfg(feature = "mutants")]
    LentNameReused,
    /// A process numbers its requests from 1 in each life, and takes no notice of what an earlier life has used (rule 6).
    #[cfg(feature = "mutants")]
    SessionStartsOver,
    /// A request for which there is no room yet is dropped (rule 27).
    #[cfg(feature = "mutants")]
    HeldRequestDropped,
    /// No replica bounds a batch in bytes: the primary builds any, and the backups take it (rule 27).
    #[cfg(feature = "mutants")]
    BatchesUnbounded,
    /// The store's cas sets the key whatever its value is.
    #[cfg(feature = "mutants")]
    CasSetsAlways,
    /// A replica that takes over a state keeps its own store (rule 19).
    #[cfg(feature = "mutants")]
    StoreNotRestored,
    /// Of several commands in one operation of the exchange, only the first is executed.
    #[cfg(feature = "mutants")]
    OneCommandOnly,
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
    /// The bugs that no run shows, because another rule makes up for them, or because nobody in a run is so evil. Each of
    /// them fails the test of its rule (`protocol/tests/rules/mutants.rs`).
    pub const UNSEEN: [Self; 17] = [
        Self::BodiesNotCompared,
        Self::BodyNotFetched,
        Self::ProposesAboveWindow,
        Self::SlowPrimaryKept,
        Self::CrowdedBlamed,
        Self::CrowdedNotTimed,
        Self::SilenceForgotten,
        Self::AnotherLifeExcuses,
        Self::CommitProofIgnored,
        Self::ProofNotOnDisk,
        Self::ProvedVoteCounts,
        Self::PardonNotOnDisk,
        Self::EarlyUnbounded,
        Self::WaitingUnbounded,
        Self::ResultsUnbounded,
        Self::AnswersUnbounded,
        Self::JudgesNothing,
    ];

    /// All mutants.
    pub const ALL: [Self; 66] = [
        Self::FirstCertificate,
        Self::RepeatedPrepares,
        Self::PrimaryPrepareCounts,
        Self::RepeatedViewChanges,
        Self::OnePrepareMore,
        Self::NoCertificates,
        Self::ViewChangeNotResent,
        Self::CheckpointSaidOnce,
        Self::LaggardLeftAlone,
        Self::SurplusForgotten,
        Self::ResentStartsTimer,
        Self::NotOnDisk,
        Self::ProposesTooSoon,
        Self::AgreesAboveWindow,
        Self::NewViewNotFollowed,
        Self::VotesBetweenViews,
        Self::BelievesOwnCheckpoint,
        Self::VotesAfterLoss,
        Self::VotesInLeftViews,
        Self::CommitsTooFew,
        Self::ExecutesOutOfOrder,
        Self::ExecutesTwice,
        Self::ProposesTooMuch,
        Self::DropsOldCertificates,
        Self::AnyoneSpeaks,
        Self::DigestNotCompared,
        Self::SignaturesNotChecked,
        Self::BodiesNotCompared,
        Self::BodyNotFetched,
        Self::OnlyFullBatches,
        Self::ProposesAboveWindow,
        Self::TimerBeforeQuorum,
        Self::PatienceNotDoubled,
        Self::JoinsTooFew,
        Self::JoinsNobody,
        Self::SlowPrimaryKept,
        Self::CrowdedBlamed,
        Self::CrowdedNotTimed,
        Self::StateNotChecked,
        Self::OldTargetKept,
        Self::SilenceForgotten,
        Self::BelievesOneReply,
        Self::BelievesOneView,
        Self::LateCommitsIgnored,
        Self::LatePreparesIgnored,
        Self::AnotherLifeExcuses,
        Self::CommitProofIgnored,
        Self::ProofKeptBack,
        Self::ProofNotOnDisk,
        Self::ProvedVoteCounts,
        Self::ProvedPrimaryKept,
        Self::PardonNotOnDisk,
        Self::NoHelpToVote,
        Self::EarlyUnbounded,
        Self::WaitingUnbounded,
        Self::ResultsUnbounded,
        Self::AnswersUnbounded,
        Self::SendsBeforeDisk,
        Self::LentNameReused,
        Self::SessionStartsOver,
        Self::HeldRequestDropped,
        Self::JudgesNothing,
        Self::BatchesUnbounded,
        Self::CasSetsAlways,
        Self::StoreNotRestored,
        Self::OneCommandOnly,
    ];
}
