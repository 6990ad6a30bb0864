use serde::{Deserialize, Serialize};

use crate::certificate::PreparedCertificate;
use crate::id::{Sequence, View};
use crate::message::Checkpoint;
use crate::signature::{Signable, Signed};

/// VIEW-CHANGE(v+1,n,C,P,i) (C4.4, rule 10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewChange {
    /// v+1, the view that is wanted.
    pub view: View,
    /// The sender's life.
    pub life: u64,
    /// n, the last stable checkpoint; 0 is the start.
    pub stable: Sequence,
    /// C, the CHECKPOINTs that prove it; none for 0.
    pub checkpoint_proof: Vec<Signed<Checkpoint>>,
    /// P, for every prepared slot above n the certificate with the highest view, in slot order.
    pub prepared: Vec<PreparedCertificate>,
}

impl Signable for ViewChange {
    const DOMAIN: &'static str = "view-change";
}
