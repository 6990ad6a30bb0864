//! One signature for many values. The values that a process signs until one of them is encoded are the leaves of a Merkle
//! tree, and only its root is signed. Each value carries the hashes that lead from it to the root, so each can be checked,
//! sent on and kept as a proof by itself.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::digest::Digest;
use crate::id::ClusterId;
use crate::scheme::{Hash, Secret};

/// The most hashes between a value and the signed root: 32 values share one signature.
pub(crate) const DEEPEST: usize = 5;

/// The most hashes between a value and the root in a cluster of `n`. Each vote in a NEW-VIEW carries its own. A large cluster
/// has room for so many votes only without them.
pub(crate) const fn deepest(n: usize) -> usize {
    if n <= 31 { DEEPEST } else { 0 }
}

/// What a process signs with, shared by all trees that it has made.
pub(crate) struct Signer {
    pub(crate) secret: Secret,
    pub(crate) cluster: ClusterId,
    /// The most hashes between a value and the root.
    pub(crate) deepest: usize,
    made: AtomicU64,
}

impl Signer {
    pub(crate) const fn new(secret: Secret, cluster: ClusterId, deepest: usize) -> Self {
        Self {
            secret,
            cluster,
            deepest,
            made: AtomicU64::new(0),
        }
    }

    /// The number of signatures made.
    pub(crate) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    fn sign(&self, root: Digest) -> [u8; 64] {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.secret.sign(&signed_bytes(self.cluster, root))
    }
}

/// What is signed: a name for it, the cluster's id (rule 1) and the root.
pub(crate) fn signed_bytes(cluster: ClusterId, root: Digest) -> Vec<u8> {
    [b"quorate root\0".as_slice(), &cluster.0, &root.0].concat()
}

impl Hash {
    /// The leaf of a value: the name of its type, which prevents that the signature is used for another type, and its bytes.
    pub(crate) fn leaf(self, domain: &str, bytes: &[u8]) -> Digest {
        self.of(&[b"leaf", domain.as_bytes(), bytes])
    }

    fn node(self, left: Digest, right: Digest) -> Digest {
        self.of(&[b"node", &left.0, &right.0])
    }
}

/// The values that one signature covers.
pub(crate) struct Tree {
    signer: Arc<Signer>,
    leaves: Mutex<Leaves>,
    signed: OnceLock<Signed>,
}

/// The leaves, until the root is signed.
#[derive(Default)]
struct Leaves {
    all: Vec<Digest>,
    is_closed: bool,
}

/// The layers of a tree, the leaves first and the root last, and the root's signature.
struct Signed {
    layers: Vec<Vec<Digest>>,
    signature: [u8; 64],
}

impl Tree {
    pub(crate) fn new(signer: Arc<Signer>) -> Self {
        Self {
            signer,
            leaves: Mutex::default(),
            signed: OnceLock::new(),
        }
    }

    pub(crate) const fn signer(&self) -> &Arc<Signer> {
        &self.signer
    }

    /// Adds a leaf and returns its place. `None`: the tree is full, or its root is signed already.
    pub(crate) fn add(&self, leaf: Digest) -> Option<usize> {
        let mut leaves = self.leaves();
        if leaves.is_closed || leaves.all.len() >> self.signer.deepest > 0 {
            return None;
        }
        leaves.all.push(leaf);
        Some(leaves.all.len() - 1)
    }

    /// How the leaf at this place is signed. The first call signs the root: nothing can be added any more.
    pub(crate) fn proof(&self, place: usize) -> Proof {
        let Signed { layers, signature } = self.signed.get_or_init(|| self.sign());
        let (mut sides, mut path) = (0, Vec::with_capacity(32 * layers.len()));
        let mut place = place;
        for layer in layers {
            // A hash without a sibling moves up unchanged.
            if let Some(sibling) = layer.get(place ^ 1) {
                sides |= u8::from(place % 2 == 1) << (path.len() / 32);
                path.extend_from_slice(&sibling.0);
            }
            place /= 2;
        }
        Proof {
            signature: *signature,
            sides,
            path: path.into(),
        }
    }

    fn sign(&self) -> Signed {
        let hash = self.signer.secret.hash();
        let mut layers = vec![self.close()];
        while let Some(last) = layers.last().filter(|last| last.len() > 1) {
            let above = last.chunks(2).map(|pair| match *pair {
                [left, right] => hash.node(left, right),
                [alone] => alone,
                _ => unreachable!("chunks of two have one or two"),
            });
            layers.push(above.collect());
        }
        let root = layers.last().and_then(|top| top.first()).copied();
        let signature = root.map_or([0; 64], |root| self.signer.sign(root));
        Signed { layers, signature }
    }

