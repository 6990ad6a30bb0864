//! Whether a plan of a founding can be played as it is written: each number in it must mean something.

use std::ops::RangeInclusive;

use quorate_gather::MOST_NODES;

use super::plan::{BadPlan, Foreign, Lie, Partition, Person, Plan, Role, SILENT_MS, Way};

/// The longest that a plan may take until the healing, in milliseconds: an hour.
const MOST_MS: u64 = 3_600_000;
/// The longest that a packet may take, in microseconds.
const MOST_LONGEST_US: u64 = 10_000_000;
/// The most people. Everybody has a hundred ports.
const MOST_PEOPLE: u64 = 256;
/// The most further keys of a sybil. Each has a port.
const MOST_KEYS: u64 = 40;
/// The most restarts of one person.
const MOST_RESTARTS: u64 = 16;
/// How long after the healing the last restart may be over, in milliseconds.
const RESTART_MS: u64 = 5;

impl Plan {
    /// Whether the plan can be played as it is written.
    pub(super) fn check(&self) -> Result<(), BadPlan> {
        // Who expects another number of nodes expects one more.
        let one_more = self.count(|role| role == Role::Foreign(Foreign::Nodes)) > 0;
        let most_nodes = u64::from(MOST_NODES) - u64::from(one_more);
        within("nodes", self.nodes.into(), 2..=most_nodes)?;
        within("heal_ms", self.heal_ms, 0..=MOST_MS)?;
        within("lost", self.lost, 0..=1000)?;
        within("doubled", self.doubled, 0..=1000)?;
        within("longest_us", self.longest_us, 0..=MOST_LONGEST_US)?;
        let people = self.people.len() as u64;
        within("the number of people", people, 0..=MOST_PEOPLE)?;
        for (place, person) in self.people.iter().enumerate() {
            self.check_person(place, person)?;
        }
        for (number, partition) in self.partitions.iter().enumerate() {
            self.check_partition(&format!("partitions[{number}]"), partition)?;
        }
        Ok(())
    }

    fn check_person(&self, place: usize, person: &Person) -> Result<(), BadPlan> {
        let name = format!("people[{place}]");
        let needs_seat = self.way == Way::Invited && !matches!(person.role, Role::Foreign(_));
        if needs_seat && place >= self.nodes as usize {
            return Err(BadPlan::NoSeat(place, self.nodes));
        }
        within(
            &format!("{name}.starts_ms"),
            person.starts_ms,
            0..=self.heal_ms,
        )?;
        self.check_places(&format!("{name}.joins"), &person.joins)?;
        if person.joins.contains(&place) {
            return Err(BadPlan::JoinsItself(place));
        }
        match person.role {
            Role::Liar(_) if !person.restarts.is_empty() => Err(BadPlan::LiarRestarts(place)),
            Role::Liar(lie) => self.check_lie(&format!("{name}.role"), lie),
            Role::Owner | Role::Extra | Role::Foreign(_) => self.check_restarts(&name, person),
        }
    }

    fn check_lie(&self, name: &str, lie: Lie) -> Result<(), BadPlan> {
        let (word, found, allowed) = match lie {
            Lie::Sybil(more) => ("sybil", more.into(), 1..=MOST_KEYS),
            Lie::Silent(at_ms) => ("silent", at_ms, 0..=self.heal_ms + SILENT_MS),
            Lie::Late(at_ms) => ("late", at_ms, 0..=self.heal_ms),
            Lie::Twins
            | Lie::FloodJoin
            | Lie::Replay
            | Lie::ForgedHints
            | Lie::TwoHellos
            | Lie::TwoRosters
            | Lie::Invalid
            | Lie::Attempts => return Ok(()),
        };
        within(&format!("{name}.liar.{word}"), found, allowed)
    }

    /// Each restart begins when the one before is over.
    fn check_restarts(&self, name: &str, person: &Person) -> Result<(), BadPlan> {
        let restarts = person.restarts.len() as u64;
        let what = format!("the number of {name}.restarts");
        within(&what, restarts, 0..=MOST_RESTARTS)?;
        let last_ms = self.heal_ms + RESTART_MS;
        let mut since_ms = person.starts_ms;
        for (number, restart) in person.restarts.iter().enumerate() {
            let name = format!("{name}.restarts[{number}]");
            let (ends_ms, starts_ms) = (restart.ends_ms, restart.starts_ms);
            within(&format!("{name}.ends_ms"), ends_ms, since_ms..=last_ms)?;
            let what = format!("{name}.starts_ms");
            within(&what, starts_ms, ends_ms + 1..=last_ms + 1)?;
            since_ms = starts_ms;
        }
        Ok(())
    }

    fn check_partition(&self, name: &str, partition: &Partition) -> Result<(), BadPlan> {
        let (from_ms, to_ms) = (partition.from_ms, partition.to_ms);
        within(&format!("{name}.from_ms"), from_ms, 0..=self.heal_ms)?;
        within(&format!("{name}.to_ms"), to_ms, from_ms..=self.heal_ms)?;
        self.check_places(&format!("{name}.side"), &partition.side)
    }

    fn check_places(&self, name: &str, places: &[usize]) -> Result<(), BadPlan> {
        let what = format!("each place in {name}");
        let last = (self.people.len() as u64).saturating_sub(1);
        let mut places = places.iter();
        places.try_for_each(|place| within(&what, *place as u64, 0..=last))
    }
}

fn within(what: &str, found: u64, allowed: RangeInclusive<u64>) -> Result<(), BadPlan> {
    if allowed.contains(&found) {
        return Ok(());
    }
    Err(BadPlan::Number {
        what: what.to_owned(),
        least: *allowed.start(),
        most: *allowed.end(),
        found,
    })
}
