//! Who sent what to whom when, as a picture.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quorate_diagram::{Arrow, Diagram, Key, Lane, Style};
use quorate_host::Event;
use quorate_protocol::message::{Kind, Request, place};
use quorate_protocol::{Digest, ReplicaId, Sequence, SignedMessage, Time, View};

use crate::process::Packet;
use crate::words;

/// What is said all the time, and is left out unless it is asked for.
const CHATTER: Kind = Kind::STANDING;
/// A vote of the exchange, which goes past the engine.
const VOTE: &str = "vote";
/// What has been damaged on its way out of a faulty process.
const GARBAGE: &str = "garbage";

/// What a picture shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What was sent before is left out.
    pub from: Time,
    /// The kinds of messages, by their names; all but `standing` if none is named.
    pub only: Vec<&'static str>,
    /// How many messages are shown at most. Beyond that the result of the first view change, and the slot over which
    /// correct processes disagree, are shown all the same.
    pub most: usize,
}

/// The kind of message with this name, for a [`Frame`].
///
/// # Errors
/// There is none; the text names those that there are.
pub fn kind(name: &str) -> Result<&'static str, String> {
    let all = Kind::ALL.iter().map(|kind| kind.name());
    let all: Vec<_> = all.chain([VOTE, GARBAGE]).collect();
    let found = all.iter().find(|known| **known == name);
    found.copied().ok_or_else(|| {
        format!(
            "'{name}' is not a kind of message: the kinds are {}",
            all.join(", ")
        )
    })
}

/// What was seen of a run.
#[derive(Clone, Debug)]
pub struct Picture {
    frame: Frame,
    /// How many processes there are.
    n: u32,
    lanes: Vec<Lane>,
    arrows: Vec<Seen>,
    notes: Vec<Told>,
    /// The first moment in each view, and who leads it.
    views: BTreeMap<View, Time>,
    /// The slot to look at.
    focus: Option<Sequence>,
    end: Option<(Time, String)>,
}

/// A message.
#[derive(Clone, Debug)]
struct Seen {
    from: String,
    to: String,
    about: About,
    sent: Time,
    end: Result<Time, &'static str>,
}

/// What a message is about.
#[derive(Clone, Debug)]
struct About {
    kind: &'static str,
    signer: Option<ReplicaId>,
    view: Option<u64>,
    slot: Option<u64>,
    /// Of the batch, in a proposal or a vote.
    digest: Option<Digest>,
    label: String,
}

/// Something that a process did.
#[derive(Clone, Debug)]
struct Told {
    lane: String,
    at: Time,
    slot: Option<Sequence>,
    view: Option<View>,
    text: String,
}

impl Picture {
    /// Nothing seen yet of `n` processes; the lanes stand from left to right.
    #[must_use]
    pub(crate) const fn new(frame: Frame, n: u32, lanes: Vec<Lane>) -> Self {
        Self {
            frame,
            n,
            lanes,
            arrows: Vec::new(),
            notes: Vec::new(),
            views: BTreeMap::new(),
            focus: None,
            end: None,
        }
    }

    /// A packet goes from one lane to another; it arrives, or is lost for a reason.
    pub(crate) fn packet(
        &mut self,
        lanes: (&str, &str),
        packet: &Packet,
        sent: Time,
        end: Result<Time, &'static str>,
    ) {
        let about = match packet {
            Packet::Batch {
                message: Some(message),
                ..
            } => return self.message(lanes, message, sent, end),
            Packet::Batch { message: None, .. } => About::new(GARBAGE, GARBAGE.to_owned()),
            Packet::Vote(heard) => About {
                signer: Some(heard.sender),
                ..About::new(VOTE, format!("vote '{}'", heard.decision))
            },
        };
        self.add(lanes, about, sent, end);
    }

    /// A message goes from one lane to another; it arrives, or is lost for a reason.
    pub(crate) fn message(
        &mut self,
        lanes: (&str, &str),
        message: &SignedMessage,
        sent: Time,
        end: Result<Time, &'static str>,
    ) {
        self.add(lanes, About::message(message), sent, end);
    }

