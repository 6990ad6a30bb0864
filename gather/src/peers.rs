//! The nodes that were met: each has signed a fresh challenge, at an address of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use quorate_protocol::{Digest, Time};

use crate::doors::Bucket;
use crate::hello::Hello;
use crate::id::PublicKey;
use crate::packet::{Challenge, Standing};
use crate::roster::Known;
use crate::signed::Signed;

/// A node that was met.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Its newest HELLO.
    pub(crate) hello: Known,
    /// Where it answered last.
    pub(crate) address: SocketAddr,
    /// The order in which nodes were met.
    pub(crate) order: u64,
    /// When it was heard last.
    pub(crate) heard: Time,
    /// The challenge that it gave last.
    pub(crate) challenge: Challenge,
    /// What it has seen of this node's facts.
    pub(crate) seen: Option<Digest>,
    /// What this node has seen of its facts.
    pub(crate) facts: Option<Digest>,
    pub(crate) standing: Standing,
    /// When its HELLO was taken.
    pub(crate) renewed: Time,
    /// How many signatures of what it hands on may be checked.
    pub(crate) labour: Bucket,
    /// How often it may be told everything.
    pub(crate) tellings: Bucket,
    /// When it was spoken to last.
    pub(crate) spoken: Time,
    /// When it is spoken to next.
    pub(crate) next: Time,
    /// When it is told everything again, whatever it has seen.
    pub(crate) in_full: Time,
}

impl Peer {
    pub(crate) fn key(&self) -> PublicKey {
        self.hello.key
    }

    /// The seat that it was invited to.
    pub(crate) fn seat(&self) -> Option<PublicKey> {
        seat(&self.hello)
    }
}

pub(crate) fn seat(hello: &Signed<Hello>) -> Option<PublicKey> {
    hello.value.claim.as_ref().map(|claim| claim.seat)
}

/// The nodes that were met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peers {
    by_key: BTreeMap<PublicKey, Peer>,
    by_address: BTreeMap<SocketAddr, PublicKey>,
    met: u64,
}

impl Peers {
    pub(crate) fn get(&self, key: &PublicKey) -> Option<&Peer> {
        self.by_key.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &PublicKey) -> Option<&mut Peer> {
        self.by_key.get_mut(key)
    }

    pub(crate) fn has(&self, key: &PublicKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// Who was met at an address.
    pub(crate) fn at(&self, address: &SocketAddr) -> Option<PublicKey> {
        self.by_address.get(address).copied()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Peer> {
        self.by_key.values()
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.by_key.values_mut()
    }

    /// All in the order in which they were met.
    pub(crate) fn first_come(&self) -> Vec<&Peer> {
        let mut all: Vec<&Peer> = self.all().collect();
        all.sort_by_key(|peer| peer.order);
        all
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Adds a node. Nobody may have been met with its key or at its address.
    pub(crate) fn add(&mut self, mut peer: Peer) {
        self.met += 1;
        peer.order = self.met;
        self.by_address.insert(peer.address, peer.key());
        self.by_key.insert(peer.key(), peer);
    }

    /// A node answers from another address than before.
    pub(crate) fn moved(&mut self, key: &PublicKey, address: SocketAddr) {
        if let Some(peer) = self.by_key.get_mut(key) {
            self.by_address.remove(&peer.address);
            peer.address = address;
            self.by_address.insert(address, *key);
        }
    }

    pub(crate) fn remove(&mut self, key: &PublicKey) -> Option<Peer> {
        let peer = self.by_key.remove(key)?;
        self.by_address.remove(&peer.address);
        Some(peer)
    }
}
