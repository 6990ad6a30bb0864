//! The public keys of a cluster, in a file: what `client keys` prints, and `server keygen` writes.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use futures_util::future::join_all;
use quorate_wire::hex;
use quorate_wire::method::Audit;
use serde::{Deserialize, Serialize};

use super::listing::Listing;
use crate::exit::{Exit, no_answer};
use crate::render::write_out;
use crate::target::Target;

const VERSION: u32 = 1;

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct File {
    v: u32,
    cluster: String,
    /// Left out by `server keygen`: then it is that of the cluster's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint_interval: Option<u64>,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    node: String,
    public_key: String,
}

/// The public keys of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicKeys {
    pub(crate) cluster: [u8; 32],
    pub(crate) checkpoint_interval: Option<u64>,
    pub(crate) all: Vec<[u8; 32]>,
}

impl PublicKeys {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("the keys in {}", path.display());
        let bytes = fs::read(path).with_context(what)?;
        let file: File = serde_json::from_slice(&bytes).with_context(what)?;
        ensure!(
            file.v == VERSION,
            "{}: another version of this program wrote it",
            path.display()
        );
        Self::of(&file).with_context(what)
    }

    fn of(file: &File) -> anyhow::Result<Self> {
        let key = |digits: &str| hex::read(digits).context("64 hexadecimal digits are expected");
        let keys = file.nodes.iter().map(|node| key(&node.public_key));
        Ok(Self {
            cluster: key(&file.cluster)?,
            checkpoint_interval: file.checkpoint_interval,
            all: keys.collect::<Result<_, _>>()?,
        })
    }

    /// The keys that the processes tell, all the same.
    pub(crate) fn told(listings: &[Listing]) -> anyhow::Result<Self> {
        let mut told = listings.iter().map(|listing| Self::of(&file(listing)));
        let first = told.next().context("no process can be reached")??;
        for other in told {
            if other? != first {
                bail!("the processes tell different public keys: pass --keys");
            }
        }
        Ok(first)
    }
}

fn file(listing: &Listing) -> File {
    let node = |(index, public_key): (usize, &String)| Node {
        node: quorate_server::name_of(u32::try_from(index).unwrap_or(u32::MAX)),
        public_key: public_key.clone(),
    };
    File {
        v: VERSION,
        cluster: listing.cluster.clone(),
        checkpoint_interval: Some(listing.checkpoint_interval),
        nodes: listing.public_keys.iter().enumerate().map(node).collect(),
    }
}

/// Prints the keys that the processes tell, all the same.
pub(crate) async fn command(target: &Target) -> anyhow::Result<Exit> {
    let calls = target.reachable().map(|process| async {
        let answer = process.call(Audit).await;
        Listing::read(answer.map_err(|error| no_answer(&process.name, error))?)
    });
    let listings: Vec<Listing> = join_all(calls)
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    PublicKeys::told(&listings)?;
    let first = listings.first().context("no process can be reached")?;
    write_out(&(serde_json::to_string_pretty(&file(first))? + "\n"))?;
    Ok(Exit::Agree)
}