    fn add(
        &mut self,
        (from, to): (&str, &str),
        about: About,
        sent: Time,
        end: Result<Time, &'static str>,
    ) {
        let only = &self.frame.only;
        let is_shown = if only.is_empty() {
            about.kind != CHATTER.name()
        } else {
            only.contains(&about.kind)
        };
        if is_shown && sent >= self.frame.from {
            self.arrows.push(Seen {
                from: from.to_owned(),
                to: to.to_owned(),
                about,
                sent,
                end,
            });
        }
    }

    /// A process did something.
    pub(crate) fn event(&mut self, lane: &str, at: Time, event: &Event) {
        match event {
            Event::Executed {
                sequence, requests, ..
            } => self.executes(lane, at, *sequence, &batch(requests)),
            Event::View(view, active) => self.enters(lane, at, *view, *active),
            Event::Installed(slot) => {
                self.does(lane, at, format!("takes over the state of slot {}", slot.0));
            }
            Event::Accused(evidence) => {
                self.does(lane, at, format!("proves {} faulty", evidence.accused()));
            }
            _ => {}
        }
    }

    /// A process executes a slot.
    pub(crate) fn executes(&mut self, lane: &str, at: Time, slot: Sequence, requests: &str) {
        let text = format!("executes slot {}: {requests}", slot.0);
        self.tell(lane, at, Some(slot), None, text);
    }

    /// A process asks for a view, or starts it.
    pub(crate) fn enters(&mut self, lane: &str, at: Time, view: View, active: bool) {
        let verb = if active { "starts" } else { "wants" };
        if active {
            self.views.entry(view).or_insert(at);
        }
        let text = format!("{verb} view {}", view.0);
        self.tell(lane, at, None, active.then_some(view), text);
    }

    /// A process does something else.
    pub(crate) fn does(&mut self, lane: &str, at: Time, text: String) {
        self.tell(lane, at, None, None, text);
    }

    fn tell(
        &mut self,
        lane: &str,
        at: Time,
        slot: Option<Sequence>,
        view: Option<View>,
        text: String,
    ) {
        if at >= self.frame.from {
            let lane = lane.to_owned();
            self.notes.push(Told {
                lane,
                at,
                slot,
                view,
                text,
            });
        }
    }

    /// A rule is broken; `slot` is the one over which correct processes disagree.
    pub(crate) fn breaks(&mut self, at: Time, text: String, slot: Option<Sequence>) {
        self.focus = slot;
        self.end = Some((at, text));
    }

    /// The drawing, with a caption.
    #[must_use]
    pub fn draw(&self, caption: &str) -> Diagram {
        let mut diagram = Diagram::new(caption, self.lanes.iter().cloned());
        diagram.explain(
            Key::Style(Style::Altered),
            "contradicts another message of its sender",
        );
        diagram.explain(Key::Lost, "did not arrive");
        if self.frame.only.is_empty() {
            diagram.explain(Key::Remark, "standing messages are left out");
        }
        let contradicted = self.contradicted();
        let first_view = self.views.keys().find(|view| view.0 > 0).copied();
        let first_slot = self.first_slot_of(first_view);
        let is_important = |about: &About| {
            let in_focus = self.focus.is_some() && about.slot == self.focus.map(|slot| slot.0);
            let in_view = first_view.is_some() && about.view == first_view.map(|view| view.0);
            let kind = about.kind;
            let changes = kind == Kind::VIEW_CHANGE.name() || kind == Kind::NEW_VIEW.name();
            let commits = kind == Kind::COMMIT.name() && about.slot == first_slot;
            (in_focus && about.digest.is_some()) || (in_view && (changes || commits))
        };
        let mut sent: Vec<(Time, bool)> = self
            .arrows
            .iter()
            .map(|one| (one.sent, is_important(&one.about)))
            .collect();
        for arrow in &self.arrows {
            let style = if arrow
                .about
                .contradiction()
                .is_some_and(|key| contradicted.contains(&key))
            {
                Style::Altered
            } else {
                Style::Plain
            };
            diagram.arrow(arrow.draw(style, is_important(&arrow.about)));
        }
        sent.sort_unstable();
        let important = sent.iter().filter(|(_, important)| *important).count();
        let others = sent.iter().filter(|(_, important)| !important);
        let last = others
            .clone()
            .nth(self.frame.most.saturating_sub(important));
        let horizon = last.map_or(Time(u64::MAX), |(at, _)| *at);
        for note in &self.notes {
            let is_result = note.slot.is_some()
                && (note.slot == self.focus || note.slot.map(|slot| slot.0) == first_slot)
                || note.view.is_some() && note.view == first_view;
            if note.at <= horizon || is_result {
                diagram.note(&note.lane, moment(note.at), &note.text);
            }
        }
        for (view, at) in &self.views {
            let leader = ReplicaId(u32::try_from(view.0 % u64::from(self.n)).unwrap_or_default());
            if *at >= self.frame.from && (*at <= horizon || Some(*view) == first_view) {
                diagram.band(moment(*at), format!("view {}: {leader} leads", view.0));
            }
        }
        if let Some((at, text)) = &self.end {
            // Below what led to it, which happened at the same time.
            diagram.band(moment(*at) + Duration::from_micros(1), text);
        }
        let left_out = diagram.keep(self.frame.most);
        if left_out > 0 {
            diagram.caption(format!("{caption}; {left_out} messages are left out"));
        }
        diagram
    }

