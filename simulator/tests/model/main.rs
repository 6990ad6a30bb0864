//! All that can happen to the engine in a small world, with the model checker stateright.
//!
//! The world has four replicas: one is Byzantine (`byzantine.rs`), and three run the engine. There is one request of one
//! client, which all replicas have, one slot, and a bounded number of view changes. A sent message stays in the network for
//! ever: it may reach any replica now, later, never or again. So losses, delays, repetitions and all orders are covered. A
//! view timer may run out at any moment while it is set.
//!
//! A state of the world is the states of the three correct replicas. The sent messages follow from it. Two reductions keep
//! the number of states small. States are merged if they differ only in what decides nothing any more (`canonical.rs`).
//! Messages are heard only in those orders that lead to different results (`moves.rs`). The tests here show that neither
//! reduction hides anything.
//!
//! The search ends because these things are left out:
//! * Slots after the first, checkpoints, restarts. The primary's two batches hold the same request, once and twice.
//! * Timers of the last view, status timers, and what is sent because of them: no message is lost, so none need be sent
//!   again. A body comes from the Byzantine replica or never.
//! * A message of a view that has not started at its receiver arrives when the view starts. COMMITs may commit earlier.
//! * Lies that a replica finds by itself. The Byzantine replica can send any replica a proof against itself at any time, and a replica
//!   that finds a lie does the same as one that gets the proof just before or just after the message that completes the lie: that
//!   message does not count. So the replicas start with a pardon for all that is said in this world, and only that proof convicts. They pardon
//!   the correct ones, too: states that were merged have heard what was not said in every world. That no correct replica signs what
//!   proves it faulty is checked by what it has signed.

mod byzantine;
mod canonical;
mod moves;
mod scope;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use quorate_protocol::{Quorum, ReplicaId, View};
use stateright::{Checker, HasDiscoveries, Model, Property};

use moves::{Move, Moves, moves, steps};
use scope::Scope;
use table::{Event, Messages, Outside, Table};

/// The states of the three correct replicas, by their numbers. The sent messages follow from them.
type World = [u32; 3];

/// One correct replica moves.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Action {
    who: usize,
    what: Move,
}

/// What was worked out so far.
struct Known {
    table: Table,
    moves: BTreeMap<(usize, Messages), Arc<Moves>>,
    /// The worlds that can be told apart from outside, if they are to be kept.
    outsides: Option<BTreeSet<[Outside; 3]>>,
}

struct Universe {
    scope: Scope,
    first: World,
    known: Mutex<Known>,
    /// Which properties have been discovered: stateright would take later and longer ways to them, too.
    discovered: [AtomicBool; 6],
}

const AGREEMENT: &str = "agreement";
const EXACTLY_ONCE: &str = "exactly once";
const NOBODY_CORRECT: &str = "nobody correct is proved faulty";
const ALL_EXECUTE: &str = "all execute";
const TWO_VIEWS: &str = "one executes in view 0 and another in view 1";
const CONVICTED: &str = "all execute, and all have proved it faulty";

