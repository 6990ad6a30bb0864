//! When a behaviour acts. One decorator serves all behaviours, so no behaviour knows of triggers.

use std::ops::RangeInclusive;

use quorate_protocol::{Effect, ReplicaId, Time, VerifiedMessage};
use quorate_service::gathering::{Command, Gathering};

use crate::behaviour::{Altered, Behaviour, Damage, Say};
use crate::dice::Dice;
use crate::error::ParseError;
use crate::scope::{Moment, Scope};
use crate::words::{instead, parse_micros, parse_percent};

/// The triggers there are: how each is written, and when it holds.
pub const TRIGGERS: [(&str, &str); 5] = [
    (
        "after=TIME",
        "from this time on, counted from when the behaviour was set",
    ),
    ("until=TIME", "until this time, counted likewise"),
    (
        "slots=A-B",
        "for these slots (`3-9`, `5`, `7-`); a message without a slot counts as the next",
    ),
    (
        "views=A-B",
        "for these views; a message without one counts as the current view",
    ),
    ("chance=PERCENT", "each time with this probability"),
];

/// When a behaviour acts: all the given triggers must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trigger {
    /// In microseconds since the behaviour was set.
    after: Option<u64>,
    until: Option<u64>,
    slots: Option<RangeInclusive<u64>>,
    views: Option<RangeInclusive<u64>>,
    chance: Option<u64>,
}

impl Trigger {
    /// Parses the triggers after the first `@`, such as `after=2s@chance=25%`.
    ///
    /// # Errors
    /// A trigger is unknown or malformed, or no time satisfies all of them. The error says what to write instead.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut trigger = Self::default();
        for one in text.split('@') {
            trigger.read(one)?;
        }
        if let (Some(after), Some(until)) = (trigger.after, trigger.until)
            && after >= until
        {
            return Err(bad(
                text,
                "they never hold together: until must be later than after",
            ));
        }
        Ok(trigger)
    }

    fn read(&mut self, one: &str) -> Result<(), ParseError> {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        let twice = match name {
            "after" => set(&mut self.after, one, parse_micros(value), A_TIME)?,
            "until" => set(&mut self.until, one, parse_micros(value), A_TIME)?,
            "slots" => set(&mut self.slots, one, parse_range(value), SOME_SLOTS)?,
            "views" => set(&mut self.views, one, parse_range(value), SOME_VIEWS)?,
            "chance" => set(&mut self.chance, one, parse_percent(value), A_CHANCE)?,
            _ => return Err(unknown(one)),
        };
        if twice {
            return Err(bad(one, "it is given twice: write each trigger once"));
        }
        Ok(())
    }

    /// Whether the triggers hold for this scope and moment, `since` microseconds after the behaviour was set.
    fn holds(&self, since: u64, moment: Moment, scope: Scope, dice: &mut Dice) -> bool {
        let slot = scope.slot.unwrap_or(moment.slot).0;
        let view = scope.view.unwrap_or(moment.view).0;
        self.after.is_none_or(|after| since >= after)
            && self.until.is_none_or(|until| since < until)
            && self
                .slots
                .as_ref()
                .is_none_or(|slots| slots.contains(&slot))
            && self
                .views
                .as_ref()
                .is_none_or(|views| views.contains(&view))
            && self.chance.is_none_or(|percent| dice.chance(percent * 10))
    }
}

const A_TIME: &str = "write a time with its unit, as in after=2s or until=500ms";
const SOME_SLOTS: &str = "write sequence numbers, as in slots=3-9, slots=5 or slots=7-";
const SOME_VIEWS: &str = "write views, as in views=0-1, views=2 or views=3-";
const A_CHANCE: &str = "write a percentage from 1% to 100%, as in chance=25%";

fn unknown(one: &str) -> ParseError {
    let word: String = one.chars().take(40).collect();
    let instead = instead(&word, &TRIGGERS.map(|(form, _)| form));
    ParseError::UnknownTrigger { word, instead }
}

