//! A sequence diagram of Mermaid: an arrow for each message that arrives or is lost, and a note for what a process comes to.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use super::{order, words};
use crate::event::{Event, Kind, Whom, Why};
use crate::file::Trace;
use crate::name::Actor;

pub(super) fn write(trace: &Trace, to: &mut impl Write) -> io::Result<()> {
    writeln!(to, "sequenceDiagram")?;
    let actors: BTreeSet<Actor> = trace.events.iter().map(|event| event.p).collect();
    for actor in &actors {
        writeln!(to, "    participant {} as {actor}", id(*actor))?;
    }
    let mut senders = HashMap::new();
    for event in order::causes_first(&trace.events) {
        match event.kind {
            Kind::Send => {
                senders.insert(event.id(), event.what.is_some());
            }
            Kind::Receive => {
                let tampered = event.msg.and_then(|msg| senders.get(&msg)).copied();
                let arrow = if tampered == Some(true) {
                    "-->>"
                } else {
                    "->>"
                };
                arrow_to(to, event.from, arrow, event.p, &words::subject(event))?;
            }
            Kind::Drop => lost(to, event)?,
            Kind::Prepared
            | Kind::Committed
            | Kind::Execute
            | Kind::View
            | Kind::Accuse
            | Kind::Fault => {
                let text = plain(&words::event(event));
                writeln!(to, "    Note over {}: {text}", id(event.p))?;
            }
            Kind::Start
            | Kind::Timer
            | Kind::Accept
            | Kind::Checkpoint
            | Kind::Call
            | Kind::Answer => {}
        }
    }
    Ok(())
}

/// A message that is lost on its way, by its sender. One that has arrived, and is refused, is a note.
fn lost(to: &mut impl Write, event: &Event) -> io::Result<()> {
    match (event.to, event.why) {
        (Some(Whom::One(recipient)), Some(why)) => {
            let text = format!("{} ({})", words::subject(event), why.name());
            arrow_to(to, Some(event.p), "-x", recipient, &text)
        }
        (_, Some(Why::Refused | Why::Damaged)) => {
            writeln!(
                to,
                "    Note over {}: {}",
                id(event.p),
                plain(&words::event(event))
            )
        }
        _ => Ok(()),
    }
}

fn arrow_to(
    to: &mut impl Write,
    from: Option<Actor>,
    arrow: &str,
    recipient: Actor,
    text: &str,
) -> io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    writeln!(
        to,
        "    {}{arrow}{}: {}",
        id(from),
        id(recipient),
        plain(text)
    )
}

/// A name without marks: they mean something to Mermaid.
fn id(actor: Actor) -> String {
    let twin = if actor.twin { "_twin" } else { "" };
    format!("{}{twin}", actor.process)
}

/// Text without what means something to Mermaid.
fn plain(text: &str) -> String {
    text.replace([';', '\n', '#'], ",")
}
