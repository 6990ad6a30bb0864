use serde::{Deserialize, Serialize};

use crate::message::{Batch, Commit};
use crate::signature::{Signable, Signed};

/// A committed slot with its proof, for a replica that missed the votes (rule 17). The replica can execute the batch in
/// any view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// 2f+1 COMMITs of one view.
    pub proof: Vec<Signed<Commit>>,
    /// The committed batch.
    pub batch: Batch,
}

impl Signable for Committed {
    const DOMAIN: &'static str = "committed";
}
