//! One replica: its state, and the `match` that sends each input to the file that handles it.

mod allowance;
mod compare;
mod crowded;
mod dossier;
mod early;
mod execute;
mod judge;
mod lenience;
mod log;
mod on_body;
mod on_checkpoint;
mod on_commit;
mod on_committed;
mod on_fetch;
mod on_fetch_state;
mod on_new_view;
mod on_pre_prepare;
mod on_prepare;
mod on_proof;
mod on_query;
mod on_request;
mod on_stable;
mod on_standing;
mod on_state;
mod on_timer;
mod on_view_change;
mod progress;
mod propose;
mod rejoin;
mod requests;
mod restore;
mod sizes;
mod status;
mod surplus;
mod testimony;
mod transfer;
mod view_changes;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::effect::{Effect, Timer};
use crate::id::{ReplicaId, Sequence, View};
use crate::input::Input;
use crate::message::{Message, SignedMessage, VerifiedMessage};
use crate::misbehaviour::Misbehaviour;
use crate::mutant::Mutant;
use crate::record::Record;
use crate::time::Time;

pub use sizes::Sizes;
pub use status::{InLog, Phase, SlotStatus, Status};

use allowance::Allowances;
use dossier::Dossier;
use early::EarlyMessages;
use log::Log;
use on_checkpoint::Checkpoints;
use on_standing::Known;
use progress::Progress;
use rejoin::{Help, Rejoin};
use requests::Requests;
use transfer::Transfer;
use view_changes::ViewChanges;

/// A PBFT replica as a function of its inputs.
#[derive(Clone, Debug)]
pub struct Replica {
    config: Config,
    now: Time,
    effects: Vec<Effect>,
    /// v: the current view, or the one that this replica asks for.
    view: View,
    /// Whether that view has started here.
    active: bool,
    log: Log,
    checkpoints: Checkpoints,
    transfer: Transfer,
    rejoin: Option<Rejoin>,
    /// The peers that have lost their memory, with the help that each has had.
    helped_peers: BTreeMap<ReplicaId, Help>,
    /// The lowest view in which this replica may vote. It is 0 unless the replica has lost its memory (rule 23).
    first_view: View,
    requests: Requests,
    /// The last slot that this replica has proposed as primary, or that the NEW-VIEW has filled.
    last_proposed: Sequence,
    /// The last slot executed.
    executed: Sequence,
    /// The last slot whose results clients may know. No query is answered from an older state, also after a restart.
    told: Sequence,
    /// Whether the host is executing the slot after `executed`.
    executing: bool,
    progress: Progress,
    view_changes: ViewChanges,
    early: EarlyMessages,
    allowances: Allowances,
    dossier: Dossier,
    /// Whether this replica is a liar itself, which does not act on the proofs against others.
    is_accomplice: bool,
    /// When this process last wanted another primary for a client.
    distrusted: Option<Time>,
    /// What each peer said last about how far it is. Its next message shows whether it makes progress.
    standings: BTreeMap<ReplicaId, Known>,
    /// Whether a peer has sent a missed slot again since this replica last asked for more.
    helped: bool,
}

