//! What all processes of a cluster must have alike, besides their keys. Two that differ in it would judge messages
//! differently, or come to different states.

use quorate_protocol::Limits;
use serde::{Deserialize, Serialize};

/// What all processes of a cluster have alike. A data directory keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// The slots between two checkpoints.
    pub checkpoint_interval: u64,
    /// The decision of a round that ends in a tie.
    pub default_decision: String,
    /// How much a process takes and keeps, in bytes.
    pub limits: Limits,
}

/// Why a start must not use what was made with other rules. `found` is there, `wanted` is what the start asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum Differs {
    #[error(
        "it was made with a checkpoint every {found} slots, and this start asks for one every {wanted}: start with \
         ckpt_interval {found} again, or choose another --data-dir. Nothing in it has changed"
    )]
    Interval { found: u64, wanted: u64 },
    #[error(
        "it was made with the default decision '{found}', and this start asks for '{wanted}': start with --default-decision \
         '{found}' again, or choose another --data-dir. Nothing in it has changed"
    )]
    DefaultDecision { found: String, wanted: String },
    #[error(
        "it was made with other limits of bytes than this version of the program has: go on with the version that made \
         it, or choose another --data-dir. Nothing in it has changed"
    )]
    Limits,
}

impl Common {
    /// Checks that a start which wants `wanted` may go on with what was made with this.
    ///
    /// # Errors
    /// The first difference.
    pub fn check(&self, wanted: &Self) -> Result<(), Differs> {
        let (found, asked) = (self.checkpoint_interval, wanted.checkpoint_interval);
        if found != asked {
            return Err(Differs::Interval {
                found,
                wanted: asked,
            });
        }
        if self.default_decision != wanted.default_decision {
            return Err(Differs::DefaultDecision {
                found: self.default_decision.clone(),
                wanted: wanted.default_decision.clone(),
            });
        }
        if self.limits != wanted.limits {
            return Err(Differs::Limits);
        }
        Ok(())
    }
}
