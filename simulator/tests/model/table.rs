//! Every state that a replica was seen in and every message that was said, each by a number, and what follows from giving
//! this message to that replica: the engine runs once for each such pair, however many universes it occurs in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use quorate_protocol::message::Request;
use quorate_protocol::{
    Config, Digest, Keys, ReplicaId, Sequence, SignedMessage, Time, Timer, View,
};
use quorate_simulator::bare::{Act, Bare};

use crate::liar::Liar;
use crate::mutant::Mutant;

/// The slot that matters; what is said of later ones is not carried.
const SLOT: Sequence = Sequence(1);

/// A message, and whom it is for; for all if nobody is named.
#[derive(Clone)]
pub(crate) struct Said {
    pub(crate) to: Option<ReplicaId>,
    pub(crate) from: ReplicaId,
    pub(crate) message: Arc<SignedMessage>,
}

/// One state of one replica.
struct Node {
    bare: Bare,
    /// What it keeps for a view that has not started: it comes only once, as nothing else keeps the queue finite.
    early: BTreeSet<usize>,
    /// What it executed at the slot, by number; 0 for nothing yet.
    executed: u8,
    /// Whether nothing more is of interest here.
    done: bool,
    /// What follows: from its timer first, then from each message.
    next: BTreeMap<usize, Option<Arc<Next>>>,
}

/// What follows from a step.
pub(crate) struct Next {
    pub(crate) node: usize,
    pub(crate) executed: u8,
    pub(crate) said: Vec<usize>,
}

pub(crate) struct Table {
    keys: Vec<Keys>,
    liar: Liar,
    mutant: Option<Mutant>,
    nodes: Vec<Node>,
    known: BTreeMap<Digest, usize>,
    pub(crate) messages: Vec<Said>,
    numbers: BTreeMap<(Option<ReplicaId>, Vec<u8>), usize>,
    batches: Vec<Vec<Request>>,
}

