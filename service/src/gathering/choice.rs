//! The choice: which activity the members take up, computed from their closed offers alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::ReplicaId;
use serde::{Deserialize, Serialize};

use super::membership::Membership;
use super::offer::{Activity, Offer};
use super::word::Name;

/// What follows from the offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Of each capability the (f+1)-th largest claim: at least one correct member claims as much. A capability that f members or
    /// fewer claim has no number.
    pub numbers: BTreeMap<Name, u64>,
    /// The activities that somebody offers, in the order of [`Activity::ALL`].
    pub standings: Vec<Standing>,
    /// The activity that is chosen. `None`: no activity is feasible.
    pub chosen: Option<Activity>,
}

/// How an activity stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The activity.
    pub activity: Activity,
    /// Who offers it.
    pub offered_by: BTreeSet<ReplicaId>,
    /// Who takes part: those whose terms hold.
    pub members: BTreeSet<ReplicaId>,
    /// The Borda count. `None`: fewer than a quorum take part, so the activity is not feasible.
    pub points: Option<u64>,
}

impl Choice {
    /// The choice of these offers, which were closed so many slots after the epoch began.
    ///
    /// A term that does not hold takes out the member that makes it, and not the activity: otherwise one liar could make
    /// every activity impossible. All whose terms do not hold leave at once, and then the terms of the others are looked
    /// at again. An activity is feasible if at least a quorum is left.
    #[must_use]
    pub fn of(
        membership: &Membership,
        epoch: u64,
        offers: &BTreeMap<ReplicaId, Offer>,
        slots: u64,
    ) -> Self {
        let numbers = numbers(offers.values(), membership.quorum().f() as usize);
        let mut standings: Vec<Standing> = Activity::ALL
            .into_iter()
            .filter_map(|activity| standing(activity, offers, &numbers, slots))
            .collect();
        let quorum = membership.quorum().size();
        let is_feasible = |one: &Standing| one.members.len() >= quorum;
        let feasible = standings.iter().filter(|one| is_feasible(one));
        let points = borda(&feasible.map(|one| one.activity).collect(), offers.values());
        for standing in &mut standings {
            standing.points = points.get(&standing.activity).copied();
        }
        let rank = |(activity, points): &(&Activity, &u64)| {
            let tie = membership.tie(epoch, "agreement", activity.name());
            (**points, Reverse(tie))
        };
        let chosen = points.iter().max_by_key(rank).map(|(chosen, _)| *chosen);
        Self {
            numbers,
            standings,
            chosen,
        }
    }

    /// Who takes part in the chosen activity.
    #[must_use]
    pub fn members(&self) -> Option<&BTreeSet<ReplicaId>> {
        let standing = |one: &&Standing| Some(one.activity) == self.chosen;
        Some(&self.standings.iter().find(standing)?.members)
    }
}

/// Of each capability the claim that comes after the `liars` largest.
fn numbers<'a>(offers: impl Iterator<Item = &'a Offer>, liars: usize) -> BTreeMap<Name, u64> {
    let mut claims: BTreeMap<&Name, Vec<u64>> = BTreeMap::new();
    for (name, claim) in offers.flat_map(|offer| &offer.can) {
        claims.entry(name).or_default().push(*claim);
    }
    let believed = claims.into_iter().filter_map(|(name, mut claims)| {
        claims.sort_unstable_by_key(|claim| Reverse(*claim));
        Some((name.clone(), *claims.get(liars)?))
    });
    believed.collect()
}

/// How an activity stands, without its points. `None` if nobody offers it.
fn standing(
    activity: Activity,
    offers: &BTreeMap<ReplicaId, Offer>,
    numbers: &BTreeMap<Name, u64>,
    slots: u64,
) -> Option<Standing> {
    let offering = offers
        .iter()
        .filter(|(_, offer)| offer.services.contains(&activity));
    let offering: BTreeMap<ReplicaId, &Offer> =
        offering.map(|(who, offer)| (*who, offer)).collect();
    let offered_by: BTreeSet<ReplicaId> = offering.keys().copied().collect();
    let mut members = offered_by.clone();
    loop {
        let stays = |member: &&ReplicaId| holds(offering[*member], &members, numbers, slots);
        let left: BTreeSet<ReplicaId> = members.iter().filter(stays).copied().collect();
        if left.len() == members.len() {
            break;
        }
        members = left;
    }
    (!offered_by.is_empty()).then_some(Standing {
        activity,
        offered_by,
        members,
        points: None,
    })
}

/// Whether all terms of an offer hold if these members take part.
fn holds(
    offer: &Offer,
    members: &BTreeSet<ReplicaId>,
    numbers: &BTreeMap<Name, u64>,
    slots: u64,
) -> bool {
    let has = |(name, need): (&Name, &u64)| numbers.get(name).copied().unwrap_or(0) >= *need;
    let count = members.len();
    offer.least.is_none_or(|least| count >= least as usize)
        && offer.most.is_none_or(|most| count <= most as usize)
        && offer.deadline.is_none_or(|deadline| slots <= deadline)
        && offer.without.is_disjoint(members)
        && offer.needs.iter().all(has)
}

/// The Borda count of each activity: of m activities the one that a member prefers most gets m points from it, the next m-1, and
/// so on. What a member does not list gets none.
fn borda<'a>(
    activities: &BTreeSet<Activity>,
    offers: impl Iterator<Item = &'a Offer>,
) -> BTreeMap<Activity, u64> {
    let mut points: BTreeMap<Activity, u64> = activities.iter().map(|one| (*one, 0)).collect();
    for offer in offers {
        let prefers = offer.prefers.iter().filter(|one| activities.contains(one));
        for (preferred, worth) in prefers.zip((1..=activities.len() as u64).rev()) {
            points.entry(*preferred).and_modify(|sum| *sum += worth);
        }
    }
    points
}
