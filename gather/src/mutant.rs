//! Known bugs of foundings, to test the tests: the tests must catch a node with any of them. They exist only with the feature
//! `mutants`, which the product never has.

/// A bug, and the rule of docs/founding.md that it breaks.
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
    /// Whoever calls counts as having received the challenge (rule 2).
    ChallengeNotChecked,
    /// A HELLO counts at an address that it does not name (rule 2).
    AddressNotCompared,
    /// What the key before has signed at an address counts after another key has answered there (rule 2).
    OldKeyCounts,
    /// The id of a record in multicast DNS binds (rule 1).
    HintsBind,
    /// Silent nodes are not forgotten (rule 3).
    #[cfg(feature = "mutants")]
    NobodyForgotten,
    /// Bad answers shut nobody out (rule 4).
    NobodyShutOut,
    /// One vote fewer than a quorum is enough (rules 6 and 7).
    QuorumTooSmall,
    /// A quorum of ROSTERs founds the cluster (rule 7).
    OneVoteIsEnough,
    /// A node that has seen a quorum of ROSTERs votes for other rosters later (rule 6).
    LockNotKept,
    /// After a restart a node does not keep to the roster of which it saw a quorum (rules 6 and 10).
    #[cfg(feature = "mutants")]
    LockForgotten,
    /// After a restart a node does not know what it voted (rule 10).
    #[cfg(feature = "mutants")]
    VotesForgotten,
    /// A node sends before its memory is on disk (rule 10).
    SendsBeforeDisk,
    /// After a restart the HELLO has the number of the one before (rule 10).
    #[cfg(feature = "mutants")]
    NumberNotRaised,
    /// A restarted member does not know where others have moved (rule 10).
    #[cfg(feature = "mutants")]
    MovesForgotten,
    /// A node votes for another roster in the same attempt once others want it more (rule 5).
    VotesTwice,
    /// Where a roster with an unknown node is backed by f+1, a node's own vote is none of them (rule 5).
    OwnVoteForgotten,
    /// Votes of two keys with one invitation count where rosters are compared (rule 5).
    TwoKeysCompared,
    /// One node that is in a later attempt takes the others along (rule 8).
    OneLeads,
    /// Nodes that are no members of the wanted roster take this node along (rule 8).
    AnybodyLeads,
    /// The time of an attempt runs from a node's own vote (rule 8).
    OwnTime,
    /// Two signatures that exclude each other prove nothing (rule 9).
    NothingProved,
    /// Proofs are not handed on (rule 9).
    ProofsNotTold,
    /// A proof about somebody who was not met does not count (rule 9).
    StrangersNotProved,
    /// Any number of proofs about strangers is kept (rules 9 and 12).
    StrangersUnbounded,
    /// A proved liar never gets a seat (rule 9).
    LiarsNeverSeated,
    /// A proved liar gets a seat at once (rule 9).
    LiarsSeatedAtOnce,
    /// The founding is not handed on (rule 11).
    FoundingNotTold,
    /// A founding counts although nobody of its members was met (rule 11).
    OldFoundingCounts,
    /// A node checks as many signatures as somebody sends (rule 12).
    ChecksUnbounded,
    /// A node repeats everything whenever somebody says something new (rule 12).
    RepeatsUnbounded,
}

/// The name as plans write it: `lock-not-kept`.
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
    pub const ALL: [Self; 30] = [
        Self::ChallengeNotChecked,
        Self::AddressNotCompared,
        Self::OldKeyCounts,
        Self::HintsBind,
        Self::NobodyForgotten,
        Self::NobodyShutOut,
        Self::QuorumTooSmall,
        Self::OneVoteIsEnough,
        Self::LockNotKept,
        Self::LockForgotten,
        Self::VotesForgotten,
        Self::SendsBeforeDisk,
        Self::NumberNotRaised,
        Self::MovesForgotten,
        Self::VotesTwice,
        Self::OwnVoteForgotten,
        Self::TwoKeysCompared,
        Self::OneLeads,
        Self::AnybodyLeads,
        Self::OwnTime,
        Self::NothingProved,
        Self::ProofsNotTold,
        Self::StrangersNotProved,
        Self::StrangersUnbounded,
        Self::LiarsNeverSeated,
        Self::LiarsSeatedAtOnce,
        Self::FoundingNotTold,
        Self::OldFoundingCounts,
        Self::ChecksUnbounded,
        Self::RepeatsUnbounded,
    ];
}
