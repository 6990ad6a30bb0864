//! `client status`: the status of each process.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use futures_util::future::join_all;
use quorate_server::signals::StopSignals;
use quorate_wire::CallError;
use quorate_wire::method::{ProcessStatus, Round, RoundStatus, RoundSummary, ViewChangeReason};
use serde::Serialize;
use tokio::time::sleep;

use crate::exit::Exit;
use crate::options::{ReportFormat, StatusOptions};
use crate::render::proofs::{proofs_of, suspicions_of};
use crate::render::said::{ProofObject, RoundObject, ViewChangeObject, not_empty};
use crate::render::screen::Screen;
use crate::render::table::{ballots, close, or_dash, table};
use crate::render::{json, write_out};
use crate::target::{Process, Target};

const REPLICA_HEADER: [&str; 8] = [
    "process",
    "port",
    "fault",
    "view",
    "primary",
    "why this view",
    "executed",
    "window",
];
/// The column of the fault.
const FAULT: usize = 2;
const REPLICA_LEGEND: &str = "\
view: \"to 1\" while it changes to view 1. why this view: the reason for which it
left the view before. executed: the last slot that it executed. window: its
last stable checkpoint, and the last slot for which it accepts a proposal.";

const ROUND_HEADER: [&str; 5] = ["process", "round", "ballots", "closed at slot", "decision"];
const ROUND_LEGEND: &str = "\
The latest round of the exchange. Q@2 is a ballot of Q, executed at slot 2. In
brackets: the ballot does not count.";

const PROOF_HEADER: [&str; 3] = ["proved faulty", "by", "for"];

/// If there are more ballots than this, only their number is shown.
const LISTED_BALLOTS: u64 = 10;

/// Prints the status of each process: once, or again and again until Ctrl-C.
pub(crate) async fn command(target: &mut Target, options: &StatusOptions) -> anyhow::Result<Exit> {
    let Some(pause) = options.watch else {
        let text = match options.format {
            ReportFormat::Table => tables(&reports(target, options.format).await),
            ReportFormat::Json => object_text(&reports(target, options.format).await)?,
        };
        write_out(&text)?;
        return Ok(Exit::Agree);
    };
    let mut signals = StopSignals::listen()?;
    let mut screen = Screen::new();
    let mut seen = Seen::default();
    loop {
        let text = {
            let reports = reports(target, options.format).await;
            seen.note(&reports);
            match options.format {
                ReportFormat::Table => watched(&reports, &seen),
                ReportFormat::Json => object_text(&reports)?,
            }
        };
        screen.show(&text)?;
        tokio::select! {
            biased;
            status = signals.received() => return Ok(Exit::Stopped(status)),
            () = async { sleep(pause).await; target.ask_again().await } => {}
        }
    }
}

async fn reports(target: &Target, format: ReportFormat) -> Vec<Report<'_>> {
    let most = match format {
        ReportFormat::Table => LISTED_BALLOTS,
        ReportFormat::Json => u64::MAX,
    };
    join_all(target.processes.iter().map(|process| report(process, most))).await
}

fn object_text(reports: &[Report<'_>]) -> anyhow::Result<String> {
    json::text(&Object {
        processes: reports.iter().map(object).collect(),
    })
}

/// What was seen of the processes that are watched.
#[derive(Default)]
struct Seen {
    /// How often each process had started before, when it last answered.
    lives: BTreeMap<SocketAddr, u64>,
    started_again: BTreeSet<SocketAddr>,
}

impl Seen {
    fn note(&mut self, reports: &[Report<'_>]) {
        for report in reports {
            let Some(status) = report.status() else {
                continue;
            };
            let address = report.process.address;
            let before = self.lives.insert(address, status.life);
            if before.is_some_and(|before| status.life != before) {
                self.started_again.insert(address);
            }
        }
    }
}

/// The status of a process, or why it does not report it.
struct Report<'a> {
    process: &'a Process,
    status: Result<(&'a ProcessStatus, RoundStatus), CallError>,
}

impl Report<'_> {
    fn status(&self) -> Option<&ProcessStatus> {
        self.status.as_ref().ok().map(|(status, _)| *status)
    }
}

/// Asks for the ballots of the latest round, unless there are none or more than `most`.
async fn report(process: &Process, most: u64) -> Report<'_> {
    let status = match &process.status {
        Ok(status) if (1..=most).contains(&status.round.ballots) => {
            let round = Some(status.round.round);
            let round = process.call(Round { round }).await;
            round.map(|round| (status, round))
        }
        Ok(status) => Ok((status, without_ballots(&status.round))),
        Err(error) => Err(error.clone()),
    };
    Report { process, status }
}

fn without_ballots(round: &RoundSummary) -> RoundStatus {
    RoundStatus {
        round: round.round,
        close_sequence_number: round.close_sequence_number,
        ballots: Vec::new(),
        tally: Vec::new(),
        tie: false,
        decision: round.decision.clone(),
    }
}

