//! What a process did, for its trace: the latest events, each with its cause. A process that keeps no trace has no journal.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use quorate_protocol::{InLog, Replica, ReplicaId, Sequence, SignedMessage, Time, View};
use quorate_trace::{Actor, Event, EventId, Fingerprint, Kind, Whom, Why};

/// The journal of a process.
#[derive(Clone, Debug)]
pub struct Journal {
    by: Actor,
    life: u32,
    /// What the process's time 0 is in the trace, in microseconds.
    epoch_us: u64,
    /// The most events that are kept.
    most: usize,
    kept: VecDeque<Event>,
    /// The number of the next event.
    next: u64,
    /// The number of the first event of this turn.
    turn: u64,
    now: Time,
    /// What the next events follow from.
    cause: Option<EventId>,
    seen: Seen,
}

/// What the journal knows of the replica's slots.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// All slots up to this one are committed, or belong to a checkpoint.
    settled: Sequence,
    /// The last stable checkpoint.
    stable: Sequence,
    /// The slots above.
    slots: BTreeMap<Sequence, Slot>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The view of the next two.
    view: View,
    accepted: bool,
    prepared: bool,
    committed: bool,
}

/// Events of a process, and what it does not keep any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The number of the last event that the process has noted.
    pub last: u64,
    /// How many of the events that were asked for are lost.
    pub pushed_out: u64,
}

impl Journal {
    /// A journal that keeps the latest `most` events of this life of a process. Times in it count from `epoch_us` microseconds
    /// before the process's time 0.
    #[must_use]
    pub fn new(by: Actor, life: u32, epoch_us: u64, most: usize) -> Self {
        Self {
            by,
            life,
            epoch_us,
            most,
            kept: VecDeque::new(),
            next: 1,
            turn: 1,
            now: Time(0),
            cause: None,
            seen: Seen::default(),
        }
    }

    /// Notes an event, which follows from the event that is handled unless it says something else.
    pub fn note(&mut self, event: Event) -> EventId {
        let event = Event {
            i: self.next,
            life: self.life,
            t_us: self.epoch_us.saturating_add(self.now.0),
            p: self.by,
            cause: event.cause.or(self.cause),
            ..event
        };
        self.next += 1;
        let id = event.id();
        if self.kept.len() >= self.most {
            self.kept.pop_front();
        }
        self.kept.push_back(event);
        id
    }

    /// Notes that the process has damaged the bytes of a message that it sends in this turn.
    pub(crate) fn damaged(&mut self, msg: EventId) {
        let first = self.next - self.kept.len() as u64;
        let place = msg
            .i
            .checked_sub(first)
            .and_then(|place| usize::try_from(place).ok());
        if let Some(event) = place.and_then(|place| self.kept.get_mut(place)) {
            event.what = Some("damaged".into());
        }
    }

    /// Notes that the replica rejects the message that it handles, if that came from another process.
    pub(crate) fn rejected(&mut self, why: &impl fmt::Display) {
        let mut cause = self.cause;
        while let Some(event) = cause.and_then(|id| self.kept_as(id)) {
            match event.kind {
                Kind::Receive => {
                    let drop = Event {
                        kind: Kind::Drop,
                        why: Some(Why::Refused),
                        what: Some(why.to_string().into()),
                        cause,
                        ..event.clone()
                    };
                    self.note(drop);
                    return;
                }
                // What the message has brought about before stands between.
                Kind::Accept | Kind::Prepared | Kind::Committed => cause = event.cause,
                _ => return,
            }
        }
    }

    /// An event of this life, if it is kept still.
    fn kept_as(&self, id: EventId) -> Option<&Event> {
        let first = self.next - self.kept.len() as u64;
        let place = usize::try_from(id.i.checked_sub(first)?).ok()?;
        self.kept.get(place).filter(|event| event.id() == id)
    }

    /// Notes that a message is lost on its way to this process.
    pub fn lost(
        &mut self,
        msg: Option<EventId>,
        to: ReplicaId,
        why: Why,
        about: Option<&SignedMessage>,
    ) {
        let event = Event {
            msg,
            to: Some(Whom::One(to.into())),
            why: Some(why),
            cause: msg,
            ..Event::new(Kind::Drop)
        };
        self.note(match about {
            Some(message) => event.about(message),
            None => event,
        });
    }

