use serde::{Deserialize, Serialize};

use crate::id::{Sequence, View};
use crate::message::{Checkpoint, PreparedCertificate};
use crate::signature::{Signable, Signed};

/// VIEW-CHANGE(v+1,n,C,P,i): replica i asks for view v+1 (C4.4, rule 10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewChange {
    /// v+1, the view that the sender asks for.
    pub view: View,
    /// The sender's life.
    #[serde(with = "postcard::fixint::le")]
    pub life: u64,
    /// n, the sequence number of the last stable checkpoint. At first it is 0.
    pub stable: Sequence,
    /// C, the CHECKPOINTs that prove it. Empty for n = 0.
    pub checkpoint_proof: Vec<Signed<Checkpoint>>,
    /// P: for every slot above n that is prepared, the certificate of the highest view, in slot order.
    pub prepared: Vec<PreparedCertificate>,
}

impl Signable for ViewChange {
    const DOMAIN: &'static str = "view-change";
}
