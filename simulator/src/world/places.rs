//! The places where processes run, and which twin receives which messages.

use std::collections::BTreeMap;

use quorate_diagram::Lane;
use quorate_fault::{Behaviour, ParseError, Setting, grammar};
use quorate_protocol::{ClusterId, Digest, Quorum, ReplicaId, Time};
use quorate_service::exchange::Rules;
use quorate_trace::Actor;

use crate::clock::Clock;
use crate::keys::keys;
use crate::network::millis;
use crate::plan::{Name, Plan};
use crate::process::{Origin, Process};
use crate::script::{Book, Scripted};

use super::waiting::Waiting;

/// The decision of a tie.
const DEFAULT_DECISION: &str = "retreat";

/// Each of two twins runs the engine as it is, but stands by other liars.
#[derive(Clone, Debug)]
struct Twin;

impl Behaviour for Twin {}

/// A place where a process runs.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) process: Process,
    pub(super) clock: Clock,
    pub(super) correct: bool,
    /// The next turn that is planned, by the process's clock.
    pub(super) next_tick: Option<Time>,
    /// Whether its process has ended, and has not started again yet.
    pub(super) is_down: bool,
    /// Until when the process works.
    pub(super) busy_until: Time,
    /// What has come while the process works.
    pub(super) waiting: Waiting,
}

/// All places: first one per process, then one for the second twin of each pair.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) all: Vec<Place>,
    /// The index of the first second twin.
    seconds: usize,
    twins: Vec<Name>,
    apart: Vec<Name>,
    /// The scripts of processes that have one.
    books: BTreeMap<Name, Book>,
}

impl Places {
    /// The places of a plan in which these processes are correct.
    ///
    /// # Errors
    /// The plan's faults cannot be read.
    pub(super) fn new(
        plan: &Plan,
        cluster: ClusterId,
        correct: &[ReplicaId],
    ) -> Result<Self, ParseError> {
        let behaviours = plan.fault_plan()?;
        let quorum = plan.quorum();
        let scripts = plan.scripts.iter();
        let books = scripts.map(|script| (script.process, Book::new(script)));
        let books: BTreeMap<Name, Book> = books.collect();
        let scripted = |own: ReplicaId| {
            let book = books.get(&Name(own))?.clone();
            let scripted = Scripted::new(Name(own), plan.processes, book);
            Some(Box::new(scripted) as Box<dyn Behaviour>)
        };
        let twin = |own: ReplicaId| {
            let is_twin = plan.twins.contains(&Name(own));
            is_twin.then(|| Box::new(Twin) as Box<dyn Behaviour>)
        };
        let place = |own: ReplicaId| -> Result<Place, ParseError> {
            let words = behaviours.behaviour_of(own.0);
            let config = plan.engine.config(own, quorum);
            let seed = Digest::of(&[b"faulty", &plan.seed.to_le_bytes(), &own.0.to_le_bytes()]);
            let setting = Setting {
                config: config.clone(),
                seed: seed.0,
                scene: plan.scene(),
            };
            let behaviour = words.map(|words| grammar::parse(words, &setting));
            let keys = keys(plan, own, cluster);
            #[cfg(feature = "mutants")]
            let keys = keys.with_mutant(plan.engine.mutant);
            let process = Process::new(Origin {
                keys,
                cluster,
                config,
                rules: rules(quorum),
                behaviour: behaviour
                    .transpose()?
                    .or_else(|| scripted(own))
                    .or_else(|| twin(own)),
                gathers: plan.gathering.as_ref().and_then(|one| one.driver(own)),
                then: plan
                    .gathering
                    .as_ref()
                    .map(|one| one.then(own))
                    .unwrap_or_default(),
            });
            Ok(Place {
                process,
                clock: clock(plan, own),
                correct: correct.contains(&own),
                next_tick: None,
                is_down: false,
                busy_until: Time(0),
                waiting: Waiting::default(),
            })
        };
        let owns = (0..plan.processes).map(ReplicaId);
        let owns = owns.chain(plan.twins.iter().map(|twin| twin.0));
        Ok(Self {
            all: owns.map(place).collect::<Result<_, _>>()?,
            seconds: plan.processes as usize,
            twins: plan.twins.clone(),
            apart: plan.apart.clone(),
            books,
        })
    }

    /// The script of a process, if it has one.
    pub(super) fn book(&self, process: Name) -> Option<&Book> {
        self.books.get(&process)
    }

    /// The places of a process: two if the process has twins.
    pub(super) fn of(&self, name: Name) -> Vec<usize> {
        let its = |(_, place): &(usize, &Place)| place.process.own() == name.0;
        let places = self.all.iter().enumerate().filter(its);
        places.map(|(at, _)| at).collect()
    }

