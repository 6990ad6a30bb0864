//! What the members agreed on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::choice::Choice;
use super::super::closing::{Closing, Phase};
use super::super::offer::Activity;
use super::super::state::Gathering;
use super::super::word::Name;
use super::{VERSION, texts};

/// Answers `agreement`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// [`VERSION`].
    pub v: u32,
    /// The epoch.
    pub epoch: u64,
    /// The slot in which it was reached. `null` as long as offers are taken.
    pub slot: Option<u64>,
    /// The activity. `null` if none is common, and before the agreement.
    pub chosen: Option<Activity>,
    /// Who takes part.
    pub members: Vec<String>,
    /// How much of each capability a correct member has.
    pub numbers: BTreeMap<Name, u64>,
    /// How each activity stood.
    pub standings: Vec<Standing>,
}

/// How an activity stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The activity.
    pub activity: Activity,
    /// Who offered it.
    pub offered_by: Vec<String>,
    /// Whose terms held.
    pub members: Vec<String>,
    /// Whether at least a quorum takes part.
    pub feasible: bool,
    /// The Borda count, if it is feasible.
    pub points: Option<u64>,
}

impl Gathering {
    pub(super) fn agreement(&self) -> Agreement {
        let standings = self.choice().map(|choice| &choice.standings);
        let standings = standings.into_iter().flatten().map(|one| Standing {
            activity: one.activity,
            offered_by: texts(&one.offered_by),
            members: texts(&one.members),
            feasible: one.points.is_some(),
            points: one.points,
        });
        let closed = self.closing(&Phase::Offers).and_then(Closing::at);
        Agreement {
            v: VERSION,
            epoch: self.epoch(),
            slot: closed.map(|slot| slot.0),
            chosen: self.choice().and_then(|choice| choice.chosen),
            members: self
                .choice()
                .and_then(Choice::members)
                .map(texts)
                .unwrap_or_default(),
            numbers: self
                .choice()
                .map(|choice| choice.numbers.clone())
                .unwrap_or_default(),
            standings: standings.collect(),
        }
    }
}
