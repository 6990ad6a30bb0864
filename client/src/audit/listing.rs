//! What a process has to judge all by.

use anyhow::anyhow;
use quorate_wire::View;
use serde::Deserialize;

/// What `audit` answers.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Listing {
    pub(crate) cluster: String,
    pub(crate) checkpoint_interval: u64,
    pub(crate) public_keys: Vec<String>,
    pub(crate) proofs: Vec<Proof>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) new_views: Vec<NewView>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Proof {
    pub(crate) item: String,
    pub(crate) accused: String,
    pub(crate) kind: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) item: String,
    pub(crate) slot: u64,
    pub(crate) digest: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NewView {
    pub(crate) item: String,
    pub(crate) view: u64,
}

impl Listing {
    pub(crate) fn read(view: View) -> anyhow::Result<Self> {
        view.read()
            .map_err(|cause| anyhow!("the answer to audit cannot be read: {cause}"))
    }
}
