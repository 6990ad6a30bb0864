//! `audit`: what this process has to judge all by.

use quorate_wire::{Fault, View, hex};
use serde::Serialize;

use super::Handle;
use crate::archived::Archived;
use crate::question::Question;

#[derive(Serialize)]
struct Object {
    process: String,
    cluster: String,
    n: u32,
    f: u32,
    checkpoint_interval: u64,
    public_keys: Vec<String>,
    #[serde(flatten)]
    archived: Archived,
}

pub(super) async fn answer(handle: Handle, _: quorate_wire::method::Audit) -> Result<View, Fault> {
    let (checkpoint_interval, archived) = handle.ask(Question::Archived).await?;
    let quorum = handle.quorum();
    let keys = handle.inner.public_keys.iter();
    let object = Object {
        process: handle.inner.own.to_string(),
        cluster: hex::of(&handle.inner.cluster.0),
        n: quorum.n(),
        f: quorum.f(),
        checkpoint_interval,
        public_keys: keys.map(|key| hex::of(key)).collect(),
        archived,
    };
    let json = serde_json::to_value(object);
    let json = json.map_err(|error| Fault::new(Fault::INTERNAL, error.to_string()))?;
    Ok(View::of(json))
}
