//! Messages that are lost on purpose, to imitate a bad network.

use quorate_fault::Dice;

use crate::config::NodeConfig;

/// Decides which messages to other processes are lost.
#[derive(Debug)]
pub(crate) struct Loss {
    dice: Dice,
    of_thousand: u64,
}

impl Loss {
    pub(crate) fn new(config: &NodeConfig) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the value is clamped to 0..=1000"
        )]
        let of_thousand = (config.loss_percent.clamp(0.0, 100.0) * 10.0).round() as u64;
        Self {
            dice: Dice::of(config.secret_key),
            of_thousand,
        }
    }

    /// Whether the next message is lost.
    pub(crate) fn strikes(&mut self) -> bool {
        self.dice.chance(self.of_thousand)
    }
}
