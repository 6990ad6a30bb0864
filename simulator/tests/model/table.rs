//! The states of replicas and the signed messages, each with a number. The table remembers what follows when a replica in a
//! state hears a message. So the engine runs once for each such pair, in however many worlds the pair occurs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_fault::Faulty;
use quorate_host::{self as host, Batch, Core};
use quorate_protocol::{
    Config, Digest, Evidence, Keys, Quorum, Record, Replica, ReplicaId, SignedMessage, Time, Timer,
    View,
};
use quorate_simulator::digests::Digests;

use crate::byzantine::{self, Batches, SLOT};
use crate::canonical;
use crate::scope::Scope;

/// How many messages there can be.
const MESSAGES: usize = 256;

/// A set of messages, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Messages([u64; MESSAGES / 64]);

impl Messages {
    fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    pub(crate) fn contains(self, number: usize) -> bool {
        self.0[number / 64] >> (number % 64) & 1 == 1
    }

    pub(crate) fn union(mut self, other: Self) -> Self {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
        self
    }

    pub(crate) fn without(mut self, other: Self) -> Self {
        for (word, less) in self.0.iter_mut().zip(other.0) {
            *word &= !less;
        }
        self
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        (0..MESSAGES).filter(move |number| self.contains(*number))
    }
}

/// What the others can see of a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Outside {
    /// The view that it is in or wants, and whether that has started.
    pub(crate) view: (View, bool),
    /// What it has signed.
    pub(crate) said: Messages,
    /// The digest of the batch that it executed in the slot, and the view in which that batch was committed.
    pub(crate) executed: Option<(View, Digest)>,
    /// How often it executed the request.
    pub(crate) times: usize,
    /// Whether its own messages prove it faulty, or it has accused another replica without proof.
    pub(crate) wrong: bool,
}

/// One state of one replica.
struct Node {
    core: Core<Digests>,
    outside: Outside,
    /// The COMMITs that it has heard of views that have not started at this replica.
    early: Messages,
    /// The results of the events that were played from this state.
    next: BTreeMap<Event, usize>,
    /// The states that were merged with this one, by their digests.
    merged: BTreeMap<Digest, Core<Digests>>,
}

/// One message, and its signer.
struct Signed {
    by: ReplicaId,
    /// Its text in a story. Two messages of one replica with the same text count as one.
    text: String,
    message: Arc<SignedMessage>,
    /// The messages that count as this one.
    merged: Vec<Arc<SignedMessage>>,
}

/// Something that can happen to a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// Its view timer runs out.
    Timeout,
    /// It hears the message of this number.
    Hear(usize),
}

pub(crate) struct Table {
    scope: Scope,
    quorum: Quorum,
    keys: Vec<Keys>,
    batches: Batches,
    nodes: Vec<Node>,
    known: BTreeMap<Digest, usize>,
    messages: Vec<Signed>,
    numbers: BTreeMap<(ReplicaId, String), usize>,
    menus: BTreeMap<Messages, Messages>,
    /// Whether merged states and messages are kept, so that the merging can be checked.
    keeps_merged: bool,
    /// The merged states that were not checked yet: the state that each counts as, and its own digest.
    unchecked: Vec<(usize, Digest)>,
}

impl Table {
    pub(crate) fn new(scope: Scope, quorum: Quorum, keeps_merged: bool) -> Self {
        let keys: Vec<_> = (0..quorum.n())
            .map(|i| Keys::simulated(ReplicaId(i), quorum.n(), scope.cluster()))
            // The paths to a shared signature would tell apart what is alike.
            .map(Keys::that_share_no_signature)
            .collect();
        let batches = Batches::new(&keys[0]);
        Self {
            scope,
            quorum,
            keys,
            batches,
            nodes: Vec::new(),
            known: BTreeMap::new(),
            messages: Vec::new(),
            numbers: BTreeMap::new(),
            menus: BTreeMap::new(),
            keeps_merged,
            unchecked: Vec::new(),
        }
    }

    /// A correct replica that has started and has the client's request.
    pub(crate) fn start(&mut self, config: Config) -> usize {
        let own = config.replica;
        let keys = self.keys[own.0 as usize].clone();
        let pardon = byzantine::pardon(self.scope);
        let pardons = (0..self.quorum.n()).map(|other| Record::Pardon(ReplicaId(other), pardon));
        let replica = Faulty::new(Replica::restore(config, pardons), None);
        let mut core = Core::new(keys, replica, Digests::default());
        let request = &self.batches.request;
        core.deliver(Batch::of(
            request.signer(),
            SignedMessage::Request(request.clone()),
        ));
        let mut outside = Outside::default();
        let events = core.turn(Time(0)).release().events;
        self.note(&core, &mut outside, events);
        self.add(core, outside, Messages::default())
    }

