//! Tags: how a process knows that bytes come from its peer, before it opens them or makes room for them. A tag costs a
//! hash, which is far less than a signature. Only the two processes of a pair can make it, so it proves nothing to others.

use crate::digest::Digest;
use crate::id::ReplicaId;
use crate::signature::Keys;

/// The length of a tag, in bytes.
pub const TAG: usize = 32;

/// A secret that two processes of a cluster share. Neither sends it: each makes it of its own secret key and the public
/// key of the other.
#[derive(Clone)]
pub struct PairKey(Digest);

impl Keys {
    /// The secret that this process shares with a peer. `None`: there is no such peer, its key is not known yet, or it is
    /// this process itself.
    #[must_use]
    pub fn shared_with(&self, peer: ReplicaId) -> Option<PairKey> {
        let own = self.own();
        if peer == own {
            return None;
        }
        let agreed = self.agree_with(peer)?;
        let (first, second) = (own.min(peer), own.max(peer));
        let key = Digest::of(&[
            b"pair",
            &self.cluster().0,
            &first.0.to_le_bytes(),
            &second.0.to_le_bytes(),
            &agreed,
        ]);
        Some(PairKey(key))
    }

    /// The secrets that this process shares with each of `n` processes, in index order.
    #[must_use]
    pub fn shared_with_all(&self, n: u32) -> Vec<Option<PairKey>> {
        let all = (0..n).map(ReplicaId);
        all.map(|peer| self.shared_with(peer)).collect()
    }
}

impl PairKey {
    /// The tag of bytes that `sender`, one of the two, sends to the other. The length of each part is hashed before the
    /// part, so nobody can lengthen the bytes and know the tag.
    #[must_use]
    pub fn tag(&self, sender: ReplicaId, bytes: &[u8]) -> [u8; TAG] {
        Digest::of(&[b"tag", &self.0.0, &sender.0.to_le_bytes(), bytes]).0
    }

    /// Whether it is the tag of these bytes. The answer takes equally long whichever byte is wrong.
    #[must_use]
    pub fn holds(&self, sender: ReplicaId, bytes: &[u8], tag: &[u8]) -> bool {
        let expected = self.tag(sender, bytes);
        let differences = expected.iter().zip(tag).map(|(a, b)| a ^ b);
        tag.len() == TAG && differences.fold(0, |all, one| all | one) == 0
    }
}

impl std::fmt::Debug for PairKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a shared secret")
    }
}

#[cfg(test)]
mod tests {
    use crate::id::{ClusterId, ReplicaId};
    use crate::signature::Keys;

    const CLUSTER: ClusterId = ClusterId([7; 32]);

    fn real(own: u32) -> Keys {
        let secret = |i: u32| [u8::try_from(i).unwrap() + 1; 32];
        let public: Vec<_> = (0..4).map(|i| Keys::public_key(&secret(i))).collect();
        Keys::new(ReplicaId(own), secret(own), &public, CLUSTER).unwrap()
    }

    fn simulated(own: u32) -> Keys {
        Keys::simulated(ReplicaId(own), 4, CLUSTER)
    }

    #[test]
    fn a_tag_holds_for_its_bytes_sender_and_recipient_only() {
        let [p, q, r] = [0, 1, 2].map(ReplicaId);
        for keys in [real, simulated] {
            let between = |own: ReplicaId, peer| keys(own.0).shared_with(peer).unwrap();
            let tag = between(p, q).tag(p, b"bytes");
            assert!(between(q, p).holds(p, b"bytes", &tag));
            assert!(!between(q, p).holds(q, b"bytes", &tag), "sent back");
            assert!(!between(q, p).holds(p, b"byte", &tag));
            assert!(!between(q, p).holds(p, b"bytes", &tag[1..]));
            assert!(!between(r, p).holds(p, b"bytes", &tag), "of another pair");
            assert!(!between(q, r).holds(p, b"bytes", &tag));
            let mut wrong = tag;
            wrong[31] ^= 1;
            assert!(!between(q, p).holds(p, b"bytes", &wrong));
        }
    }

    #[test]
    fn there_is_no_secret_with_oneself_with_nobody_and_with_one_whose_key_is_unknown() {
        let alone = Keys::alone(ReplicaId(0), [1; 32], 4, CLUSTER);
        for keys in [real(0), simulated(0), alone.clone()] {
            assert!(keys.shared_with(ReplicaId(0)).is_none());
            assert!(keys.shared_with(ReplicaId(4)).is_none());
        }
        assert!(alone.shared_with(ReplicaId(1)).is_none());
    }
}
