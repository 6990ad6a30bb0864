use quorate_protocol::{Effect, ReplicaId, Time};

use super::{Behaviour, Say};
use crate::plan::ParseError;

/// Ends its process: at once, after a time, or after so many messages.
#[derive(Debug)]
pub(super) struct Crash {
    when: When,
    started: Option<Time>,
    crashed: bool,
}

#[derive(Debug)]
enum When {
    After { micros: u64 },
    Messages { left: u64 },
}

impl Crash {
    /// Nothing, a time such as `2s`, or a number of messages such as `100`.
    pub(super) fn parse(argument: Option<&str>) -> Result<Self, ParseError> {
        let when = match argument {
            None => When::Messages { left: 0 },
            Some(text) => parse_when(text).ok_or_else(|| ParseError::BadArgument {
                behaviour: "crash",
                argument: text.to_owned(),
                expected: "a time such as 2s, or a number of messages such as 100",
            })?,
        };
        let crashed = matches!(when, When::Messages { left: 0 });
        Ok(Self {
            when,
            started: None,
            crashed,
        })
    }
}

fn parse_when(text: &str) -> Option<When> {
    if let Ok(left) = text.parse() {
        return Some(When::Messages { left });
    }
    let micros = humantime::parse_duration(text)
        .ok()?
        .as_micros()
        .try_into()
        .ok()?;
    Some(When::After { micros })
}

impl Behaviour for Crash {
    fn alter(&mut self, effect: Effect) -> Vec<Effect> {
        let sends = matches!(
            effect,
            Effect::Broadcast(_) | Effect::Send { .. } | Effect::Forward { .. }
        );
        if let (When::Messages { left }, true) = (&mut self.when, sends) {
            *left = left.saturating_sub(1);
            self.crashed |= *left == 0;
        }
        if self.crashed {
            Vec::new()
        } else {
            vec![effect]
        }
    }

    fn say(&mut self, _to: ReplicaId, decision: &str) -> Say {
        if self.crashed {
            Say::Nothing
        } else {
            Say::Decision(decision.to_owned())
        }
    }

    fn tick(&mut self, now: Time) {
        let started = *self.started.get_or_insert(now);
        if let When::After { micros } = self.when {
            self.crashed |= now.0 - started.0 >= micros;
        }
    }

    fn has_crashed(&self) -> bool {
        self.crashed
    }
}
