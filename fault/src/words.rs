//! Reads the words that behaviours and triggers have in common.

use quorate_protocol::ReplicaId;
use quorate_spelling::similar;

use crate::error::ParseError;

/// Reads a time with its unit, in microseconds.
pub(crate) fn parse_micros(text: &str) -> Option<u64> {
    let time = humantime::parse_duration(text).ok()?;
    time.as_micros().try_into().ok()
}

/// Reads the name of one of `n` processes.
pub(crate) fn parse_process(name: &str, n: u32) -> Result<ReplicaId, ParseError> {
    let process: ReplicaId = name.parse()?;
    if process.0 < n {
        Ok(process)
    } else {
        Err(ParseError::NoSuchProcess {
            name: name.to_owned(),
            n,
            last: ReplicaId(n.saturating_sub(1)),
        })
    }
}

/// Reads `25%` or `25`, from 1 to 100.
pub(crate) fn parse_percent(text: &str) -> Option<u64> {
    let percent = text.strip_suffix('%').unwrap_or(text).parse().ok()?;
    (1..=100).contains(&percent).then_some(percent)
}

/// What to write for a word that is none of these forms, of which each begins with its name.
pub(crate) fn instead(word: &str, forms: &[&str]) -> String {
    let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
    let names: Vec<_> = forms.iter().map(|form| name(form)).collect();
    let all = forms.join(", ");
    match similar(&name(word), names.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean '{meant}'? There are {all}"),
        None => format!("use one of {all}"),
    }
}