impl Universe {
    fn new(scope: Scope, keeps_all: bool) -> Self {
        let quorum = Quorum::of(NonZeroU32::new(4).expect("not zero"));
        let mut table = Table::new(scope, quorum, keeps_all);
        let correct: Vec<_> = (0..4)
            .map(ReplicaId)
            .filter(|replica| *replica != scope.byzantine)
            .map(|replica| table.start(scope.config(replica, quorum)))
            .map(|node| u32::try_from(node).expect("few"))
            .collect();
        Self {
            scope,
            first: correct.try_into().expect("three"),
            known: Mutex::new(Known {
                table,
                moves: BTreeMap::new(),
                outsides: keeps_all.then(BTreeSet::new),
            }),
            discovered: Default::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("no panic")
    }

    fn outsides(&self, world: &World) -> [Outside; 3] {
        let known = self.known();
        world.map(|node| *known.table.outside(node as usize))
    }

    fn moves(&self, world: &World) -> [Arc<Moves>; 3] {
        let mut known = self.known();
        let Known {
            table, moves: memo, ..
        } = &mut *known;
        let said = world
            .iter()
            .map(|node| table.outside(*node as usize).said)
            .fold(Messages::default(), Messages::union);
        let all = said.union(table.menu(said));
        world.map(|node| {
            let node = node as usize;
            let messages = all.without(table.outside(node).said);
            let found = memo.entry((node, messages)).or_insert_with(|| {
                Arc::new(match self.scope.silent_steps {
                    Some(silent) => moves(table, node, messages, silent),
                    None => steps(table, node, messages),
                })
            });
            Arc::clone(found)
        })
    }

    /// All outcomes, as texts: the numbers of messages differ between explorations.
    fn told(&self) -> BTreeSet<[String; 3]> {
        let known = self.known();
        let outsides = known.outsides.iter().flatten();
        let told = |one: &Outside| known.table.told_of(one);
        outsides.map(|of| of.each_ref().map(told)).collect()
    }

    /// Whether this is the first world in which something is so.
    fn is_first(&self, property: usize, is_so: impl FnOnce() -> bool) -> bool {
        let discovered = &self.discovered[property];
        !discovered.load(Ordering::Relaxed) && is_so() && !discovered.swap(true, Ordering::Relaxed)
    }
}

impl Model for Universe {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.first]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let outsides = self.outsides(world);
        if let Some(all) = &mut self.known().outsides {
            all.insert(outsides);
        }
        for (who, moves) in self.moves(world).iter().enumerate() {
            actions.extend(moves.all.iter().cloned().map(|what| Action { who, what }));
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut after = *world;
        after[action.who] = u32::try_from(action.what.node).expect("few");
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(AGREEMENT, |this: &Self, world: &World| {
                !this.is_first(0, || {
                    let executed = this.outsides(world).map(|one| one.executed);
                    let digests = executed.iter().flatten().map(|(_, digest)| digest);
                    digests.collect::<BTreeSet<_>>().len() > 1
                })
            }),
            Property::always(EXACTLY_ONCE, |this: &Self, world: &World| {
                !this.is_first(1, || this.outsides(world).iter().any(|one| one.times > 1))
            }),
            Property::always(NOBODY_CORRECT, |this: &Self, world: &World| {
                !this.is_first(2, || this.outsides(world).iter().any(|one| one.wrong))
            }),
            Property::sometimes(ALL_EXECUTE, |this: &Self, world: &World| {
                this.is_first(3, || {
                    this.outsides(world)
                        .iter()
                        .all(|one| one.executed.is_some())
                })
            }),
            Property::sometimes(TWO_VIEWS, |this: &Self, world: &World| {
                this.is_first(4, || {
                    let executed = this.outsides(world).map(|one| one.executed);
                    let views = executed.map(|executed| executed.map(|(view, _)| view));
                    views.contains(&Some(View(0))) && views.contains(&Some(View(1)))
                })
            }),
            Property::sometimes(CONVICTED, |this: &Self, world: &World| {
                this.is_first(5, || {
                    let known = this.known();
                    world.iter().all(|node| {
                        let node = *node as usize;
                        known.table.outside(node).executed.is_some() && known.table.convicts(node)
                    })
                })
            }),
        ]
    }
}

/// Explores everything, or until one of these is discovered.
#[expect(
    clippy::disallowed_methods,
    reason = "tells how long it took; nothing depends on it"
)]
fn explore(
    scope: Scope,
    keeps_all: bool,
    until: impl IntoIterator<Item = &'static str>,
) -> impl Checker<Universe> {
    let start = std::time::Instant::now();
    let checked = Universe::new(scope, keeps_all)
        .checker()
        .finish_when(HasDiscoveries::AnyOf(until.into_iter().collect()))
        .spawn_bfs()
        .join();
    let (nodes, messages) = checked.model().known().table.size();
    println!(
        "{scope}: {} states, {} moves, the last after {}; {nodes} states of one replica, {messages} messages; {:.1} s",
        checked.unique_state_count(),
        checked.state_count(),
        checked.max_depth() - 1,
        start.elapsed().as_secs_f32(),
    );
    checked
}

/// The shortest way to a discovery, move by move.
fn story(checked: &impl Checker<Universe>, property: &'static str) -> Vec<String> {
    let path = checked.discovery(property).expect("it is discovered");
    let known = checked.model().known();
    let table = &known.table;
    let mut lines = Vec::new();
    for (world, action) in path.into_vec() {
        let Some(Action { who, what }) = action else {
            continue;
        };
        let heard: Vec<_> = what
            .events
            .iter()
            .map(|event| match event {
                Event::Timeout => "its timer".to_owned(),
                Event::Hear(number) => table.told(*number),
            })
            .collect();
        let node = world[who] as usize;
        let did = table.done_between(node, what.node);
        lines.push(format!(
            "  {} by {}: {did}",
            table.name(node),
            heard.join(", ")
        ));
    }
    lines
}

