//! The plans kept for bugs that few seeds meet. An engine without the bug breaks no rule in them.

use quorate_protocol::Mutant;

/// The text of the plan that is kept for a bug.
#[must_use]
pub const fn kept_plan(mutant: Mutant) -> Option<&'static str> {
    Some(match mutant {
        Mutant::BatchesUnbounded | Mutant::ProposesTooMuch => {
            include_str!("../plans/more-requests-than-a-batch-holds.toml")
        }
        Mutant::CheckpointSaidOnce => include_str!("../plans/checkpoints-withheld.toml"),
        Mutant::FirstCertificate => include_str!("../plans/older-certificate-first.toml"),
        Mutant::NewViewNotFollowed => {
            include_str!("../plans/proposal-below-the-new-view.toml")
        }
        Mutant::PatienceNotDoubled => include_str!("../plans/work-takes-longer-than-t.toml"),
        Mutant::VotesBetweenViews => include_str!("../plans/body-between-views.toml"),
        Mutant::VotesInLeftViews => {
            include_str!("../plans/vote-after-a-forgotten-view-change.toml")
        }
        _ => return None,
    })
}
