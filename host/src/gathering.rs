//! This process as a member of a gathering: it submits what its plan and its wishes want, and sees to it that it executes.

use std::collections::{BTreeMap, BTreeSet};

use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Replica, ReplicaId, Sequence, Time, Verified};
use quorate_service::gathering::{Command, Gathering, Member, Plan, Unwise, Wish};
use quorate_service::{Operation, Replicated};

use crate::core::Core;
use crate::desk::{Desk, name_of};

/// The member, and its commands under way.
#[derive(Clone, Debug)]
pub(crate) struct Gatherer {
    member: Member,
    /// The requests of the commands that may still execute, by the texts of these.
    under_way: BTreeMap<String, Verified<Request>>,
    /// The commands of this epoch that have executed. They are not submitted again, even if they did not count.
    done: BTreeSet<String>,
    epoch: u64,
    /// What the member was last asked at: the slot that had executed.
    looked_at: Option<Sequence>,
}

impl Gatherer {
    pub(crate) fn new(own: ReplicaId, plan: Plan) -> Self {
        Self {
            member: Member::new(own, plan),
            under_way: BTreeMap::new(),
            done: BTreeSet::new(),
            epoch: 0,
            looked_at: None,
        }
    }

    /// When the member must be asked again, if nothing executes until then.
    pub(crate) const fn due(&self) -> Option<Time> {
        self.member.due()
    }

    pub(crate) fn wish(&mut self, state: &Gathering, wish: Wish) -> Result<(), Unwise> {
        self.looked_at = None;
        self.member.wish(state, wish)
    }

    /// Submits what the member wants now. It is asked when a slot has executed, when it has waited long enough, and when it has got
    /// a wish. One that may misbehave is asked in every turn: its triggers may hold from one moment to the next.
    pub(crate) fn order<C>(&mut self, now: Time, core: &mut Core<Replicated>, desk: &mut Desk<C>) {
        let executed = core.replica().executed();
        let is_due = self.due().is_some_and(|due| due <= now);
        let is_news = is_due || self.looked_at != Some(executed);
        if !is_news && !core.replica.may_misbehave() {
            return;
        }
        self.looked_at = Some(executed);
        self.note_fates(core.replica(), desk);
        let state = core.service.gathering();
        if state.epoch() != self.epoch {
            self.epoch = state.epoch();
            self.done.clear();
        }
        let wants = self.member.next(now, state, || held(core.replica()));
        let wants = core.replica.orders(now, core.service.gathering(), wants);
        for text in wants.iter().map(Command::to_string) {
            if self.done.contains(&text) || self.under_way.contains_key(&text) {
                continue;
            }
            let name = desk.lend(core.replica());
            let request = core.submit_as(name, &Operation::Gathering(text.clone()));
            self.under_way.insert(text, request);
        }
    }

    /// The requests that have not executed. Each was sent once, and may be lost.
    pub(crate) fn overdue(&self) -> impl Iterator<Item = &Verified<Request>> {
        self.under_way.values()
    }

    /// Notes which commands have executed. One that has expired is submitted again if the member still wants it.
    fn note_fates<C>(&mut self, replica: &Replica, desk: &mut Desk<C>) {
        let done = &mut self.done;
        self.under_way.retain(|text, request| {
            let name @ (client, timestamp) = name_of(request);
            let after = request.value().after;
            let has_executed = replica.last_timestamp(client) >= timestamp;
            if has_executed {
                done.insert(text.clone());
            }
            let is_over = has_executed || replica.is_expired(client, after);
            if is_over {
                desk.take_back(name);
            }
            !is_over
        });
    }
}

/// The commands of members that wait at this process and can execute next. A liar can sign one for a far later slot, which never
/// executes: whoever waited for that would wait as long as the liar sends others like it.
fn held(replica: &Replica) -> Vec<(ReplicaId, Command)> {
    let executed = replica.executed();
    let ready = replica
        .waiting_requests()
        .filter(|request| request.after <= executed);
    let sessions = ready.filter_map(|request| match request.client {
        ClientId::Session { process, .. } => Some((process, &request.operation)),
        _ => None,
    });
    let commands = sessions.flat_map(|(process, operation)| {
        let parts = Operation::parts(operation).into_iter();
        parts.filter_map(move |part| Some((process, command(&part)?)))
    });
    commands.collect()
}

/// The command of a member that an operation is.
fn command(operation: &[u8]) -> Option<Command> {
    match Operation::decode(operation)? {
        Operation::Gathering(text) => Command::parse(&text).ok(),
        _ => None,
    }
}
