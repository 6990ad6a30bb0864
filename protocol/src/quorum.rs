//! The arithmetic of n and f. It has a file of its own so that a test can compare it with a naive version.

use std::num::NonZeroU32;

/// The number of replicas, and the quorum sizes that follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    n: NonZeroU32,
}

impl Quorum {
    /// The arithmetic for `n` replicas.
    #[must_use]
    pub const fn of(n: NonZeroU32) -> Self {
        Self { n }
    }

    /// n, the number of replicas.
    #[must_use]
    pub const fn n(self) -> u32 {
        self.n.get()
    }

    /// f, the most faulty replicas that the protocol survives: floor((n-1)/3).
    #[must_use]
    pub const fn f(self) -> u32 {
        (self.n() - 1) / 3
    }

    /// The size of a quorum: ceil((n+f+1)/2), which is 2f+1 when n = 3f+1. Any two quorums share a correct replica, and
    /// the correct replicas alone are enough for a quorum.
    #[must_use]
    pub const fn size(self) -> usize {
        ((self.n() as usize) + (self.f() as usize) + 1).div_ceil(2)
    }

    /// The number of PREPAREs of backups that, with the PRE-PREPARE, make a batch prepared: 2f when n = 3f+1 (rule 4).
    #[must_use]
    pub const fn prepares(self) -> usize {
        self.size() - 1
    }

    /// f+1: the number of replicas of which at least one must be correct.
    #[must_use]
    pub const fn one_correct(self) -> usize {
        self.f() as usize + 1
    }
}

#[cfg(test)]
mod tests {
    use super::Quorum;
    use std::num::NonZeroU32;

    /// The least q for which any two quorums of size q share more than f replicas, found by counting up.
    fn naive_quorum(n: u32, f: u32) -> usize {
        (1..=n).find(|q| 2 * q > n + f).unwrap() as usize
    }

    #[test]
    fn quorums_intersect_in_a_correct_replica_and_the_correct_ones_suffice() {
        for n in 1..=200 {
            let quorum = Quorum::of(NonZeroU32::new(n).unwrap());
            let f = (0..n).rev().find(|f| 3 * f < n).unwrap();
            assert_eq!(quorum.f(), f);
            assert_eq!(quorum.size(), naive_quorum(n, f));
            assert!(
                quorum.size() <= (n - f) as usize,
                "n = {n}: the correct replicas are no quorum"
            );
        }
    }
}
