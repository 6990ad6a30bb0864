//! What the benchmarks share: `client bench`, run as a user runs it, and a cluster of their own.

#![allow(dead_code, reason = "each benchmark uses a part")]

use std::process::{Command, Stdio};
use std::time::Duration;

use quorate_server::logging::{LogFormat, Logging};
use quorate_server::{ClusterConfig, FaultPlan, LinkRules, Restart, since_1970};
use serde_json::Value;

/// Measures a cluster of its own, once, and gives the figures of the run.
///
/// # Errors
/// What `client` complained about.
pub(crate) fn measure(arguments: &[&str]) -> Result<Value, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_client"))
        .args(["bench", "--spawn", "--runs", "1", "--format", "json"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("client: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(complaint.trim().to_owned());
    }
    let object: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("client: {error}"))?;
    Ok(object["runs"][0].clone())
}

/// A figure of a run.
pub(crate) fn figure(run: &Value, name: &str) -> f64 {
    run[name].as_f64().unwrap_or(f64::NAN)
}

/// The middle one of some values, or the lower of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(f64::NAN)
}

/// Four correct processes that keep nothing, with this view timeout.
pub(crate) fn four_processes(view_timeout: Duration, decision_timeout: Duration) -> ClusterConfig {
    ClusterConfig {
        web: None,
        data_dir: None,
        processes: 4,
        host: "127.0.0.1".into(),
        allowed_hosts: Vec::new(),
        base_port: None,
        faults: FaultPlan::default(),
        links: LinkRules::default(),
        started_us: since_1970(),
        default_decision: "retreat".into(),
        view_timeout,
        seed: None,
        batch_limit: 256,
        decision_timeout,
        trace: false,
        checkpoint_interval: None,
        status_interval: None,
        restart: Restart::Never,
        control: false,
        logging: Logging {
            format: LogFormat::Text,
            level: "error",
        },
        executable: Some(env!("CARGO_BIN_EXE_client").into()),
    }
}