/// Explores everything, and finds nothing wrong, but all that should be reached.
fn holds(scope: Scope, reached: &[&'static str]) -> impl Checker<Universe> {
    let checked = explore(scope, false, []);
    for property in [AGREEMENT, EXACTLY_ONCE, NOBODY_CORRECT] {
        if checked.discovery(property).is_some() {
            panic!("not {property}:\n{}", story(&checked, property).join("\n"));
        }
    }
    for property in reached {
        assert!(checked.discovery(property).is_some(), "never: {property}");
    }
    checked
}

const P: u32 = 0;
const Q: u32 = 1;
const S: u32 = 3;

#[test]
fn one_view_change_with_any_replica_crashed() {
    holds(Scope::new(P, 1).crashed(), &[ALL_EXECUTE]);
    holds(Scope::new(Q, 1).crashed(), &[ALL_EXECUTE]);
    holds(Scope::new(S, 1).crashed(), &[ALL_EXECUTE, TWO_VIEWS]);
}

#[test]
#[ignore = "takes long; .ci/run has it"]
fn all_that_can_be_told_apart_is_reached_without_taking_every_step_by_itself() {
    for scope in [
        Scope::new(P, 0),
        Scope::new(P, 1).crashed(),
        Scope::new(Q, 1).crashed(),
        Scope::new(S, 1).crashed(),
    ] {
        let [few, all] = [scope, scope.step_by_step()].map(|scope| explore(scope, true, []));
        let [some, all] = [few, all].map(|checked| checked.model().told());
        let missing: Vec<_> = all.difference(&some).take(1).collect();
        assert!(missing.is_empty(), "{scope}: {missing:?} is not reached");
        assert_eq!(some.len(), all.len(), "{scope}");
    }
}

#[test]
#[ignore = "takes long; .ci/run has it"]
fn one_view_change_with_a_byzantine_primary() {
    holds(Scope::new(P, 1), &[ALL_EXECUTE, TWO_VIEWS, CONVICTED]);
}

// A backup of view 0 that is proved faulty only counts no more. That is a silent step, and every loud step that is possible after it is
// possible before it. So no move begins with it (`moves.rs`), and no world has all three convict it.
#[test]
#[ignore = "takes long; .ci/run has it"]
fn one_view_change_to_a_byzantine_primary() {
    holds(Scope::new(Q, 1), &[ALL_EXECUTE, TWO_VIEWS]);
}

#[test]
#[ignore = "takes long; .ci/run has it"]
fn one_view_change_with_a_byzantine_backup() {
    let scope = Scope::new(S, 1);
    let checked = holds(scope, &[ALL_EXECUTE, TWO_VIEWS]);
    let more = holds(scope.silent_steps(4), &[]);
    assert_eq!(
        checked.unique_state_count(),
        more.unique_state_count(),
        "more silent steps before a loud one lead further"
    );
}

#[test]
#[ignore = "takes long; .ci/run has it"]
fn two_view_changes_with_any_replica_crashed() {
    for crashed in [P, Q, S] {
        holds(Scope::new(crashed, 2).crashed(), &[ALL_EXECUTE]);
    }
}

#[test]
#[ignore = "takes long; .ci/run has it"]
fn states_and_messages_that_are_taken_for_one_go_on_alike() {
    for scope in [Scope::new(S, 1), Scope::new(Q, 2).crashed()] {
        let checked = explore(scope, true, []);
        let known = checked.model().known().table.size();
        let kept = checked.model().known().table.check_merged();
        println!("{kept:?} states of one replica and messages were taken for {known:?}");
        assert!(
            kept.0 > known.0 && kept.1 > known.1,
            "nothing was taken for one"
        );
    }
}

/// Engines with a bug that this world is large enough for are found out. Two silent steps before a loud one are enough.
#[cfg(feature = "mutants")]
mod mutants {
    use quorate_protocol::Mutant;

    use super::{AGREEMENT, EXACTLY_ONCE, P, Q, Scope, explore, story};

    fn found(mutant: Mutant, byzantine: u32, property: &'static str) {
        let scope = Scope::new(byzantine, 1).silent_steps(2).with(mutant);
        let checked = explore(scope, false, [property]);
        let story = story(&checked, property).join("\n");
        println!("{mutant}, not {property}:\n{story}");
    }

    #[test]
    #[ignore = "takes minutes; for changes of the engine and of this search"]
    fn a_request_that_executes_twice() {
        found(Mutant::ExecutesTwice, P, EXACTLY_ONCE);
    }

    #[test]
    #[ignore = "takes minutes; for changes of the engine and of this search"]
    fn one_commit_too_few() {
        found(Mutant::CommitsTooFew, P, AGREEMENT);
    }

    #[test]
    #[ignore = "takes minutes; for changes of the engine and of this search"]
    fn view_changes_without_certificates() {
        found(Mutant::NoCertificates, P, AGREEMENT);
    }

    #[test]
    #[ignore = "takes minutes; for changes of the engine and of this search"]
    fn one_prepare_twice_in_a_certificate() {
        found(Mutant::RepeatedPrepares, P, AGREEMENT);
    }

    #[test]
    #[ignore = "takes minutes; for changes of the engine and of this search"]
    fn a_prepare_of_the_primary_that_counts() {
        found(Mutant::PrimaryPrepareCounts, P, AGREEMENT);
    }

    #[test]
    #[ignore = "takes minutes; for changes of the engine and of this search"]
    fn one_view_change_thrice_in_a_new_view() {
        found(Mutant::RepeatedViewChanges, Q, AGREEMENT);
    }
}