    /// The lowest slot that is committed in a view.
    fn first_slot_of(&self, view: Option<View>) -> Option<u64> {
        let view = view?.0;
        let commits = self.arrows.iter().map(|one| &one.about);
        let commits =
            commits.filter(|about| about.kind == Kind::COMMIT.name() && about.view == Some(view));
        commits.filter_map(|about| about.slot).min()
    }

    /// The proposals and votes for which their signer has sent two digests.
    fn contradicted(&self) -> BTreeSet<Contradiction> {
        let mut first = BTreeMap::new();
        let mut contradicted = BTreeSet::new();
        for about in self.arrows.iter().map(|one| &one.about) {
            if let Some(key) = about.contradiction()
                && *first.entry(key).or_insert(about.digest) != about.digest
            {
                contradicted.insert(key);
            }
        }
        contradicted
    }
}

/// A signer, a kind, a view and a slot, for which there may be one digest.
type Contradiction = (ReplicaId, &'static str, u64, u64);

impl Seen {
    fn draw(&self, style: Style, important: bool) -> Arrow {
        let arrow = Arrow::new(&self.from, &self.to, &self.about.label, moment(self.sent));
        let arrow = match self.end {
            Ok(at) => arrow.arrives(moment(at)),
            Err(reason) => arrow.lost(reason),
        };
        arrow.style(style).important(important)
    }
}

impl About {
    fn new(kind: &'static str, label: String) -> Self {
        Self {
            kind,
            signer: None,
            view: None,
            slot: None,
            digest: None,
            label,
        }
    }

    fn message(message: &SignedMessage) -> Self {
        let kind = Kind::of(message).name();
        let (view, slot) = place(message);
        let (signer, digest) = match message {
            SignedMessage::PrePrepare { pre_prepare, .. } => {
                (Some(pre_prepare.signer()), Some(pre_prepare.value().digest))
            }
            SignedMessage::Prepare(vote) => (Some(vote.signer()), Some(vote.value().digest)),
            SignedMessage::Commit(vote) => (Some(vote.signer()), Some(vote.value().digest)),
            _ => (None, None),
        };
        let mut label = kind.to_owned();
        if let Some(view) = view {
            label += &format!(" view {view}");
        }
        if let Some(slot) = slot {
            label += &format!(" slot {slot}");
        }
        match message {
            SignedMessage::PrePrepare { batch: body, .. } => {
                let requests = body.requests().iter().map(|one| one.value().clone());
                label += &format!(": {}", batch(&requests.collect::<Vec<_>>()));
            }
            SignedMessage::Request(request) => {
                label += &format!(" {}", words::request(request.value()));
            }
            _ => {}
        }
        Self {
            signer,
            view,
            slot,
            digest,
            ..Self::new(kind, label)
        }
    }

    fn contradiction(&self) -> Option<Contradiction> {
        Some((self.signer?, self.kind, self.view?, self.slot?))
    }
}

/// A batch in few words.
fn batch(requests: &[Request]) -> String {
    match requests {
        [] => "nothing".to_owned(),
        [one] => words::request(one),
        [first, rest @ ..] => format!("{} and {} more", words::request(first), rest.len()),
    }
}

fn moment(time: Time) -> Duration {
    Duration::from_micros(time.0)
}