    fn close(&self) -> Vec<Digest> {
        let mut leaves = self.leaves();
        leaves.is_closed = true;
        std::mem::take(&mut leaves.all)
    }

    fn leaves(&self) -> MutexGuard<'_, Leaves> {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tree of signed values")
    }
}

/// How a value is signed: the signature of a root, and the hashes that lead to it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) signature: [u8; 64],
    /// On which side the siblings are, from the leaf up, lowest bit first. 1 is left.
    pub(crate) sides: u8,
    /// The siblings, from the leaf up: 32 bytes for each.
    pub(crate) path: Box<[u8]>,
}

/// Bytes that are no path from a value to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a signature has no more than {DEEPEST} hashes of 32 bytes, and a side for each of them only"
)]
pub(crate) struct BadPath;

impl Proof {
    /// A proof as it came.
    pub(crate) fn read(signature: [u8; 64], sides: u8, path: &[u8]) -> Result<Self, BadPath> {
        let (siblings, rest) = path.as_chunks::<32>();
        if !rest.is_empty() || siblings.len() > DEEPEST || sides >> siblings.len() > 0 {
            return Err(BadPath);
        }
        Ok(Self {
            signature,
            sides,
            path: path.into(),
        })
    }

    /// The number of siblings.
    pub(crate) const fn length(&self) -> usize {
        self.path.len() / 32
    }

    /// The root to which the hashes lead from this leaf.
    pub(crate) fn root(&self, hash: Hash, leaf: Digest) -> Digest {
        let (siblings, _) = self.path.as_chunks::<32>();
        let siblings = siblings.iter().map(|sibling| Digest(*sibling)).enumerate();
        siblings.fold(leaf, |below, (place, sibling)| {
            if self.sides >> place & 1 == 1 {
                hash.node(sibling, below)
            } else {
                hash.node(below, sibling)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{BadPath, DEEPEST, Proof, Signer, Tree, deepest};
    use crate::digest::Digest;
    use crate::id::ClusterId;
    use crate::scheme::{Hash, Secret};

    fn tree() -> Tree {
        let secret = Secret::Keyed(Digest::of(&[b"own"]));
        let signer = Signer::new(secret, ClusterId([7; 32]), deepest(4));
        Tree::new(Arc::new(signer))
    }

    fn value(number: usize) -> Digest {
        Hash::Quick.leaf("value", &number.to_le_bytes())
    }

    #[test]
    fn every_value_of_a_tree_leads_to_its_one_root_and_no_other_value_does() {
        for count in 1..=1 << DEEPEST {
            let tree = tree();
            for number in 0..count {
                assert_eq!(tree.add(value(number)), Some(number));
            }
            let root = tree.proof(0).root(Hash::Quick, value(0));
            for number in 0..count {
                let proof = tree.proof(number);
                assert_eq!(
                    proof.root(Hash::Quick, value(number)),
                    root,
                    "{number} of {count}"
                );
                assert_ne!(proof.root(Hash::Quick, value(number + 1)), root);
                assert_eq!(proof.signature, tree.proof(0).signature);
            }
            assert_eq!(tree.signer().made(), 1);
        }
    }

    #[test]
    fn a_tree_that_is_full_or_signed_takes_nothing_more() {
        let full = tree();
        for number in 0..1 << DEEPEST {
            assert!(full.add(value(number)).is_some());
        }
        assert_eq!(full.add(value(99)), None);

        let signed = tree();
        signed.add(value(0));
        signed.proof(0);
        assert_eq!(signed.add(value(1)), None);
    }

    #[test]
    fn a_path_is_read_as_it_was_written_and_a_longer_or_doubtful_one_is_refused() {
        let tree = tree();
        for number in 0..7 {
            tree.add(value(number));
        }
        for number in 0..7 {
            let proof = tree.proof(number);
            let path = &proof.path;
            assert!(Proof::read(proof.signature, proof.sides, path) == Ok(proof.clone()));
            assert!(Proof::read(proof.signature, proof.sides, &path[1..]) == Err(BadPath));
            let idle = 1 << proof.length();
            assert!(Proof::read(proof.signature, proof.sides | idle, path) == Err(BadPath));
        }
        let long = [7; 32 * (DEEPEST + 1)];
        assert!(Proof::read([0; 64], 0, &long) == Err(BadPath));
    }
}