    pub(crate) fn outside(&self, node: usize) -> &Outside {
        &self.nodes[node].outside
    }

    /// Whose state it is.
    pub(crate) fn name(&self, node: usize) -> ReplicaId {
        self.nodes[node].core.own()
    }

    /// Whether it has heard COMMITs of a view that has not started there.
    pub(crate) fn hears_early(&self, node: usize) -> bool {
        self.nodes[node].early != Messages::default()
    }

    /// Whether it has a proof against the Byzantine replica.
    pub(crate) fn convicts(&self, node: usize) -> bool {
        let replica = self.nodes[node].core.replica();
        replica.convicts(self.scope.byzantine)
    }

    pub(crate) fn size(&self) -> (usize, usize) {
        (self.nodes.len(), self.messages.len())
    }

    /// What the Byzantine replica can say once the others have said all this.
    pub(crate) fn menu(&mut self, said: Messages) -> Messages {
        if let Some(menu) = self.menus.get(&said) {
            return *menu;
        }
        let heard = said.iter().map(|number| &*self.messages[number].message);
        let own = self.scope.byzantine;
        let keys = &self.keys[own.0 as usize];
        let menu = byzantine::menu(keys, self.scope, self.quorum, &self.batches, heard);
        let mut numbers = Messages::default();
        for message in menu {
            numbers.insert(self.number(own, Arc::new(message)));
        }
        self.menus.insert(said, numbers);
        numbers
    }

    fn number(&mut self, by: ReplicaId, message: Arc<SignedMessage>) -> usize {
        let text = canonical::message(&message, &self.batches, self.quorum);
        let messages = &mut self.messages;
        let number = *self.numbers.entry((by, text.clone())).or_insert_with(|| {
            messages.push(Signed {
                by,
                text,
                message: Arc::clone(&message),
                merged: Vec::new(),
            });
            assert!(messages.len() <= MESSAGES, "too many messages");
            messages.len() - 1
        });
        let known = &mut messages[number];
        if self.keeps_merged && known.message != message && !known.merged.contains(&message) {
            known.merged.push(message);
        }
        number
    }

    fn add(&mut self, core: Core<Digests>, outside: Outside, early: Messages) -> usize {
        let own = core.own();
        let status = core.replica().status();
        let timed = core.timer(Timer::View).is_some() && status.view.0 < self.scope.views;
        let state = canonical::replica(core.replica(), own, self.quorum, self.scope.views);
        let text = format!("{own} {timed} {outside:?} {early:?} {state}");
        let known = self.known.entry(Digest::of(&[text.as_bytes()]));
        let number = *known.or_insert(self.nodes.len());
        if number == self.nodes.len() {
            self.nodes.push(Node {
                core: core.clone(),
                outside,
                early,
                next: BTreeMap::new(),
                merged: BTreeMap::new(),
            });
        }
        if self.keeps_merged {
            let digest = Digest::of(&[whole(&core).as_bytes()]);
            if self.nodes[number].merged.insert(digest, core).is_none() {
                self.unchecked.push((number, digest));
            }
        }
        number
    }

    /// Whether there is another's vote among these that this one, if it is a vote, can be counted with.
    pub(crate) fn has_fellow(&self, number: usize, among: Messages) -> bool {
        let vote = |number: usize| match &*self.messages[number].message {
            SignedMessage::Prepare(vote) => {
                Some(('P', vote.value().view, Some(vote.value().digest)))
            }
            SignedMessage::Commit(vote) => {
                Some(('C', vote.value().view, Some(vote.value().digest)))
            }
            SignedMessage::ViewChange(wish) => Some(('V', wish.value().view, None)),
            _ => None,
        };
        let by = self.messages[number].by;
        vote(number).is_none_or(|this| {
            let mut others = among.iter().filter(|other| self.messages[*other].by != by);
            others.any(|other| vote(other) == Some(this))
        })
    }

