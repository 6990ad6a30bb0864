use quorate_protocol::message::Message;
use quorate_protocol::{Effect, Sequence, View};

use super::{Altered, Behaviour, Entry};
use crate::dice::Dice;
use crate::scene::Scene;

pub(super) const ENTRY: Entry = Entry {
    name: "skip",
    argument: "",
    what: "as primary, skips sequence numbers or proposes outside the window",
    example: "skip",
    needs: Scene::Order,
    make: |_, setting| {
        Ok(Box::new(Skip {
            window: setting.config.window,
            dice: setting.dice(b"skip"),
            view: None,
            by: 0,
        }))
    },
};

/// As primary, gives each batch too high a sequence number. In some views the number is 1 to 3 too high and leaves a
/// gap that nothing fills. In others it is a whole window too high, where no correct backup accepts it.
#[derive(Clone, Debug)]
struct Skip {
    window: u64,
    dice: Dice,
    /// The view that it leads now. `by` says how many slots it skips there.
    view: Option<View>,
    by: u64,
}

impl Behaviour for Skip {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let Effect::Broadcast(Message::PrePrepare(mut pre_prepare, batch)) = effect else {
            return vec![effect.into()];
        };
        if self.view.replace(pre_prepare.view) != Some(pre_prepare.view) {
            self.by = if self.dice.chance(500) {
                self.dice.between(1, 3)
            } else {
                self.window
            };
        }
        pre_prepare.sequence = Sequence(pre_prepare.sequence.0.saturating_add(self.by));
        vec![Effect::Broadcast(Message::PrePrepare(pre_prepare, batch)).into()]
    }
}
