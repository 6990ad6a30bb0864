//! Makes a failing plan small: fewer faults, fewer requests, a shorter run.

use quorate_fault::link::{Rule, Rules};

use crate::plan::{Lie, Link, Plan};
use crate::run::run_until;
use crate::trace::Trace;

/// How many plans are tried at most.
pub(crate) const MOST_TRIES: usize = 1000;

/// The smallest plan found that breaks the same rule. The same plan always shrinks to the same.
#[must_use]
pub fn shrink(plan: &Plan) -> Plan {
    shrink_until(plan, &|| false)
}

/// The smallest plan found until `stopped` that breaks the same rule.
#[must_use]
pub fn shrink_until(plan: &Plan, stopped: &dyn Fn() -> bool) -> Plan {
    let Some(rule) = broken_rule(plan, stopped) else {
        return plan.clone();
    };
    shrink_while(plan, MOST_TRIES, |smaller| {
        broken_rule(smaller, stopped) == Some(rule)
    })
}

/// None once `stopped`, so that what is left to try is over at once.
fn broken_rule(plan: &Plan, stopped: &dyn Fn() -> bool) -> Option<&'static str> {
    let outcome = run_until(plan, Trace::Off, stopped).ok()?;
    outcome.violation.map(|violation| violation.rule().0)
}

/// A plan that can be made smaller.
pub trait Shrinks: Clone {
    /// Plans that are a little smaller.
    fn smaller(&self) -> Vec<Self>;
}

impl Shrinks for Plan {
    fn smaller(&self) -> Vec<Self> {
        candidates(self)
    }
}

/// The smallest plan found for which `fails` holds, with at most `most` tries. It must hold for `plan`.
pub fn shrink_while<P: Shrinks>(plan: &P, most: usize, mut fails: impl FnMut(&P) -> bool) -> P {
    let mut best = plan.clone();
    let (mut index, mut since_smaller) = (0, 0);
    for _ in 0..most {
        let candidates = best.smaller();
        // All of them were tried since the plan last became smaller.
        if since_smaller >= candidates.len() {
            break;
        }
        index %= candidates.len();
        if fails(&candidates[index]) {
            // The next candidate has moved to this index.
            best.clone_from(&candidates[index]);
            since_smaller = 0;
        } else {
            index += 1;
            since_smaller += 1;
        }
    }
    best
}

/// Plans that are a little smaller.
fn candidates(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    without(&mut all, plan, |plan| &mut plan.rounds);
    without(&mut all, plan, |plan| &mut plan.calls);
    without(&mut all, plan, |plan| &mut plan.links);
    without(&mut all, plan, |plan| &mut plan.network);
    without(&mut all, plan, |plan| &mut plan.partitions);
    without(&mut all, plan, |plan| &mut plan.withheld);
    without(&mut all, plan, |plan| &mut plan.stops);
    without(&mut all, plan, |plan| &mut plan.clocks);
    without(&mut all, plan, |plan| &mut plan.disks);
    without(&mut all, plan, |plan| &mut plan.faulty);
    without(&mut all, plan, |plan| &mut plan.twins);
    without(&mut all, plan, |plan| &mut plan.apart);
    without(&mut all, plan, |plan| &mut plan.scripts);
    all.extend(fewer_lies(plan));
    all.push(Plan {
        costs: None,
        ..plan.clone()
    });
    all.push(Plan {
        gathering: None,
        ..plan.clone()
    });
    all.push(Plan {
        real_keys: false,
        ..plan.clone()
    });
    all.extend(plainer_faults(plan));
    all.extend(fewer_requests(plan));
    all.extend(plainer_links(plan));
    all.extend(calmer_network(plan));
    all.extend(fewer_kinds(plan));
    for divisor in [2, 4] {
        let mut shorter = plan.clone();
        shorten(&mut shorter, divisor);
        all.push(shorter);
    }
    all.retain(|smaller| smaller != plan);
    all
}

/// Without the whole list, and without each single item.
pub(crate) fn without<P: Clone, T>(
    all: &mut Vec<P>,
    plan: &P,
    list: impl Fn(&mut P) -> &mut Vec<T>,
) {
    let mut empty = plan.clone();
    let count = list(&mut empty).len();
    list(&mut empty).clear();
    if count > 1 {
        all.push(empty);
    }
    for index in 0..count {
        let mut smaller = plan.clone();
        list(&mut smaller).remove(index);
        all.push(smaller);
    }
}

