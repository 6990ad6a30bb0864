//! One cluster for very long: what its replicas keep must not grow.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;

use quorate_fault::Faulty;
use quorate_host::{Batch, Core, Event};
use quorate_protocol::message::Request;
use quorate_protocol::{
    ClusterId, Config, Keys, Quorum, Replica, ReplicaId, SignedMessage, Sizes, Time, Timestamp,
};
use quorate_simulator::digests::Digests;
use quorate_simulator::invariant::bounded::{Bounds, Unbounded};
use serde::Serialize;

use crate::options::{Format, Soak};
use crate::out::{complain, say};
use crate::stop::Stop;
use crate::{BROKEN, FAILED, progress, report};

/// The cluster of a soak: every message arrives, in order.
struct Cluster {
    all: Vec<Core<Digests>>,
    bounds: Bounds,
    /// The messages under way, each with its sender and its recipient.
    queue: VecDeque<(ReplicaId, usize, Arc<SignedMessage>)>,
    now: Time,
}

/// What the replicas keep after so many requests, each the most that one of them keeps.
#[derive(Serialize)]
struct Row {
    v: u8,
    requests: u64,
    slots: usize,
    bodies: usize,
    early: usize,
    checkpoint_votes: usize,
    view_changes: usize,
    waiting: usize,
    /// How much memory this program has, where the system says so.
    resident_bytes: Option<u64>,
    verdict: &'static str,
    violation: Option<String>,
}

/// Orders so many requests, one after another, and prints now and then what the replicas keep; the exit status.
pub(crate) fn command(soak: &Soak, stop: &Stop) -> anyhow::Result<u8> {
    let quorum = Quorum::of(NonZeroU32::new(soak.processes).unwrap_or(NonZeroU32::MIN));
    let announced = format!(
        "Ordering {} requests at {} processes",
        soak.requests, soak.processes
    );
    let bar = progress::bar(soak.requests, "requests", &announced);
    let tell = |row: &Row| bar.suspend(|| row.tell(soak.format));
    if soak.format == Format::Text {
        bar.suspend(|| say(HEADING));
    }
    let mut cluster = Cluster::new(quorum);
    for request in 1..=soak.requests {
        if let Some(status) = stop.status() {
            bar.finish_and_clear();
            cluster.row(request - 1, "stopped", None).tell(soak.format);
            complain(&format!(
                "stopped by {} after {} of {} requests: what is kept has not grown too much",
                stop.reason(),
                request - 1,
                soak.requests
            ));
            return Ok(status);
        }
        if stop.is_asked() {
            return Ok(FAILED);
        }
        let at = usize::try_from(request % u64::from(quorum.n())).unwrap_or_default();
        cluster.order(at, request);
        bar.inc(1);
        if let Some(unbounded) = cluster.unbounded() {
            tell(&cluster.row(request, "violation", Some(&unbounded)));
            return Ok(BROKEN);
        }
        if request.is_multiple_of(soak.every) || request == soak.requests {
            tell(&cluster.row(request, "good", None));
        }
    }
    bar.finish_and_clear();
    complain(&format!(
        "{} requests ordered: what is kept has not grown too much",
        soak.requests
    ));
    Ok(0)
}

const HEADING: &str =
    "requests  slots  bodies  early  checkpoint votes  view changes  waiting    KiB";

impl Row {
    fn tell(&self, format: Format) {
        if format == Format::Json {
            say(&report::line(self));
            return;
        }
        let resident = self.resident_bytes.map(|bytes| (bytes / 1024).to_string());
        say(&format!(
            "{:>8}  {:>5}  {:>6}  {:>5}  {:>16}  {:>12}  {:>7}  {:>5}",
            self.requests,
            self.slots,
            self.bodies,
            self.early,
            self.checkpoint_votes,
            self.view_changes,
            self.waiting,
            resident.unwrap_or_else(|| "-".to_owned()),
        ));
        if let Some(violation) = &self.violation {
            say(&format!("after {} requests: {violation}", self.requests));
        }
    }
}

impl Cluster {
    fn new(quorum: Quorum) -> Self {
        let one = |i| {
            let id = ReplicaId(i);
            let keys = Keys::simulated(id, quorum.n(), ClusterId([3; 32]));
            let replica = Replica::new(Config::new(id, quorum));
            Core::new(keys, Faulty::new(replica, None), Digests::default())
        };
        let mut cluster = Self {
            all: (0..quorum.n()).map(one).collect(),
            bounds: Bounds::new(&Config::new(ReplicaId(0), quorum), 0),
            queue: VecDeque::new(),
            now: Time(0),
        };
        for at in 0..cluster.all.len() {
            cluster.turn(at);
        }
        cluster
    }

    fn order(&mut self, at: usize, number: u64) {
        self.now.0 += 1000;
        let core = &mut self.all[at];
        let operation = number.to_le_bytes().to_vec();
        let request = Request::new(core.own().into(), Timestamp(number), operation);
        let request = core.keys().sign(request);
        core.submit(request);
        self.turn(at);
        while let Some((from, to, message)) = self.queue.pop_front() {
            self.all[to].deliver(Batch::of(from, (*message).clone()));
            self.turn(to);
        }
    }

    fn turn(&mut self, at: usize) {
        let core = &mut self.all[at];
        let own = core.own();
        for event in core.turn(self.now).release().events {
            let Event::Sent(sent) = event else { continue };
            let recipients = match sent.to {
                Some(to) => vec![to.0 as usize],
                None => (0..self.all.len()).filter(|to| *to != at).collect(),
            };
            let messages = recipients.into_iter();
            self.queue
                .extend(messages.map(|to| (own, to, Arc::clone(&sent.message))));
        }
    }

    /// What one of the replicas keeps too much of.
    fn unbounded(&self) -> Option<Unbounded> {
        let kept = self.all.iter();
        let mut kept = kept.map(|core| self.bounds.check(core.own(), core.replica().sizes()));
        kept.find_map(Result::err)
    }

    fn row(&self, requests: u64, verdict: &'static str, violation: Option<&Unbounded>) -> Row {
        let most = |of: fn(Sizes) -> usize| {
            let kept = self.all.iter().map(|core| of(core.replica().sizes()));
            kept.max().unwrap_or_default()
        };
        Row {
            v: 1,
            requests,
            slots: most(|sizes| sizes.slots),
            bodies: most(|sizes| sizes.bodies),
            early: most(|sizes| sizes.early),
            checkpoint_votes: most(|sizes| sizes.checkpoint_votes),
            view_changes: most(|sizes| sizes.view_changes),
            waiting: most(|sizes| sizes.requests),
            resident_bytes: resident(),
            verdict,
            violation: violation.map(ToString::to_string),
        }
    }
}

/// How much memory this program has, where the system says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
