use quorate_protocol::message::Request;
use quorate_protocol::{Quorum, ReplicaId, VerifiedMessage, View};
use quorate_service::Operation;
use quorate_service::gathering::{Act, Command};

use super::{Behaviour, Entry};
use crate::scene::Scene;
use crate::scope::Moment;

pub(super) const ENTRY: Entry = Entry {
    name: "withhold",
    argument: "",
    what: "as primary, withholds the bids and ballots of the others",
    example: "withhold",
    needs: Scene::Gathering,
    make: |_, setting| {
        Ok(Box::new(Withhold {
            own: setting.own(),
            quorum: setting.config.quorum,
            view: View(0),
        }))
    },
};

/// As primary, takes no bid, reveal or ballot of another process in, so it proposes none.
#[derive(Clone, Debug)]
struct Withhold {
    own: ReplicaId,
    quorum: Quorum,
    view: View,
}

impl Behaviour for Withhold {
    fn tick(&mut self, moment: Moment) {
        self.view = moment.view;
    }

    fn takes_in(&mut self, message: &VerifiedMessage) -> bool {
        let VerifiedMessage::Request(request) = message else {
            return true;
        };
        let is_primary = self.view.primary(self.quorum) == self.own;
        !is_primary || request.signer() == self.own || !speaks(request.value())
    }
}

/// Whether a member says something in an auction or a vote with a request.
fn speaks(request: &Request) -> bool {
    let operations = Operation::parts(&request.operation);
    operations.iter().any(|operation| is_said(operation))
}

fn is_said(operation: &[u8]) -> bool {
    let Some(Operation::Gathering(text)) = Operation::decode(operation) else {
        return false;
    };
    matches!(
        Command::parse(&text),
        Ok(Command::In(
            _,
            Act::Bid { .. } | Act::Reveal { .. } | Act::Ballot { .. }
        ))
    )
}