impl Replica {
    /// A replica that starts in view 0 and has executed nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let early = EarlyMessages::new(&config);
        Self {
            config,
            now: Time::default(),
            effects: Vec::new(),
            view: View(0),
            active: true,
            log: Log::default(),
            checkpoints: Checkpoints::default(),
            transfer: Transfer::default(),
            rejoin: None,
            helped_peers: BTreeMap::new(),
            first_view: View(0),
            requests: Requests::default(),
            last_proposed: Sequence(0),
            executed: Sequence(0),
            told: Sequence(0),
            executing: false,
            progress: Progress::default(),
            view_changes: ViewChanges::default(),
            early,
            allowances: Allowances::default(),
            dossier: Dossier::default(),
            is_accomplice: false,
            distrusted: None,
            standings: BTreeMap::new(),
            helped: false,
        }
    }

    /// Its configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Handles one input at the time `now` and returns the effects. It never fails: if a peer misbehaves, that is an
    /// effect.
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Start => self.on_start(),
            Input::Message(message) => self.on_message(message),
            Input::Surplus(vote) => self.on_surplus(vote),
            Input::Submit(request) => self.on_submit(request),
            Input::Ask(query) => self.broadcast(Message::Query(query)),
            Input::Distrust => self.on_distrust(),
            Input::Timer(Timer::View) => self.on_view_timer(),
            Input::Timer(Timer::Status) => self.on_status_timer(),
            Input::Executed { sequence, results } => self.on_executed(sequence, results),
            Input::Read { to, answer } => self.on_read(to, answer),
            Input::Proved(evidence) => self.accuse(*evidence),
            Input::Pardon { replica, signed } => self.on_pardon(replica, signed),
            Input::CheckpointTaken { sequence, parts } => self.on_checkpoint_taken(sequence, parts),
        }
        self.assert_invariants();
        std::mem::take(&mut self.effects)
    }

    fn on_message(&mut self, message: VerifiedMessage) {
        if self.is_disregarded(&message) {
            return;
        }
        match message {
            VerifiedMessage::Request(m) => self.on_request(&m),
            VerifiedMessage::PrePrepare { pre_prepare, batch } => {
                self.on_pre_prepare(pre_prepare, batch);
            }
            VerifiedMessage::Prepare(m) => self.on_prepare(m),
            VerifiedMessage::Commit(m) => self.on_commit(m),
            VerifiedMessage::Checkpoint(m) => self.on_checkpoint(m.into_signed()),
            VerifiedMessage::ViewChange(m) => self.on_view_change(m),
            VerifiedMessage::NewView {
                new_view,
                pre_prepares,
            } => self.on_new_view(&new_view, pre_prepares),
            VerifiedMessage::Fetch(m) => self.on_fetch(m.signer(), m.value().digest),
            VerifiedMessage::Body(m) => self.on_body(m.signed()),
            VerifiedMessage::Standing(m) => self.on_standing(m.signer(), m.value()),
            VerifiedMessage::FetchState(m) => self.on_fetch_state(m.signer(), *m.value()),
            VerifiedMessage::State(m) => self.on_state(m.signer(), m.value().clone()),
            message @ (VerifiedMessage::Replies(_) | VerifiedMessage::Answer(_)) => {
                self.effects.push(Effect::Heard(Box::new(message)));
            }
            VerifiedMessage::Proof(m) => self.on_proof(m.signer(), m.value().clone()),
            VerifiedMessage::Query(m) => self.on_query(m.signer(), m.value().clone()),
            VerifiedMessage::Committed(m) => self.on_committed(m.signer(), m.value().clone()),
            VerifiedMessage::Stable(m) => self.on_stable(m.signer(), m.value().clone()),
        }
    }

    /// Whether this engine has the given bug on purpose.
    #[cfg_attr(
        not(feature = "mutants"),
        expect(
            clippy::missing_const_for_fn,
            reason = "with the feature it cannot be const"
        )
    )]
    fn is_mutant(&self, mutant: Mutant) -> bool {
        self.config.is_mutant(mutant)
    }

    const fn own(&self) -> ReplicaId {
        self.config.replica
    }

    fn primary(&self) -> ReplicaId {
        self.view.primary(self.config.quorum)
    }

    fn is_primary(&self) -> bool {
        self.primary() == self.own()
    }

    const fn low_watermark(&self) -> Sequence {
        self.checkpoints.stable()
    }

    const fn high_watermark(&self) -> Sequence {
        self.config.high_watermark(self.low_watermark())
    }

    fn in_window(&self, sequence: Sequence) -> bool {
        self.low_watermark() < sequence && sequence <= self.high_watermark()
    }

    /// Whether a slot is above the low watermark and at most two windows above it. Replicas that are ahead of this one
    /// send messages of such slots.
    fn is_ahead(&self, sequence: Sequence) -> bool {
        let furthest = self.config.high_watermark(self.high_watermark());
        self.low_watermark() < sequence && sequence <= furthest
    }

    fn broadcast(&mut self, message: Message) {
        self.effects.push(Effect::Broadcast(message));
    }

    fn forward(&mut self, to: ReplicaId, message: SignedMessage) {
        self.effects.push(Effect::Forward {
            to,
            message: Box::new(message),
        });
    }

    fn persist(&mut self, record: Record) {
        let slot = matches!(record, Record::Accepted { .. } | Record::Prepared(_));
        if slot && self.is_mutant(Mutant::NotOnDisk) {
            return;
        }
        self.effects.push(Effect::Persist(Box::new(record)));
    }

    fn reject(&mut self, misbehaviour: Misbehaviour) {
        self.effects.push(Effect::Reject(misbehaviour));
    }

    fn assert_invariants(&self) {
        debug_assert!(
            self.low_watermark() <= self.executed,
            "the stable checkpoint is above the last executed slot"
        );
        debug_assert!(
            self.log.first().is_none_or(|n| n > self.low_watermark()),
            "the log has a slot at or below the stable checkpoint"
        );
    }
}