fn tables(reports: &[Report<'_>]) -> String {
    let replicas = table(REPLICA_HEADER, reports.iter().map(replica_row));
    let rounds = table(ROUND_HEADER, round_rows(reports));
    let what_else = what_else(reports);
    format!("{replicas}\n{REPLICA_LEGEND}\n\n{rounds}\n{ROUND_LEGEND}\n{what_else}")
}

/// The same without its legends. A process that has started again meanwhile says so.
fn watched(reports: &[Report<'_>], seen: &Seen) -> String {
    let row = |report: &Report<'_>| {
        let mut row = replica_row(report);
        if report.status().is_some() && seen.started_again.contains(&report.process.address) {
            row[FAULT] += ", started again";
        }
        row
    };
    let replicas = table(REPLICA_HEADER, reports.iter().map(row));
    let rounds = table(ROUND_HEADER, round_rows(reports));
    format!("{replicas}\n{rounds}\n{}", what_else(reports))
}

fn round_rows<'a>(reports: &'a [Report<'a>]) -> impl Iterator<Item = [String; 5]> {
    let answered = reports.iter().filter_map(|one| one.status.as_ref().ok());
    answered.map(round_row)
}

/// Who is proved faulty, and who is suspect.
fn what_else(reports: &[Report<'_>]) -> String {
    let mut text = String::new();
    let proofs = proofs_of(reports.iter().filter_map(Report::status));
    if !proofs.is_empty() {
        let rows = proofs
            .into_iter()
            .map(|proof| [proof.accused, proof.by.join(", "), proof.what]);
        text += &format!("\n{}\n", table(PROOF_HEADER, rows));
    }
    for line in suspicions_of(reports.iter().filter_map(Report::status)) {
        text += &format!("\n{line}\n");
    }
    text
}

fn replica_row(report: &Report<'_>) -> [String; 8] {
    let Report { process, .. } = report;
    let status = report.status();
    let of = |column: fn(&ProcessStatus) -> String| or_dash(status.map(column));
    [
        process.name.clone(),
        process.address.port().to_string(),
        status.map_or_else(
            || absence(process).to_owned(),
            |status| status.fault.clone(),
        ),
        of(view),
        of(|status| status.primary.clone()),
        or_dash(status.and_then(reason)),
        of(|status| status.executed.to_string()),
        of(|status| format!("{}..{}", status.low_watermark, status.high_watermark)),
    ]
}

/// Why a process does not report its status, in a word or two.
fn absence(process: &Process) -> &str {
    if let Some(reason) = process.away() {
        reason
    } else if process.is_stranger() {
        "not Quorate"
    } else if process.is_reachable() {
        "no answer"
    } else {
        "unreachable"
    }
}

fn view(status: &ProcessStatus) -> String {
    if status.view_active {
        status.view.to_string()
    } else {
        format!("to {}", status.view)
    }
}

/// Why the process changed to its view. `None` if it started in this view, or does not keep the reason any more.
fn reason(status: &ProcessStatus) -> Option<ViewChangeReason> {
    let mut changes = status.view_changes.iter();
    let last = changes.rfind(|change| change.view == status.view);
    last.map(|change| change.reason)
}

fn round_row((status, round): &(&ProcessStatus, RoundStatus)) -> [String; 5] {
    let ballots = match status.round.ballots {
        many if many > LISTED_BALLOTS => Some(format!("{many} ballots")),
        _ => ballots(round),
    };
    [
        status.process.clone(),
        round.round.to_string(),
        or_dash(ballots),
        or_dash(close(round)),
        or_dash(not_empty(&round.decision)),
    ]
}

#[derive(Serialize)]
struct Object<'a> {
    processes: Vec<OfProcess<'a>>,
}

/// What is known of one process.
#[derive(Serialize)]
struct OfProcess<'a> {
    process: &'a str,
    port: u16,
    reachable: bool,
    /// Why it did not report its status.
    cause: Option<String>,
    #[serde(flatten)]
    said: Option<Said<'a>>,
}

/// The status of one process.
#[derive(Serialize)]
struct Said<'a> {
    fault: &'a str,
    life: u64,
    seed: u64,
    view: u64,
    view_active: bool,
    primary: &'a str,
    low_watermark: u64,
    high_watermark: u64,
    executed: u64,
    #[serde(flatten)]
    round: RoundObject<'a>,
    proofs: Vec<ProofObject<'a>>,
    view_changes: Vec<ViewChangeObject<'a>>,
    messages_sent: u64,
    bytes_sent: u64,
    signatures_checked: u64,
    messages_lost: u64,
    outbox_bytes: u64,
    inbox_bytes: u64,
}

fn object<'a>(report: &'a Report<'_>) -> OfProcess<'a> {
    let Report { process, status } = report;
    OfProcess {
        process: &process.name,
        port: process.address.port(),
        reachable: process.is_reachable() && !process.is_stranger(),
        cause: status.as_ref().err().map(|error| cause(process, error)),
        said: status.as_ref().ok().map(said),
    }
}

fn cause(process: &Process, error: &CallError) -> String {
    if let Some(reason) = process.away() {
        reason.to_owned()
    } else if process.is_stranger() {
        format!("not a Quorate process: {error}")
    } else {
        error.to_string()
    }
}

fn said<'a>((status, round): &'a (&ProcessStatus, RoundStatus)) -> Said<'a> {
    Said {
        fault: &status.fault,
        life: status.life,
        seed: status.seed,
        view: status.view,
        view_active: status.view_active,
        primary: &status.primary,
        low_watermark: status.low_watermark,
        high_watermark: status.high_watermark,
        executed: status.executed,
        round: round.into(),
        proofs: status.proofs.iter().map(ProofObject::from).collect(),
        view_changes: status
            .view_changes
            .iter()
            .map(ViewChangeObject::from)
            .collect(),
        messages_sent: status.traffic.messages_sent,
        bytes_sent: status.traffic.bytes_sent,
        signatures_checked: status.traffic.signatures_checked,
        messages_lost: status.traffic.messages_lost,
        outbox_bytes: status.traffic.outbox_bytes,
        inbox_bytes: status.traffic.inbox_bytes,
    }
}