    /// How a place's process is called in a trace.
    pub(super) fn actor(&self, at: usize) -> Actor {
        Actor {
            process: self.all[at].process.own(),
            twin: at >= self.seconds,
        }
    }

    /// The place of the process that a trace calls so.
    pub(super) fn at(&self, actor: Actor) -> usize {
        let twin = || self.twins.iter().position(|one| one.0 == actor.process);
        match actor.twin.then(twin).flatten() {
            Some(index) => self.seconds + index,
            None => actor.process.0 as usize,
        }
    }

    /// All processes keep a trace.
    pub(super) fn keep_traces(&mut self, plan: &Plan) {
        let faults = plan.faults().unwrap_or_default();
        for at in 0..self.all.len() {
            let actor = self.actor(at);
            let fault = faults.get(&Name(actor.process)).cloned();
            self.all[at].process.keep_trace(actor, fault);
        }
    }

    /// The heading of a place's lane in a picture.
    pub(super) fn lane(&self, at: usize) -> String {
        let own = self.all.get(at).map(|place| place.process.own());
        let name = own.map_or_else(String::new, |own| own.to_string());
        if at < self.seconds {
            name
        } else {
            format!("{name} (twin)")
        }
    }

    /// All lanes of a picture.
    pub(super) fn lanes(&self, plan: &Plan) -> Vec<Lane> {
        let faults = plan.faults().unwrap_or_default();
        let lane = |at: usize| {
            let lane = Lane::new(self.lane(at));
            let own = self.all[at].process.own();
            match faults.get(&Name(own)) {
                Some(words) => lane.marked(words.as_str()),
                None if self.twins.contains(&Name(own)) => lane.marked("runs twice"),
                None => lane,
            }
        };
        (0..self.all.len()).map(lane).collect()
    }

    /// The place that a message to `to` reaches; `None` if it reaches none. A message to twins reaches the twin on the sender's
    /// side. A message of a twin reaches only its own side.
    pub(super) fn route(&self, from: usize, to: ReplicaId) -> Option<usize> {
        let main = to.0 as usize;
        let sender = Name(self.all.get(from)?.process.own());
        let to_twin = self.twins.iter().position(|twin| twin.0 == to);
        let from_twin = self.twins.contains(&sender);
        let far = if from_twin {
            from >= self.seconds
        } else {
            self.apart.contains(&sender)
        };
        match to_twin {
            Some(index) if far => Some(self.seconds + index),
            None if from_twin && far != self.apart.contains(&Name(to)) => None,
            _ => Some(main),
        }
    }
}

fn clock(plan: &Plan, own: ReplicaId) -> Clock {
    let skew = plan.clocks.iter().find(|skew| skew.process.0 == own);
    skew.map_or(Clock::RIGHT, |skew| Clock {
        ahead: millis(skew.ahead_ms).0,
        rate: skew.rate,
        since: Time(0),
    })
}

fn rules(quorum: Quorum) -> Rules {
    Rules {
        quorum,
        default_decision: DEFAULT_DECISION.to_owned(),
    }
}

/// The processes of a plan, before anything has happened.
#[cfg(test)]
pub(crate) fn processes(plan: &Plan) -> Vec<Process> {
    let places = Places::new(plan, ClusterId([7; 32]), &[]).expect("the faults can be read");
    places.all.into_iter().map(|place| place.process).collect()
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::plan::{Choice, Name, Plan};
    use quorate_protocol::{ClusterId, ReplicaId};

    #[test]
    fn each_twin_talks_to_its_side_and_to_the_other_twins_there() {
        let choice = Choice {
            processes: Some(4),
            ..Choice::default()
        };
        let plan = Plan {
            faulty: Vec::new(),
            twins: vec![Name::of(0), Name::of(1)],
            apart: vec![Name::of(3)],
            ..Plan::generate(1, &choice)
        };
        let places = Places::new(&plan, ClusterId([7; 32]), &[]).unwrap();
        let route = |from, to| places.route(from, ReplicaId(to));
        assert_eq!(places.of(Name::of(1)), [1, 5]);
        assert_eq!(
            [route(0, 1), route(0, 2), route(0, 3)],
            [Some(1), Some(2), None]
        );
        assert_eq!(
            [route(4, 1), route(4, 2), route(4, 3)],
            [Some(5), None, Some(3)]
        );
        assert_eq!([route(2, 0), route(2, 3)], [Some(0), Some(3)]);
        assert_eq!([route(3, 0), route(3, 2)], [Some(4), Some(2)]);
    }
}
