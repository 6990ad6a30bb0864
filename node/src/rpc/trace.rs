//! `trace`: what this process did.

use quorate_host::Page;
use quorate_trace::Event;
use quorate_wire::method::Trace;
use quorate_wire::{Fault, View};
use serde::Serialize;

use super::Handle;
use crate::question::Question;

#[derive(Serialize)]
struct Object {
    v: u32,
    process: String,
    cluster: String,
    n: u32,
    f: u32,
    version: &'static str,
    life: u64,
    next: u64,
    more: bool,
    pushed_out: u64,
    events: Vec<Event>,
}

pub(super) async fn answer(handle: Handle, call: Trace) -> Result<View, Fault> {
    let since = call.since.unwrap_or_default();
    let page = handle
        .ask(|answer| Question::Trace { since, answer })
        .await?;
    let Page {
        events,
        last,
        pushed_out,
    } = page.ok_or_else(no_trace)?;
    let next = events.last().map_or(last, |event| event.i);
    let quorum = handle.quorum();
    let object = Object {
        v: quorate_trace::header::VERSION,
        process: handle.inner.own.to_string(),
        cluster: quorate_wire::hex::of(&handle.inner.cluster.0),
        n: quorum.n(),
        f: quorum.f(),
        version: env!("CARGO_PKG_VERSION"),
        life: handle.inner.life,
        next,
        more: next < last,
        pushed_out,
        events,
    };
    let json = serde_json::to_value(object);
    let json = json.map_err(|error| Fault::new(Fault::INTERNAL, error.to_string()))?;
    Ok(View::of(json))
}

fn no_trace() -> Fault {
    Fault::new(
        Fault::NO_TRACE,
        "this process keeps no trace: start the server with --trace",
    )
}
