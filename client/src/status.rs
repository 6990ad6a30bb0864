//! `client status`: how far each process is.

use quorate_wire::CallError;
use quorate_wire::method::ProcessStatus;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::options::{ReportFormat, StatusOptions};
use crate::render::table::{ballots, close, or_dash, table};
use crate::render::{self, write_out};
use crate::target::{Process, Target};

const HEADER: [&str; 11] = [
    "process",
    "port",
    "fault",
    "view",
    "primary",
    "watermarks",
    "executed",
    "round",
    "close",
    "ballots",
    "decision",
];

/// Prints what each process said of itself.
pub(crate) fn command(target: &Target, options: &StatusOptions) -> anyhow::Result<Exit> {
    let processes = target.processes.iter();
    write_out(&match options.format {
        ReportFormat::Table => format!("{}\n", table(HEADER, processes.map(row))),
        ReportFormat::Json => {
            let processes: Vec<_> = processes.map(object).collect();
            render::json::text(&json!({ "processes": processes }))?
        }
    })?;
    Ok(Exit::Agree)
}

fn row(process: &Process) -> [String; 11] {
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
        of(|status| format!("{}..{}", status.low_watermark, status.high_watermark)),
        of(|status| status.executed.to_string()),
        of(|status| status.round.round.to_string()),
        or_dash(status.and_then(|status| close(&status.round))),
        or_dash(
            status
                .map(|status| ballots(&status.round))
                .filter(|ballots| !ballots.is_empty()),
        ),
        or_dash(status.and_then(decision)),
    ]
}

/// In a word, why a process does not say how it is.
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
        format!("{} (changing)", status.view)
    }
}

fn decision(status: &ProcessStatus) -> Option<&str> {
    Some(status.round.decision.as_str()).filter(|decision| !decision.is_empty())
}

fn cause(process: &Process, error: &CallError) -> String {
    if process.is_stranger() {
        format!("not a Quorate process: {error}")
    } else {
        error.to_string()
    }
}

fn object(process: &Process) -> Value {
    let status = match &process.status {
        Ok(status) => status,
        Err(error) => {
            return json!({
                "process": process.name,
                "port": process.address.port(),
                "reachable": false,
                "cause": cause(process, error),
            });
        }
    };
    json!({
        "process": process.name,
        "port": process.address.port(),
        "reachable": true,
        "fault": status.fault,
        "view": status.view,
        "view_active": status.view_active,
        "primary": status.primary,
        "low_watermark": status.low_watermark,
        "high_watermark": status.high_watermark,
        "executed": status.executed,
        "round": status.round.round,
        "close_sequence_number": close(&status.round),
        "ballots": render::json::ballots(&status.round),
        "decision": decision(status),
        "messages_sent": status.traffic.messages_sent,
        "bytes_sent": status.traffic.bytes_sent,
        "signatures_checked": status.traffic.signatures_checked,
    })
}
