use quorate_protocol::{Effect, ReplicaId};

use super::{Behaviour, Say, no_argument};
use crate::plan::ParseError;

/// Listens and never sends.
#[derive(Debug)]
pub(super) struct Silent {
    own: ReplicaId,
}

impl Silent {
    pub(super) fn parse(argument: Option<&str>, own: ReplicaId) -> Result<Self, ParseError> {
        no_argument("silent", argument)?;
        Ok(Self { own })
    }
}

impl Behaviour for Silent {
    fn alter(&mut self, effect: Effect) -> Vec<Effect> {
        match effect {
            Effect::Broadcast(message) => vec![Effect::Send {
                to: self.own,
                message,
            }],
            Effect::Send { to, .. } | Effect::Forward { to, .. } if to != self.own => Vec::new(),
            other => vec![other],
        }
    }

    fn say(&mut self, _to: ReplicaId, _decision: &str) -> Say {
        Say::Nothing
    }
}
