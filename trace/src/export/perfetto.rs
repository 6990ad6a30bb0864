//! Chrome's JSON trace format ("Trace Event Format"), which Perfetto's page opens. A process is a pid with two threads: its
//! messages, joined by flows from sending to arrival, and everything else. A slot is an asynchronous slice from its proposal
//! to its execution at that process, with its phases as marks.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};

use serde::Serialize;

use super::{order, words};
use crate::event::{Event, Kind};
use crate::file::Trace;
use crate::name::{Actor, EventId};

/// The threads of a process.
const MESSAGES: u32 = 1;
const STEPS: u32 = 2;
/// How long a message's slice is, in microseconds. Flows join slices only.
const SLICE_US: u64 = 1;

/// One element of `traceEvents`.
#[derive(Serialize)]
struct Mark<'a> {
    name: &'a str,
    cat: &'a str,
    ph: &'a str,
    ts: u64,
    pid: usize,
    tid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// Of an instant: its thread. Of the end of a flow: the slice around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Args<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Args<'a> {
    Name { name: String },
    Event(&'a Event),
}

struct Writer<'w, W> {
    to: &'w mut W,
    begun: bool,
    pids: BTreeMap<Actor, usize>,
    /// The time of the first event.
    start: u64,
    /// The sendings, for the flows.
    sends: HashMap<EventId, (usize, u64)>,
    flows: u64,
    /// The numbers of the slices of slots that have begun and have not ended, by process and slot.
    open: HashMap<(usize, u64), u64>,
    slices: u64,
}

pub(super) fn write(trace: &Trace, to: &mut impl Write) -> io::Result<()> {
    let actors: BTreeSet<Actor> = trace.events.iter().map(|event| event.p).collect();
    let mut writer = Writer {
        to,
        begun: false,
        pids: actors.iter().copied().zip(1..).collect(),
        start: trace
            .events
            .iter()
            .map(|event| event.t_us)
            .min()
            .unwrap_or(0),
        sends: HashMap::new(),
        flows: 0,
        open: HashMap::new(),
        slices: 0,
    };
    writer.to.write_all(b"{\"traceEvents\":[\n")?;
    for actor in &actors {
        writer.name(*actor)?;
    }
    for event in order::causes_first(&trace.events) {
        writer.event(event)?;
    }
    writer
        .to
        .write_all(b"\n],\"displayTimeUnit\":\"ms\",\"otherData\":")?;
    serde_json::to_writer(&mut *writer.to, &trace.header)?;
    writer.to.write_all(b"}\n")
}

impl<W: Write> Writer<'_, W> {
    fn mark(&mut self, mark: &Mark<'_>) -> io::Result<()> {
        if self.begun {
            self.to.write_all(b",\n")?;
        }
        self.begun = true;
        serde_json::to_writer(&mut *self.to, mark)?;
        Ok(())
    }

    /// Names a process and its threads.
    fn name(&mut self, actor: Actor) -> io::Result<()> {
        let pid = self.pids[&actor];
        let names = [
            ("process_name", 0, actor.to_string()),
            ("thread_name", MESSAGES, "messages".to_owned()),
            ("thread_name", STEPS, "steps".to_owned()),
        ];
        names.into_iter().try_for_each(|(kind, tid, name)| {
            self.mark(&Mark {
                name: kind,
                cat: "__metadata",
                ph: "M",
                ts: 0,
                pid,
                tid,
                dur: None,
                id: None,
                s: None,
                bp: None,
                args: Some(Args::Name { name }),
            })
        })
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        let pid = self.pids[&event.p];
        let ts = event.t_us - self.start;
        let is_message = matches!(event.kind, Kind::Send | Kind::Receive | Kind::Drop);
        let name = words::event(event);
        let mark = Mark {
            name: &name,
            cat: event.kind.name(),
            ph: if is_message { "X" } else { "i" },
            ts,
            pid,
            tid: if is_message { MESSAGES } else { STEPS },
            dur: is_message.then_some(SLICE_US),
            id: None,
            s: (!is_message).then_some("t"),
            bp: None,
            args: Some(Args::Event(event)),
        };
        self.mark(&mark)?;
        match event.kind {
            Kind::Send => {
                self.sends.insert(event.id(), (pid, ts));
            }
            Kind::Receive => {
                let sent = event.msg.and_then(|msg| self.sends.get(&msg)).copied();
                if let Some(sent) = sent {
                    self.flow(sent, (pid, ts))?;
                }
            }
            Kind::Accept | Kind::Prepared | Kind::Committed | Kind::Execute => {
                self.phase(event, pid, ts)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// An arrow from a sending to an arrival. Its number is its own: one sending may have many arrivals.
    fn flow(&mut self, sent: (usize, u64), arrived: (usize, u64)) -> io::Result<()> {
        self.flows += 1;
        let id = Some(self.flows);
        for (ph, bp, (pid, ts)) in [("s", None, sent), ("f", Some("e"), arrived)] {
            self.mark(&Mark {
                name: "message",
                cat: "flow",
                ph,
                ts,
                pid,
                tid: MESSAGES,
                dur: None,
                id,
                s: None,
                bp,
                args: None,
            })?;
        }
        Ok(())
    }

    /// A phase of a slot. The first begins the slot's slice, and its execution ends it.
    fn phase(&mut self, event: &Event, pid: usize, ts: u64) -> io::Result<()> {
        let Some(slot) = event.slot else {
            return Ok(());
        };
        let known = self.open.get(&(pid, slot)).copied();
        // The numbers of slices are the whole trace's, not a process's.
        let id = known.unwrap_or(self.slices);
        let slice = format!("slot {slot}");
        let mark = |name, ph| Mark {
            name,
            cat: "slot",
            ph,
            ts,
            pid,
            tid: STEPS,
            dur: None,
            id: Some(id),
            s: None,
            bp: None,
            args: None,
        };
        if known.is_none() {
            self.open.insert((pid, slot), id);
            self.slices += 1;
            self.mark(&mark(&slice, "b"))?;
        }
        self.mark(&mark(event.kind.name(), "n"))?;
        if event.kind == Kind::Execute {
            self.open.remove(&(pid, slot));
            self.mark(&mark(&slice, "e"))?;
        }
        Ok(())
    }
}
