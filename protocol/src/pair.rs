//! Tags: how a process knows that bytes come from its peer, before it opens them or makes room for them. A tag costs a
//! hash, which is far less than a signature. Only the two processes of a pair can make it, so it proves nothing to others.

use crate::digest::Digest;
use crate::id::ReplicaId;
use crate::signature::Keys;

/// The length of a tag, in bytes.
pub const TAG: usize = 32;
/// The length of a challenge, in bytes.
pub const CHALLENGE: usize = 32;

/// A secret that two processes of a cluster share. Neither sends it: each makes it of its own secret key and the public
/// key of the other.
#[derive(Clone)]
pub struct PairKey(Digest);

/// Tags the frames of one connection in one direction, or checks their tags, in order. The number of a frame is part of its
/// tag, so none can be left out, sent again or sent earlier.
pub struct Tagger {
    key: Digest,
    /// The frames so far.
    count: u64,
}

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
    /// What makes and checks the tags of all that `sender`, one of the two, sends to the other over one connection. The
    /// other has chosen the challenge at random for this connection, so no tag of an earlier one holds in it.
    #[must_use]
    pub fn tagger(&self, sender: ReplicaId, challenge: &[u8; CHALLENGE]) -> Tagger {
        let sender = sender.0.to_le_bytes();
        Tagger {
            key: Digest::of(&[b"connection", &self.0.0, &sender, challenge]),
            count: 0,
        }
    }
}

impl Tagger {
    /// The tag of the next frame. The length of each part is hashed before the part, so nobody can lengthen the bytes and
    /// know the tag.
    #[must_use]
    pub fn tag(&mut self, bytes: &[u8]) -> [u8; TAG] {
        let tag = self.next(bytes);
        self.count += 1;
        tag
    }

    /// Whether it is the tag of the next frame. The answer takes equally long whichever byte is wrong.
    #[must_use]
    pub fn holds(&mut self, bytes: &[u8], tag: &[u8; TAG]) -> bool {
        let expected = self.next(bytes);
        let differences = expected.iter().zip(tag).map(|(a, b)| a ^ b);
        let holds = differences.fold(0, |all, one| all | one) == 0;
        self.count += u64::from(holds);
        holds
    }

    fn next(&self, bytes: &[u8]) -> [u8; TAG] {
        Digest::of(&[b"frame", &self.key.0, &self.count.to_le_bytes(), bytes]).0
    }
}

impl std::fmt::Debug for PairKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a shared secret")
    }
}

impl std::fmt::Debug for Tagger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a shared secret after {} frames", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::CHALLENGE;
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
    fn a_tag_holds_for_its_bytes_sender_recipient_and_challenge_only() {
        let [p, q, r] = [0, 1, 2].map(ReplicaId);
        let challenge = [9; CHALLENGE];
        for keys in [real, simulated] {
            let between = |own: ReplicaId, peer| keys(own.0).shared_with(peer).unwrap();
            let tag = between(p, q).tagger(p, &challenge).tag(b"bytes");
            let holds = |own, peer, sender, challenge, bytes: &[u8], tag| {
                let mut tagger = between(own, peer).tagger(sender, challenge);
                tagger.holds(bytes, tag)
            };
            assert!(holds(q, p, p, &challenge, b"bytes", &tag));
            assert!(!holds(q, p, q, &challenge, b"bytes", &tag), "sent back");
            assert!(!holds(q, p, p, &challenge, b"byte", &tag));
            assert!(!holds(q, p, p, &[8; CHALLENGE], b"bytes", &tag));
            let of_another_pair = holds(r, p, p, &challenge, b"bytes", &tag);
            assert!(!of_another_pair && !holds(q, r, p, &challenge, b"bytes", &tag));
            let mut wrong = tag;
            wrong[31] ^= 1;
            assert!(!holds(q, p, p, &challenge, b"bytes", &wrong));
        }
    }

    #[test]
    fn a_frame_that_is_left_out_sent_again_or_sent_earlier_is_noticed() {
        let [p, q] = [0, 1].map(ReplicaId);
        let tagger = |own: ReplicaId, peer| {
            let pair = simulated(own.0).shared_with(peer).unwrap();
            pair.tagger(p, &[9; CHALLENGE])
        };
        let (mut sender, mut recipient) = (tagger(p, q), tagger(q, p));
        let [first, second] = [sender.tag(b"same"), sender.tag(b"same")];
        assert_ne!(first, second);
        assert!(!recipient.holds(b"same", &second), "the first is left out");
        assert!(recipient.holds(b"same", &first));
        assert!(!recipient.holds(b"same", &first), "sent again");
        assert!(recipient.holds(b"same", &second));
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