    /// What follows from an event.
    pub(crate) fn next(&mut self, node: usize, event: Event) -> usize {
        if let Some(next) = self.nodes[node].next.get(&event) {
            return *next;
        }
        let core = self.nodes[node].core.clone();
        let message = match event {
            Event::Hear(number) => Some(Arc::clone(&self.messages[number].message)),
            Event::Timeout => None,
        };
        let next = self.step(node, core, event, message);
        self.nodes[node].next.insert(event, next);
        next
    }

    /// The result of an event for a replica in the state `at`, or in one that was merged with it.
    fn step(
        &mut self,
        at: usize,
        mut core: Core<Digests>,
        event: Event,
        message: Option<Arc<SignedMessage>>,
    ) -> usize {
        let node = &self.nodes[at];
        let (mut outside, mut early) = (node.outside, node.early);
        let before = core.replica().status();
        if let Event::Hear(number) = event
            && let Some((view, is_commit)) = message.as_deref().and_then(vote)
            && (view > before.view || view == before.view && !before.active)
        {
            // A message of a view that has not started here is kept until the view starts, as if it arrived then. A COMMIT
            // counts now too, because a quorum of COMMITs commits in any view.
            let convicts = core.replica().convicts(self.messages[number].by);
            if !is_commit || early.contains(number) || outside.executed.is_some() || convicts {
                return at;
            }
            early.insert(number);
        }
        match (event, message) {
            (Event::Hear(number), Some(message)) => {
                let by = self.messages[number].by;
                core.deliver(Batch::of(by, (*message).clone()));
            }
            _ if before.view.0 < self.scope.views && core.timer(Timer::View).is_some() => {
                core.run_out(Timer::View);
            }
            _ => return at,
        }
        let events = core.turn(Time(0)).release().events;
        let after = core.replica().status();
        if after.view.0 > self.scope.views {
            return at;
        }
        self.note(&core, &mut outside, events);
        if (after.view, after.active) != (before.view, before.active) || outside.executed.is_some()
        {
            early = Messages::default();
        }
        self.add(core, outside, early)
    }

    /// Checks that all that was taken for one state, or for one message, goes on to one state again. Gives how many states and
    /// messages there were.
    pub(crate) fn check_merged(&mut self) -> (usize, usize) {
        self.keeps_merged = false;
        let kept = std::mem::take(&mut self.unchecked);
        let states = kept.len();
        for (node, digest) in kept {
            let next: Vec<_> = self.nodes[node]
                .next
                .iter()
                .map(|(event, next)| (*event, *next))
                .collect();
            for (event, next) in next {
                let messages = match event {
                    Event::Timeout => vec![None],
                    Event::Hear(number) => {
                        let known = &self.messages[number];
                        let all = [&known.message].into_iter().chain(&known.merged);
                        all.map(|message| Some(Arc::clone(message))).collect()
                    }
                };
                for message in messages {
                    let core = self.nodes[node].merged[&digest].clone();
                    let reached = self.step(node, core, event, message);
                    assert_eq!(
                        reached, next,
                        "{event:?} tells states apart that were taken for one"
                    );
                }
            }
        }
        (
            states,
            self.messages.iter().map(|one| 1 + one.merged.len()).sum(),
        )
    }

    /// Takes note of what a replica did.
    fn note(&mut self, core: &Core<Digests>, outside: &mut Outside, events: Vec<host::Event>) {
        let status = core.replica().status();
        outside.view = (status.view, status.active);
        let config = self.scope.config(core.own(), self.quorum);
        for event in events {
            match event {
                host::Event::Sent(sent) if sent.to.is_none() && is_carried(&sent.message) => {
                    outside.said.insert(self.number(core.own(), sent.message));
                }
                host::Event::Executed {
                    sequence,
                    requests,
                    proof,
                    ..
                } => {
                    assert_eq!(sequence, SLOT, "there is but one request");
                    let commit = proof.first().expect("it is committed").value();
                    outside.executed = Some((commit.view, commit.digest));
                    outside.times += requests.len();
                }
                host::Event::Accused(evidence) => {
                    let is_of_liar = evidence.accused() == self.scope.byzantine;
                    outside.wrong |= !is_of_liar || !evidence.holds(&config);
                }
                _ => {}
            }
        }
        let said = outside
            .said
            .iter()
            .map(|number| &*self.messages[number].message);
        let said: Vec<_> = said.collect();
        let mut pairs = said.iter().flat_map(|a| said.iter().map(move |b| (*a, *b)));
        outside.wrong |= pairs.any(|(a, b)| evidence(a, b).is_some_and(|one| one.holds(&config)));
    }