impl Table {
    pub(crate) fn new(keys: Vec<Keys>, liar: Liar, mutant: Option<Mutant>) -> Self {
        Self {
            keys,
            liar,
            mutant,
            nodes: Vec::new(),
            known: BTreeMap::new(),
            messages: Vec::new(),
            numbers: BTreeMap::new(),
            batches: Vec::new(),
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn add(&mut self, bare: Bare, early: BTreeSet<usize>, executed: u8) -> usize {
        let digest = Digest::of(&[format!("{bare:?} {early:?} {executed}").as_bytes()]);
        let nodes = &mut self.nodes;
        *self.known.entry(digest).or_insert_with(|| {
            nodes.push(Node {
                bare,
                early,
                executed,
                done: false,
                next: BTreeMap::new(),
            });
            nodes.len() - 1
        })
    }

    /// Who has executed in the last view has said all that it says of the slot: it is where it started, and hears no more.
    fn done(&mut self, from: usize, executed: u8) -> usize {
        let config = Config::new(self.nodes[from].bare.own(), Mutant::quorum(self.mutant));
        let bare = Bare::new(config);
        let node = self.add(bare, [].into(), executed);
        self.nodes[node].done = true;
        node
    }

    pub(crate) fn number(&mut self, said: Said) -> usize {
        let bytes = postcard::to_stdvec(&*said.message).expect("plain data encodes");
        let messages = &mut self.messages;
        *self.numbers.entry((said.to, bytes)).or_insert_with(|| {
            messages.push(said);
            messages.len() - 1
        })
    }

    /// What follows when this replica's timer runs out (event 0) or it hears message `event - 1`; nothing if that changes
    /// nothing.
    pub(crate) fn next(&mut self, node: usize, event: usize) -> Option<Arc<Next>> {
        if let Some(known) = self.nodes[node].next.get(&event) {
            return known.clone();
        }
        let next = self.step(node, event).map(Arc::new);
        self.nodes[node].next.insert(event, next.clone());
        next
    }

    /// Whether nobody else can tell.
    pub(crate) fn is_silent(&self, node: usize, next: &Next) -> bool {
        next.said.is_empty() && next.executed == self.nodes[node].executed
    }

    fn step(&mut self, at: usize, event: usize) -> Option<Next> {
        let node = &self.nodes[at];
        if node.done {
            return None;
        }
        let (mut bare, mut early, mut executed) =
            (node.bare.clone(), node.early.clone(), node.executed);
        let before = bare.status();
        let acts = match event.checked_sub(1) {
            None => {
                // The one view change that is explored; whoever does not ask for it joins those that do.
                if before.view > View(0) || bare.timer(Timer::View).is_none() {
                    return None;
                }
                let keys = self.keys_of(&bare);
                bare.run_out(keys, Time(0), Timer::View)
            }
            Some(number) => {
                let message = Arc::clone(&self.messages[number].message);
                let too_early = view(&message).is_some_and(|view| {
                    view > before.view || view == before.view && !before.active
                });
                let votes = !matches!(*message, SignedMessage::Commit(_));
                if too_early && (votes || !early.insert(number)) {
                    return None;
                }
                let keys = self.keys_of(&bare);
                bare.hear(keys, Time(0), &message)
            }
        };
        if bare.status().active && bare.status().view > before.view {
            early.clear();
        }
        let own = bare.own();
        let mut said = Vec::new();
        for act in acts {
            match act {
                Act::Broadcast(message) => self.say(own, None, message, &mut said),
                Act::Send(to, message) => self.say(own, Some(to), message, &mut said),
                Act::Execute(SLOT, requests) => {
                    let known = self.batches.iter().position(|batch| *batch == requests);
                    let index = known.unwrap_or_else(|| {
                        self.batches.push(requests);
                        self.batches.len() - 1
                    });
                    executed = u8::try_from(index + 1).expect("few batches");
                }
                Act::Accuse(evidence) => assert!(
                    self.mutant.is_some() || evidence.accused() == ReplicaId(0),
                    "{evidence:?}"
                ),
                _ => {}
            }
        }
        let node = if executed > 0 && bare.status().view > View(0) && bare.status().active {
            self.done(at, executed)
        } else {
            self.add(bare, early, executed)
        };
        (node != at || !said.is_empty()).then_some(Next {
            node,
            executed,
            said,
        })
    }

    fn keys_of(&mut self, bare: &Bare) -> &mut Keys {
        &mut self.keys[bare.own().0 as usize]
    }

    /// Something is said: it, and what the liar makes of it, can be heard from now on.
    fn say(
        &mut self,
        from: ReplicaId,
        to: Option<ReplicaId>,
        message: Arc<SignedMessage>,
        said: &mut Vec<usize>,
    ) {
        if !carried(&message) || to == Some(ReplicaId(0)) {
            return;
        }
        let keys = &self.keys[from.0 as usize];
        let message = match self.mutant {
            Some(mutant) => mutant.alter(keys, message),
            None => message,
        };
        said.push(self.number(Said { to, from, message }));
    }

    /// What the liar can say once all of this was said: VIEW-CHANGEs with whatever certificate it can put together.
    pub(crate) fn wishes(&mut self, heard: &[usize]) -> Vec<usize> {
        let prepares: Vec<_> = heard
            .iter()
            .filter_map(|number| match &*self.messages[*number].message {
                SignedMessage::Prepare(prepare) => Some(prepare.clone()),
                _ => None,
            })
            .collect();
        let wishes = self.liar.wishes(&self.keys[0], &prepares);
        wishes
            .into_iter()
            .map(|(from, to, message)| self.number(Said { to, from, message }))
            .collect()
    }
}

fn view(message: &SignedMessage) -> Option<View> {
    match message {
        SignedMessage::PrePrepare { pre_prepare, .. } => Some(pre_prepare.value().view),
        SignedMessage::Prepare(prepare) => Some(prepare.value().view),
        SignedMessage::Commit(commit) => Some(commit.value().view),
        _ => None,
    }
}

/// Whether it is of the one slot, and neither a reply nor a standing.
fn carried(message: &SignedMessage) -> bool {
    match message {
        SignedMessage::PrePrepare { pre_prepare, .. } => pre_prepare.value().sequence == SLOT,
        SignedMessage::Prepare(prepare) => prepare.value().sequence == SLOT,
        SignedMessage::Commit(commit) => commit.value().sequence == SLOT,
        SignedMessage::ViewChange(_) | SignedMessage::NewView { .. } => true,
        _ => false,
    }
}
