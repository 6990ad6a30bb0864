//! `QUORATE_LOG`: what is logged.

use std::fmt;

use quorate_spelling::similar;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// Our parts that log.
pub(super) const OURS: [&str; 5] = [
    "quorate_server",
    "quorate_node",
    "quorate_wire",
    "client",
    "server",
];

/// Libraries that log too. Their lines are off unless one is named.
const OTHERS: [&str; 3] = ["hyper_util", "dxr_client", "dxr_server"];

const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It has the level of all our parts twice, or that of one part.
    Twice(String),
    /// It is neither a level nor a part of the program.
    Unknown(String),
    /// What stands behind `=` is no level.
    NoLevel(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = || OURS.into_iter().chain(OTHERS);
        let levels = || LEVELS.map(|(name, _)| name);
        match self {
            Self::Twice(what) => write!(formatter, "'{what}' stands there twice: write it once"),
            Self::Unknown(word) => {
                let candidates = levels().into_iter().chain(parts());
                write!(
                    formatter,
                    "'{word}' is neither a level nor a part of the program{}: levels are {}; parts are {}, as in quorate_node=debug",
                    meant(word, candidates),
                    levels().join(", "),
                    parts().collect::<Vec<_>>().join(", "),
                )
            }
            Self::NoLevel(word) => write!(
                formatter,
                "'{word}' is no level{}: levels are {}",
                meant(word, levels()),
                levels().join(", ")
            ),
        }
    }
}

fn meant<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    similar(word, candidates)
        .map_or_else(String::new, |meant| format!(" (did you mean '{meant}'?)"))
}

/// Reads `info`, `quorate_node=trace` or `info,quorate_node=trace,hyper_util=debug`. A level alone is about all our parts; those
/// that are not mentioned have the level `usual`.
pub(super) fn parse(text: &str, usual: LevelFilter) -> Result<Targets, Cause> {
    let mut all_ours = None;
    let mut named: Vec<(&str, LevelFilter)> = Vec::new();
    for item in text.split(',').map(str::trim) {
        if let Some(level) = level_of(item) {
            if all_ours.replace(level).is_some() {
                return Err(Cause::Twice("a level for all parts".to_owned()));
            }
            continue;
        }
        let (word, level) = item.split_once('=').unwrap_or((item, "trace"));
        let mut parts = OURS.into_iter().chain(OTHERS);
        let Some(part) = parts.find(|part| *part == word.trim()) else {
            return Err(Cause::Unknown(word.to_owned()));
        };
        let level = level_of(level.trim()).ok_or_else(|| Cause::NoLevel(level.to_owned()))?;
        if named.iter().any(|(other, _)| *other == part) {
            return Err(Cause::Twice(part.to_owned()));
        }
        named.push((part, level));
    }
    let all_ours = all_ours.unwrap_or(usual);
    let ours = OURS.map(|part| (part, all_ours));
    Ok(Targets::new().with_targets(ours).with_targets(named))
}

pub(super) fn level_of(word: &str) -> Option<LevelFilter> {
    let mut levels = LEVELS.into_iter();
    levels
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map(|(_, level)| level)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tracing_subscriber::filter::LevelFilter;

    use super::{Cause, OURS, parse};

    const DEBUG: tracing::Level = tracing::Level::DEBUG;
    const WARN: tracing::Level = tracing::Level::WARN;

    #[test]
    fn a_level_is_about_our_parts_and_others_are_off_unless_named() {
        let targets = parse("debug", LevelFilter::INFO).unwrap();
        assert!(targets.would_enable("quorate_node::runtime", &DEBUG));
        assert!(!targets.would_enable("hyper_util::client", &WARN));
        let targets = parse(
            "warn, hyper_util=debug,quorate_wire=debug",
            LevelFilter::INFO,
        )
        .unwrap();
        assert!(targets.would_enable("hyper_util::client", &DEBUG));
        assert!(targets.would_enable("quorate_wire::endpoint", &DEBUG));
        assert!(!targets.would_enable("quorate_node", &DEBUG));
        let targets = parse("quorate_wire=debug", LevelFilter::WARN).unwrap();
        assert!(
            targets.would_enable("quorate_node", &WARN),
            "the others stay as usual"
        );
    }

    #[test]
    fn a_filter_that_means_nothing_is_refused_with_what_to_write() {
        let error = |text| parse(text, LevelFilter::INFO).unwrap_err();
        for text in [
            "blah",
            "",
            "warn,",
            "quorate_nod=debug",
            "quorate_node::x=debug",
            "[span]=debug",
        ] {
            assert!(matches!(error(text), Cause::Unknown(_)), "{text}");
        }
        assert!(
            error("quorate_nod=debug")
                .to_string()
                .contains("did you mean 'quorate_node'?")
        );
        assert!(error("wran").to_string().contains("did you mean 'warn'?"));
        assert!(
            error("quorate_node=debgu")
                .to_string()
                .contains("did you mean 'debug'?")
        );
        assert!(matches!(error("quorate_node=loud"), Cause::NoLevel(_)));
        assert!(matches!(error("info,warn"), Cause::Twice(_)));
        assert!(matches!(
            error("quorate_node=info,quorate_node=warn"),
            Cause::Twice(_)
        ));
    }

    #[test]
    fn every_crate_that_logs_can_be_named() {
        let house = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for folder in fs::read_dir(house).unwrap() {
            let folder = folder.unwrap();
            let Ok(manifest) = fs::read_to_string(folder.path().join("Cargo.toml")) else {
                continue;
            };
            if manifest.contains("\ntracing.workspace") {
                let name = format!("quorate_{}", folder.file_name().to_string_lossy());
                assert!(
                    OURS.contains(&name.as_str()),
                    "{name} cannot be named in QUORATE_LOG"
                );
            }
        }
    }
}