    /// A message, as a story tells it.
    pub(crate) fn told(&self, number: usize) -> String {
        let Signed { by, text, .. } = &self.messages[number];
        format!("{by}'s {text}")
    }

    /// All that others can tell of a replica.
    pub(crate) fn told_of(&self, outside: &Outside) -> String {
        let Outside {
            view,
            said,
            executed,
            times,
            wrong,
        } = outside;
        let said = said.iter().map(|number| &self.messages[number].text);
        let said: BTreeSet<_> = said.collect();
        format!("{view:?} {said:?} {executed:?} {times} {wrong}")
    }

    /// What a replica did between two of its states, as a story tells it.
    pub(crate) fn done_between(&self, before: usize, after: usize) -> String {
        let (before, after) = (self.outside(before), self.outside(after));
        let said = after.said.without(before.said);
        let mut told: Vec<_> = said
            .iter()
            .map(|number| self.messages[number].text.clone())
            .collect();
        if after.view.1 && after.view != before.view {
            told.push(format!("enters view {}", after.view.0.0));
        }
        if let Some((view, digest)) = after.executed.filter(|_| before.executed.is_none()) {
            told.push(format!(
                "executes {} of view {}",
                self.batches.name(digest),
                view.0
            ));
        }
        if after.wrong && !before.wrong {
            told.push("is proved faulty".into());
        }
        told.join(", ")
    }
}

/// All that decides what a replica does next, as text.
fn whole(core: &Core<Digests>) -> String {
    let timers = [Timer::View, Timer::Status].map(|timer| core.timer(timer));
    format!("{:?} {:?} {timers:?}", core.replica(), core.service())
}

/// The evidence that two messages of one replica may be against it.
fn evidence(one: &SignedMessage, other: &SignedMessage) -> Option<Evidence> {
    use SignedMessage::{Commit, NewView, PrePrepare, Prepare, ViewChange};
    Some(match (one, other) {
        (PrePrepare { pre_prepare: a, .. }, PrePrepare { pre_prepare: b, .. }) => {
            Evidence::TwoPrePrepares(a.clone(), b.clone())
        }
        (Prepare(a), Prepare(b)) if a == b => Evidence::PrimaryPrepared(a.clone()),
        (Prepare(a), Prepare(b)) => Evidence::TwoPrepares(a.clone(), b.clone()),
        (Commit(a), Commit(b)) => Evidence::TwoCommits(a.clone(), b.clone()),
        (PrePrepare { pre_prepare: a, .. }, Commit(b)) => {
            Evidence::CommittedOtherProposal(a.clone(), b.clone())
        }
        (Prepare(a), Commit(b)) => Evidence::CommittedOtherPrepare(a.clone(), b.clone()),
        (NewView { new_view: a, .. }, PrePrepare { pre_prepare: b, .. }) => {
            Evidence::ProposedAgainstNewView(a.clone(), b.clone())
        }
        (Commit(a), ViewChange(b)) => Evidence::ForgottenCommit(a.clone(), b.clone()),
        (ViewChange(a), ViewChange(b)) => Evidence::TwoViewChanges(a.clone(), b.clone()),
        (NewView { new_view: a, .. }, NewView { new_view: b, .. }) if a == b => {
            Evidence::WrongNewView(a.clone())
        }
        (NewView { new_view: a, .. }, NewView { new_view: b, .. }) => {
            Evidence::TwoNewViews(a.clone(), b.clone())
        }
        _ => return None,
    })
}

/// The view of a vote or proposal, and whether it is a COMMIT.
fn vote(message: &SignedMessage) -> Option<(View, bool)> {
    match message {
        SignedMessage::PrePrepare { pre_prepare, .. } => Some((pre_prepare.value().view, false)),
        SignedMessage::Prepare(prepare) => Some((prepare.value().view, false)),
        SignedMessage::Commit(commit) => Some((commit.value().view, true)),
        _ => None,
    }
}

/// Whether the network carries a message. It carries no bodies, because only the Byzantine replica sends them; no replies,
/// because no client waits; and no status messages, because they only make others send again what the network keeps anyway.
fn is_carried(message: &SignedMessage) -> bool {
    matches!(
        message,
        SignedMessage::ViewChange(_) | SignedMessage::NewView { .. }
    ) || vote(message).is_some()
}
