//! The traces of processes that run, read page by page.

use std::num::NonZeroU32;

use quorate_trace::{Actor, Event};
use quorate_wire::View;
use quorate_wire::method::Trace;
use serde::Deserialize;

/// The most pages that are read at a time. A process keeps no more than that, so what more comes is newer than the question.
const PAGES: usize = 100;

/// What `trace` answers.
#[derive(Debug, Deserialize)]
pub struct Page {
    /// The process.
    pub process: Actor,
    /// The id of its cluster, in hexadecimal.
    pub cluster: String,
    /// How many processes there are.
    pub n: NonZeroU32,
    /// The version of Quorate.
    pub version: String,
    life: u64,
    next: u64,
    more: bool,
    /// How many events before these the process keeps no longer.
    pub pushed_out: u64,
    /// What it did.
    pub events: Vec<Event>,
}

/// Why a trace is not read further.
#[derive(Debug)]
pub enum Unread<E> {
    /// The call failed.
    Call(E),
    /// The answer is no page. The text says why.
    Form(String),
}

/// How far the trace of one process was read.
#[derive(Debug, Default)]
pub struct Reading {
    life: u64,
    since: Option<u64>,
}

impl Reading {
    /// The pages that were not read before, and why there are no more of them if not because that is all. A process that has started
    /// again is read from its beginning.
    pub async fn pages<E, Asked>(
        &mut self,
        call: impl Fn(Trace) -> Asked,
    ) -> (Vec<Page>, Option<Unread<E>>)
    where
        Asked: Future<Output = Result<View, E>>,
    {
        let mut pages = Vec::new();
        while pages.len() < PAGES {
            let since = self.since;
            let page: Page = match call(Trace { since }).await.map(View::read) {
                Ok(Ok(page)) => page,
                Ok(Err(cause)) => return (pages, Some(Unread::Form(cause))),
                Err(error) => return (pages, Some(Unread::Call(error))),
            };
            let starts_again = page.life != self.life && self.since.is_some();
            self.life = page.life;
            self.since = (!starts_again).then_some(page.next);
            if starts_again {
                continue;
            }
            let more = page.more;
            pages.push(page);
            if !more {
                break;
            }
        }
        (pages, None)
    }
}
