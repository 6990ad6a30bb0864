use quorate_protocol::{Effect, Time};

use super::{Altered, Behaviour, Entry, bad_argument};
use crate::error::ParseError;
use crate::scene::Scene;
use crate::scope::Moment;
use crate::words::parse_micros;

pub(super) const ENTRY: Entry = Entry {
    name: "crash",
    argument: "[:WHEN]",
    what: "ends at once, after a time (`crash:2s`) or so many messages (`crash:100`)",
    example: "crash:5",
    needs: Scene::Order,
    make: |argument, _| Ok(Box::new(Crash::parse(argument)?)),
};

/// Ends its process at once, after a time, or after sending so many messages. A broadcast is one message.
#[derive(Clone, Debug)]
struct Crash {
    when: When,
    started: Option<Time>,
    is_time: bool,
}

#[derive(Clone, Debug)]
enum When {
    After { micros: u64 },
    Messages { left: u64 },
}

impl Crash {
    /// The argument is missing, a time such as `2s`, or a number of messages such as `100`.
    fn parse(argument: Option<&str>) -> Result<Self, ParseError> {
        let when = match argument {
            None => When::Messages { left: 0 },
            Some(text) => parse_when(text).ok_or_else(|| {
                bad_argument(
                    "crash",
                    text,
                    "write a time such as 2s, or a number of messages such as 100",
                )
            })?,
        };
        Ok(Self {
            when,
            started: None,
            is_time: false,
        })
    }
}

fn parse_when(text: &str) -> Option<When> {
    if let Ok(left) = text.parse() {
        return Some(When::Messages { left });
    }
    let micros = parse_micros(text)?;
    Some(When::After { micros })
}

impl Behaviour for Crash {
    fn tick(&mut self, moment: Moment) {
        let started = *self.started.get_or_insert(moment.now);
        if let When::After { micros } = self.when {
            self.is_time = moment.now.0.saturating_sub(started.0) >= micros;
        }
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        let sends = matches!(
            effect,
            Effect::Broadcast(_) | Effect::Send { .. } | Effect::Forward { .. }
        );
        if let (When::Messages { left }, true) = (&mut self.when, sends) {
            *left = left.saturating_sub(1);
        }
        vec![effect.into()]
    }

    fn crashes(&mut self) -> bool {
        self.is_time || matches!(self.when, When::Messages { left: 0 })
    }
}
