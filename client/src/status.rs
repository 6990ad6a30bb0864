//! `client status`: the status of each process.

use quorate_wire::CallError;
use quorate_wire::method::{ProcessStatus, RoundStatus, ViewChangeReason};
use serde::Serialize;

use crate::exit::Exit;
use crate::options::{ReportFormat, StatusOptions};
use crate::render::proofs::proofs_of;
use crate::render::said::{ProofObject, RoundObject, ViewChangeObject, not_empty};
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
const LISTED_BALLOTS: usize = 10;

/// Prints the status of each process.
pub(crate) fn command(target: &Target, options: &StatusOptions) -> anyhow::Result<Exit> {
    write_out(&match options.format {
        ReportFormat::Table => tables(&target.processes),
        ReportFormat::Json => json::text(&Object {
            processes: target.processes.iter().map(object).collect(),
        })?,
    })?;
    Ok(Exit::Agree)
}

fn tables(processes: &[Process]) -> String {
    let replicas = table(REPLICA_HEADER, processes.iter().map(replica_row));
    let answered = processes.iter().filter_map(|one| one.status.as_ref().ok());
    let rounds = table(ROUND_HEADER, answered.map(round_row));
    let mut tables = format!("{replicas}\n{REPLICA_LEGEND}\n\n{rounds}\n{ROUND_LEGEND}\n");
    let proofs = proofs_of(processes.iter().filter_map(|one| one.status.as_ref().ok()));
    if !proofs.is_empty() {
        let rows = proofs
            .into_iter()
            .map(|proof| [proof.accused, proof.by.join(", "), proof.what]);
        tables += &format!("\n{}\n", table(PROOF_HEADER, rows));
    }
    tables
}

fn replica_row(process: &Process) -> [String; 8] {
    let status = process.status.as_ref().ok();
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
fn absence(process: &Process) -> &'static str {
    if process.is_stranger() {
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

fn round_row(status: &ProcessStatus) -> [String; 5] {
    let round = &status.round;
    [
        status.process.clone(),
        round.round.to_string(),
        or_dash(listed(round)),
        or_dash(close(round)),
        or_dash(not_empty(&round.decision)),
    ]
}

/// The ballots, or how many there are.
fn listed(round: &RoundStatus) -> Option<String> {
    match round.ballots.len() {
        many if many > LISTED_BALLOTS => Some(format!("{many} ballots")),
        _ => ballots(round),
    }
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
}

fn object(process: &Process) -> OfProcess<'_> {
    OfProcess {
        process: &process.name,
        port: process.address.port(),
        reachable: process.is_reachable() && !process.is_stranger(),
        cause: process
            .status
            .as_ref()
            .err()
            .map(|error| cause(process, error)),
        said: process.status.as_ref().ok().map(said),
    }
}

fn cause(process: &Process, error: &CallError) -> String {
    if process.is_stranger() {
        format!("not a Quorate process: {error}")
    } else {
        error.to_string()
    }
}

fn said(status: &ProcessStatus) -> Said<'_> {
    Said {
        fault: &status.fault,
        seed: status.seed,
        view: status.view,
        view_active: status.view_active,
        primary: &status.primary,
        low_watermark: status.low_watermark,
        high_watermark: status.high_watermark,
        executed: status.executed,
        round: (&status.round).into(),
        proofs: status.proofs.iter().map(ProofObject::from).collect(),
        view_changes: status
            .view_changes
            .iter()
            .map(ViewChangeObject::from)
            .collect(),
        messages_sent: status.traffic.messages_sent,
        bytes_sent: status.traffic.bytes_sent,
        signatures_checked: status.traffic.signatures_checked,
    }
}
