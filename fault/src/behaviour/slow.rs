use quorate_protocol::message::Message;
use quorate_protocol::{Duration, Effect};

use super::{Altered, Behaviour, Entry};

pub(super) const ENTRY: Entry = Entry {
    name: "slow",
    argument: "",
    what: "as primary, stays just under the timer",
    example: "slow",
    make: |_, setting| {
        let Duration(timeout) = setting.config.view_timeout;
        Ok(Box::new(Slow {
            late: Duration(timeout / 10 * 9),
        }))
    },
};

/// As primary holds each proposal back for nine tenths of the time for which the backups wait: what is left is enough to
/// agree on it.
#[derive(Debug)]
struct Slow {
    late: Duration,
}

impl Behaviour for Slow {
    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let proposal = matches!(effect, Effect::Broadcast(Message::PrePrepare(..)));
        let late = if proposal {
            self.late
        } else {
            Duration::default()
        };
        vec![Altered { effect, late }]
    }
}
