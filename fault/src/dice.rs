//! The only source of chance: ChaCha8 from a seed. It gives the same numbers on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Dice that fall alike for the same seed and purpose.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice for one purpose. Separate purposes keep the drawing of a plan from changing how the plan is played.
    #[must_use]
    pub fn new(seed: u64, purpose: u8) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = purpose;
        Self::of(bytes)
    }

    /// Dice from a seed of 32 bytes.
    #[must_use]
    pub fn of(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// A number below `limit`, or 0 if `limit` is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The multiplication prefers some numbers by less than 2^-32 for the small limits used here, equally on every
        // platform.
        let wide = u128::from(self.0.next_u64()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or_default()
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// True with a probability of `of_thousand` in 1000.
    pub fn chance(&mut self, of_thousand: u64) -> bool {
        of_thousand > 0 && self.below(1000) < of_thousand
    }

    /// One of the values, or `None` if there are none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let index = self.below(from.len() as u64);
        from.get(usize::try_from(index).ok()?)
    }

    /// `count` different numbers below `limit`, in the order in which they are drawn.
    pub fn distinct(&mut self, count: u32, limit: u32) -> Vec<u32> {
        let mut left: Vec<u32> = (0..limit).collect();
        (0..count.min(limit))
            .map(|_| {
                let index = self.below(left.len() as u64);
                left.swap_remove(usize::try_from(index).unwrap_or_default())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_dice_fall_alike_on_every_platform() {
        let mut dice = Dice::new(7, b't');
        let thrown: Vec<u64> = (0..6).map(|_| dice.below(1000)).collect();
        assert_eq!(thrown, [385, 495, 169, 651, 10, 534]);
        assert_eq!(dice.below(0), 0);
        assert!((0..100).all(|_| (3..=5).contains(&dice.between(3, 5))));
        let mut all = dice.distinct(9, 5);
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4]);
    }
}