/// Each fault without one of its triggers, and each fault replaced by `silent`, the plainest behaviour.
fn plainer_faults(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    for (index, words) in plan.faulty.iter().enumerate() {
        let mut with = |words: String| {
            let mut smaller = plan.clone();
            smaller.faulty[index] = words;
            all.push(smaller);
        };
        let parts: Vec<&str> = words.split('@').collect();
        for left_out in 1..parts.len() {
            let mut fewer = parts.clone();
            fewer.remove(left_out);
            with(fewer.join("@"));
        }
        // A fault that has become silent must not become silent again.
        if let Some((name, behaviour)) = words.split_once('=')
            && behaviour != "silent"
        {
            with(format!("{name}=silent"));
        }
    }
    all
}

/// Each script without half of its lies, and without a single one; and each lie told to fewer.
fn fewer_lies(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    for (index, script) in plan.scripts.iter().enumerate() {
        let mut with = |lies: &[Lie]| {
            let mut smaller = plan.clone();
            smaller.scripts[index].lies = lies.to_vec();
            all.push(smaller);
        };
        let (first, second) = script.lies.split_at(script.lies.len() / 2);
        if !first.is_empty() {
            with(first);
            with(second);
        }
        for place in 0..script.lies.len() {
            without(&mut all, plan, |plan| {
                &mut plan.scripts[index].lies[place].sends
            });
        }
        without(&mut all, plan, |plan| &mut plan.scripts[index].lies);
    }
    all
}

/// Without all requests of one process, without half of them, and without a single one.
fn fewer_requests(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    for (name, times) in &plan.requests {
        let mut with = |times: Vec<u64>| {
            let mut smaller = plan.clone();
            if times.is_empty() {
                smaller.requests.remove(name);
            } else {
                smaller.requests.insert(*name, times);
            }
            all.push(smaller);
        };
        with(Vec::new());
        let (first, second) = times.split_at(times.len() / 2);
        with(first.to_vec());
        with(second.to_vec());
        for index in 0..times.len() {
            let mut fewer = times.clone();
            fewer.remove(index);
            with(fewer);
        }
    }
    all
}

/// Each rule of a link in its plainer forms.
fn plainer_links(plan: &Plan) -> Vec<Plan> {
    // A plan that was played has rules that can be read.
    let rules = Rules::parse(&plan.links, plan.quorum().n()).unwrap_or_default();
    let plainer = rules.all().iter().map(Rule::plainer).enumerate();
    plainer
        .flat_map(|(index, plainer)| plainer.into_iter().map(move |rule| (index, rule)))
        .map(|(index, rule)| {
            let mut smaller = plan.clone();
            smaller.links[index] = rule.to_string();
            smaller
        })
        .collect()
}

/// With a network that loses, doubles or delays no message.
fn calmer_network(plan: &Plan) -> Vec<Plan> {
    let calmers: [fn(&mut Link); 3] = [
        |link| link.lost = 0,
        |link| link.doubled = 0,
        |link| link.late = 0,
    ];
    let indexes = 0..plan.network.len();
    let pairs = indexes.flat_map(|index| calmers.map(|calm| (index, calm)));
    pairs
        .map(|(index, calm)| {
            let mut smaller = plan.clone();
            smaller.network.get_mut(index).map(calm);
            smaller
        })
        .collect()
}

/// With one kind of withheld messages let through.
fn fewer_kinds(plan: &Plan) -> Vec<Plan> {
    let mut all = Vec::new();
    for (index, withheld) in plan.withheld.iter().enumerate() {
        if withheld.kinds.len() == 1 {
            // Without its last kind nothing would be withheld, and `without` tries that.
            continue;
        }
        for left_out in 0..withheld.kinds.len() {
            let mut smaller = plan.clone();
            smaller.withheld[index].kinds.remove(left_out);
            all.push(smaller);
        }
    }
    all
}

/// Heals earlier. Requests and rounds planned after the new healing come at that moment; faults planned after it are left out.
fn shorten(plan: &mut Plan, divisor: u64) {
    plan.heal_ms -= plan.heal_ms / divisor;
    let heal_ms = plan.heal_ms;
    for at in plan.requests.values_mut().flatten() {
        *at = (*at).min(heal_ms);
    }
    for call in &mut plan.calls {
        call.at_ms = call.at_ms.min(heal_ms);
    }
    for round in &mut plan.rounds {
        round.at_ms = round.at_ms.min(heal_ms);
    }
    plan.partitions.retain(|one| one.from_ms < heal_ms);
    plan.withheld.retain(|one| one.from_ms < heal_ms);
    plan.stops.retain(|one| one.from_ms < heal_ms);
    for one in &mut plan.partitions {
        one.to_ms = one.to_ms.min(heal_ms);
    }
    for one in &mut plan.withheld {
        one.to_ms = one.to_ms.min(heal_ms);
    }
    for one in &mut plan.stops {
        one.to_ms = one.to_ms.min(heal_ms);
    }
}