fn bad(trigger: &str, expected: &'static str) -> ParseError {
    ParseError::BadTrigger {
        trigger: trigger.chars().take(80).collect(),
        expected,
    }
}

/// Sets a trigger's value. True if it had one before.
fn set<T>(
    place: &mut Option<T>,
    one: &str,
    value: Option<T>,
    expected: &'static str,
) -> Result<bool, ParseError> {
    let value = value.ok_or_else(|| bad(one, expected))?;
    Ok(place.replace(value).is_some())
}

fn parse_range(text: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = match text.split_once('-') {
        None => (text.parse().ok()?, text.parse().ok()?),
        Some((first, "")) => (first.parse().ok()?, u64::MAX),
        Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
    };
    (first <= last).then_some(first..=last)
}

/// A behaviour that acts only while its triggers hold.
#[derive(Clone, Debug)]
pub(crate) struct Triggered {
    trigger: Trigger,
    behaviour: Box<dyn Behaviour>,
    dice: Dice,
    started: Option<Time>,
    moment: Moment,
}

impl Triggered {
    pub(crate) fn new(trigger: Trigger, behaviour: Box<dyn Behaviour>, dice: Dice) -> Self {
        Self {
            trigger,
            behaviour,
            dice,
            started: None,
            moment: Moment::default(),
        }
    }

    fn holds(&mut self, scope: Scope) -> bool {
        let started = self.started.unwrap_or(self.moment.now);
        let since = self.moment.now.0.saturating_sub(started.0);
        self.trigger
            .holds(since, self.moment, scope, &mut self.dice)
    }

    fn holds_now(&mut self) -> bool {
        self.holds(Scope::default())
    }
}

impl Behaviour for Triggered {
    fn tick(&mut self, moment: Moment) {
        self.started.get_or_insert(moment.now);
        self.moment = moment;
        self.behaviour.tick(moment);
    }

    fn see(&mut self, message: &VerifiedMessage) {
        self.behaviour.see(message);
    }

    fn hears(&mut self, from: ReplicaId) -> bool {
        !self.holds_now() || self.behaviour.hears(from)
    }

    fn takes_in(&mut self, message: &VerifiedMessage) -> bool {
        self.behaviour.takes_in(message) || !self.holds_now()
    }

    fn alter(&mut self, effect: Effect) -> Vec<Altered> {
        if self.holds(Scope::from(&effect)) {
            self.behaviour.alter(effect)
        } else {
            vec![effect.into()]
        }
    }

    fn damage(&mut self, scope: Scope) -> Option<Damage> {
        self.behaviour.damage(scope).filter(|_| self.holds(scope))
    }

    fn say(&mut self, to: ReplicaId, decision: &str) -> Say {
        if self.holds_now() {
            self.behaviour.say(to, decision)
        } else {
            Say::Decision(decision.to_owned())
        }
    }

    fn ballot(&mut self) -> Option<String> {
        self.behaviour.ballot().filter(|_| self.holds_now())
    }

    fn orders(&mut self, state: &Gathering, commands: Vec<Command>) -> Vec<Command> {
        if self.holds_now() {
            self.behaviour.orders(state, commands)
        } else {
            commands
        }
    }

    fn acts_at(&self) -> Option<Time> {
        self.behaviour.acts_at()
    }

    fn act(&mut self) -> Vec<Effect> {
        // Call the behaviour even while the triggers do not hold. It must plan its next act, or its host would be woken
        // for this one forever.
        let effects = self.behaviour.act();
        if self.holds_now() {
            effects
        } else {
            Vec::new()
        }
    }

    fn forgets(&mut self) -> bool {
        self.behaviour.forgets() && self.holds_now()
    }

    fn crashes(&mut self) -> bool {
        self.behaviour.crashes() && self.holds_now()
    }
}
