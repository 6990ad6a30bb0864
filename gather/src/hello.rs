//! HELLO: who a node is, and where it is reached. It says the same to everybody.

use std::net::SocketAddr;

use quorate_protocol::{Digest, SecretKey};
use serde::{Deserialize, Serialize};

use crate::id::PublicKey;
use crate::signed::{Signature, Statement, sign_with};

/// Who a node is, and where it is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hello {
    /// One more with each start of the node. Two different HELLOs with one number prove that the node lies.
    pub sequence: u64,
    /// Where the node is reached.
    pub addresses: Vec<SocketAddr>,
    /// The seat that the node was invited to, in a group with invitations.
    pub claim: Option<Claim>,
}

impl Statement for Hello {
    const DOMAIN: &'static str = "hello";
}

/// A seat, given to a node by the seat's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Claim {
    /// The seat's public key.
    pub seat: PublicKey,
    /// The seat's signature of the node's public key.
    pub signature: Signature,
}

impl Claim {
    /// What a seat's signature is for.
    pub(crate) const DOMAIN: &'static str = "seat";

    /// Gives a seat to a node.
    pub(crate) fn new(seat: &SecretKey, charter: &Digest, node: &PublicKey) -> Self {
        Self {
            seat: seat.public(),
            signature: sign_with(seat, Self::DOMAIN, charter, node),
        }
    }
}
