use serde::{Deserialize, Serialize};

use crate::message::{Batch, Commit};
use crate::signature::{Signable, Signed};

/// A slot that is committed, with its proof, for a replica that missed the votes (rule 17). Whatever view it is in, it can
/// execute the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// 2f+1 COMMITs of one view.
    pub proof: Vec<Signed<Commit>>,
    /// What they committed.
    pub batch: Batch,
}

impl Signable for Committed {
    const DOMAIN: &'static str = "committed";
}
