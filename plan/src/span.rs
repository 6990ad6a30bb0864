//! Draws when something begins and ends.

use quorate_fault::Dice;

/// A time before all is healed and a later one, in milliseconds.
pub(crate) fn span(dice: &mut Dice, heal_ms: u64) -> (u64, u64) {
    let from = dice.below(heal_ms);
    (from, from + dice.between(10, heal_ms))
}