    /// Notes that the bytes of a message that has arrived are no message.
    pub fn unreadable(&mut self, msg: Option<EventId>, from: ReplicaId) {
        self.note(Event {
            msg,
            from: Some(msg.map_or(from.into(), |msg| msg.by)),
            why: Some(Why::Damaged),
            cause: msg,
            ..Event::new(Kind::Drop)
        });
    }

    /// Sets the time of the next events.
    pub const fn reach(&mut self, now: Time) {
        self.now = now;
    }

    /// The events of this life after the event with this number, at most so many.
    #[must_use]
    pub fn page(&self, since: u64, most: usize) -> Page {
        let first = self.next - self.kept.len() as u64;
        let wanted = since.saturating_add(1);
        let skip = usize::try_from(wanted.saturating_sub(first)).unwrap_or(usize::MAX);
        Page {
            events: self.kept.iter().skip(skip).take(most).cloned().collect(),
            last: self.next - 1,
            pushed_out: first.saturating_sub(wanted),
        }
    }

    /// Takes out the events. Later events have later numbers.
    pub fn take(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.kept.drain(..)
    }

    /// A turn begins.
    pub(crate) const fn begin(&mut self, now: Time) {
        self.reach(now);
        self.turn = self.next;
    }

    /// Forgets what the process did in its last turn, as if it had not been noted: it ends before anybody can see that.
    pub fn take_back(&mut self) {
        let undone = usize::try_from(self.next - self.turn).unwrap_or(usize::MAX);
        self.kept.truncate(self.kept.len().saturating_sub(undone));
        self.next = self.turn;
    }

    /// What follows from now on follows from this event.
    pub(crate) const fn follow(&mut self, cause: Option<EventId>) {
        self.cause = cause;
    }

    /// What the next events follow from.
    pub(crate) const fn cause(&self) -> Option<EventId> {
        self.cause
    }

    /// Notes what has become of the replica's slots. What the replica does next follows from that.
    pub(crate) fn observe(&mut self, replica: &Replica) {
        let status = replica.status();
        self.seen.forget_to(status.low_watermark);
        let origin = self.cause;
        for known in replica.in_log(self.seen.settled) {
            let slot = self.seen.slots.entry(known.sequence).or_default();
            let mut cause = origin;
            for kind in slot.reach(status.view, &known) {
                // The COMMITs of an earlier view can commit a slot late.
                let (view, digest) = match kind {
                    Kind::Committed => (known.committed_in, known.committed),
                    _ => (Some(status.view), known.proposed),
                };
                let event = Event {
                    view: view.map(|view| view.0),
                    digest: digest.map(Fingerprint::from),
                    cause,
                    ..Event::new(kind).slot(known.sequence)
                };
                cause = Some(self.note(event));
                self.cause = cause;
            }
        }
        if status.low_watermark > self.seen.stable {
            self.seen.stable = status.low_watermark;
            self.note(
                Event::new(Kind::Checkpoint)
                    .slot(status.low_watermark)
                    .what("stable"),
            );
        }
        self.seen.settle();
    }
}

impl Seen {
    fn forget_to(&mut self, stable: Sequence) {
        if stable > self.settled {
            self.settled = stable;
            self.slots = self.slots.split_off(&stable.next());
        }
    }

    fn settle(&mut self) {
        while let Some(first) = self.slots.first_entry()
            && *first.key() == self.settled.next()
            && first.get().committed
        {
            self.settled = *first.key();
            first.remove();
        }
    }
}

impl Slot {
    /// What is new about the slot.
    fn reach(&mut self, view: View, known: &InLog) -> impl Iterator<Item = Kind> + use<> {
        let before = if self.view == view {
            *self
        } else {
            Self {
                committed: self.committed,
                ..Self::default()
            }
        };
        *self = Self {
            view,
            accepted: known.proposed.is_some(),
            prepared: known.prepared,
            committed: known.committed.is_some(),
        };
        let news = [
            (Kind::Accept, self.accepted && !before.accepted),
            (Kind::Prepared, self.prepared && !before.prepared),
            (Kind::Committed, self.committed && !before.committed),
        ];
        news.into_iter()
            .filter_map(|(kind, new)| new.then_some(kind))
    }
}
