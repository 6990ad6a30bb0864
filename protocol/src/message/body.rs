use serde::{Deserialize, Serialize};

use crate::message::Batch;
use crate::signature::Signable;

/// The body that was asked for. Its digest identifies it, so anyone may send it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// m.
    pub batch: Batch,
}

impl Signable for Body {
    const DOMAIN: &'static str = "body";
}
