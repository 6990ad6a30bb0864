//! What a node tells its user of a gathering: what happens in the order, and why nothing happens.

use std::sync::Arc;

use quorate_gather::NodeId;
use quorate_protocol::{Duration, Sequence, Time};
use quorate_service::gathering::{Activity, Gathering, Happening, Name, Phase, Plan, Stage, Waits};
use tokio::sync::watch;

/// A line that a node tells its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The node's id, in short.
    pub node: &'a str,
    /// The stage to which the line belongs, such as `discover`.
    pub stage: &'a str,
    /// The text, one line.
    pub text: &'a str,
}

/// Takes the lines that a node tells its user. It must not block.
pub type Tell = Arc<dyn Fn(Line<'_>) + Send + Sync>;

/// Tells the user something as a node.
#[derive(Clone)]
pub(crate) struct Teller {
    node: String,
    tell: Tell,
}

impl Teller {
    pub(crate) fn new(node: NodeId, tell: Tell) -> Self {
        Self {
            node: node.to_string(),
            tell,
        }
    }

    pub(crate) fn tell(&self, stage: &str, text: &str) {
        let node = &self.node;
        (self.tell)(Line { node, stage, text });
    }
}

/// How long nothing happens before the node says why it waits.
const QUIET: Duration = Duration::from_millis(2_000);
/// How often it says so again.
const AGAIN: Duration = Duration::from_millis(5_000);

/// How the activity ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The members did what they agreed on.
    Acted,
    /// They found nothing that enough of them offer.
    NothingInCommon,
}

/// The end of the first activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// In which slot.
    pub(crate) slot: Sequence,
}

/// How a process takes part in a gathering.
pub(crate) struct Gathered {
    /// The names of all nodes, in replica order.
    pub(crate) names: Vec<Name>,
    /// What it does by itself.
    pub(crate) plan: Plan,
    /// Tells what happens.
    pub(crate) herald: Herald,
}

/// Tells what happens in the order.
pub(crate) struct Herald {
    teller: Teller,
    /// The number of the next happening.
    next: u64,
    /// Why the node waits, as it was last looked at.
    waits: Vec<(Stage, String)>,
    /// When it is to be told.
    due: Option<Time>,
    /// How the first activity has ended, as far as it has.
    ended: Option<Over>,
    over: watch::Sender<Option<Over>>,
}

impl Herald {
    pub(crate) fn new(teller: Teller) -> (Self, watch::Receiver<Option<Over>>) {
        let (over, ended) = watch::channel(None);
        let herald = Self {
            teller,
            next: 0,
            waits: Vec::new(),
            due: None,
            ended: None,
            over,
        };
        (herald, ended)
    }

    /// When [`Herald::tell`] must be called again, if nothing happens until then.
    pub(crate) const fn due(&self) -> Option<Time> {
        self.due
    }

    /// Tells what is new.
    pub(crate) fn tell(&mut self, now: Time, state: &Gathering) {
        self.tell_missing(state.log().first());
        for happened in state.log().from(self.next) {
            let stage = happened.happening.stage().to_string();
            self.teller.tell(&stage, &happened.to_string());
            if let Some(outcome) = outcome_of(&happened.happening) {
                let slot = happened.slot;
                self.ended = Some(Over { outcome, slot });
            }
        }
        self.next = state.log().next();
        // Several lots may be up at once.
        if self.ended.is_some() && state.waits().is_empty() {
            self.over.send_replace(self.ended);
        }
        self.tell_waits(now, state);
    }

    /// A node that took over the state of the others gets the latest happenings with it, and no others.
    fn tell_missing(&mut self, first: u64) {
        let missing = first.saturating_sub(self.next);
        if missing > 0 {
            let text = format!(
                "this node was behind, and {missing} lines of what happened before are missing"
            );
            self.teller.tell("warning", &text);
        }
    }

    fn tell_waits(&mut self, now: Time, state: &Gathering) {
        let waits = waits_of(state);
        if waits != self.waits {
            self.due = (!waits.is_empty()).then(|| now + QUIET);
            self.waits = waits;
        }
        if self.due.is_some_and(|due| due <= now) {
            for (stage, text) in &self.waits {
                self.teller.tell(&stage.to_string(), text);
            }
            self.due = Some(now + AGAIN);
        }
    }
}

/// Whether this ends the activity, or a part of it, and how.
fn outcome_of(happening: &Happening) -> Option<Outcome> {
    match happening {
        Happening::Chosen { choice, .. } => match choice.chosen {
            None => Some(Outcome::NothingInCommon),
            // There is nothing to be waited for: the store is used by clients.
            Some(Activity::Store) => Some(Outcome::Acted),
            Some(_) => None,
        },
        Happening::Sold { .. }
        | Happening::Voted { .. }
        | Happening::JobDone { .. }
        | Happening::JobEnded { .. } => Some(Outcome::Acted),
        _ => None,
    }
}

/// Why nothing happens.
fn waits_of(state: &Gathering) -> Vec<(Stage, String)> {
    if state.founded().is_none() {
        let why = "waits for the first slot, which a quorum must order";
        return vec![(Stage::Found, why.to_owned())];
    }
    let waits = state.waits();
    waits
        .iter()
        .map(|waits| (stage_of(waits), waits.to_string()))
        .collect()
}

const fn stage_of(waits: &Waits) -> Stage {
    match waits.phase {
        Phase::Offers => Stage::Negotiate,
        _ => Stage::Act,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::{Arc, Mutex};

    use quorate_protocol::{ClientId, ClusterId, Quorum, ReplicaId, SecretKey};
    use quorate_service::gathering::{KEPT, Membership};

    use super::*;

    /// A gathering in which members agree and begin anew, until more has happened than is kept.
    fn long() -> Gathering {
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let mut state = Gathering::new(Membership::plain(ClusterId([7; 32]), quorum));
        let mut slot = 0;
        let mut say = |state: &mut Gathering, member, text: &str| {
            slot += 1;
            let client = ClientId::session(ReplicaId(member), 0);
            state.execute(Sequence(slot), client, text);
        };
        say(&mut state, 0, &format!("found {} P,Q,R,S", "07".repeat(32)));
        for epoch in 1..KEPT {
            for (words, members) in [
                ("offer store", 0..4),
                ("close offers", 0..2),
                ("close epoch", 0..3),
            ] {
                for member in members {
                    say(&mut state, member, &format!("{epoch} {words}"));
                }
            }
        }
        state
    }

    #[test]
    fn a_node_that_was_behind_tells_how_much_it_cannot_tell() {
        let lines = Arc::<Mutex<Vec<(String, String)>>>::default();
        let told = Arc::clone(&lines);
        let tell: Tell = Arc::new(move |line| {
            let line = (line.stage.to_owned(), line.text.to_owned());
            told.lock().unwrap().push(line);
        });
        let id = NodeId::of(&SecretKey::new(&[7; 32]).public());
        let (mut herald, _over) = Herald::new(Teller::new(id, tell));
        let state = long();
        let missing = state.log().next() - KEPT as u64;
        assert!(missing > 0);
        herald.tell(Time(0), &state);
        let told = std::mem::take(&mut *lines.lock().unwrap());
        assert_eq!(told.len(), 1 + KEPT);
        let text = format!(
            "this node was behind, and {missing} lines of what happened before are missing"
        );
        assert_eq!(told[0], ("warning".to_owned(), text));
        herald.tell(Time(1), &state);
        assert!(lines.lock().unwrap().is_empty(), "each line is told once");
    }
}
