//! `pbft.yaml`: the nodes, the clients, and how they behave.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_saphyr::{Location, Spanned};

/// The most nodes of a cluster.
const MOST_NODES: usize = 100;

/// Why a file cannot be used. Each says where in the file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        cause: std::io::Error,
    },
    /// It is no YAML, a key is unknown or missing, or a value is of another kind.
    #[error("{}: {cause}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        cause: String,
    },
    /// A value cannot be used.
    #[error("{}, line {line}: {what}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: u64,
        /// What is wrong with it, and what to write.
        what: String,
    },
}

/// Where somebody listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// A name or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Address {
    /// Where to listen or call: IPv4 first, if the host has both.
    ///
    /// # Errors
    /// The host is not known.
    pub fn resolve(&self) -> std::io::Result<SocketAddr> {
        let all: Vec<SocketAddr> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        let first = all.iter().find(|one| one.is_ipv4()).or(all.first());
        first.copied().ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::NotFound, "the host has no address")
        })
    }
}

/// The contents of a `pbft.yaml`.
#[derive(Clone, Debug, PartialEq)]
pub struct PbftYaml {
    /// The nodes, by index.
    pub nodes: Vec<Address>,
    /// The clients, by index: where replies go to, and nowhere else.
    pub clients: Vec<Address>,
    /// `loss%`: how many of a hundred messages between nodes are lost.
    pub loss_percent: f64,
    /// `ckpt_interval`: a checkpoint is taken every so many slots.
    pub checkpoint_interval: u64,
    /// `retry_times_before_view_change`: how often a client sends again before it asks for another primary.
    pub retries: u32,
    /// `sync_interval`: how often nodes say where they stand.
    pub sync_interval: Duration,
    /// `network_timeout`: how long a client waits before it sends again, and a node for a client to take its reply.
    pub network_timeout: Duration,
}

/// The file as it stands.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    nodes: Spanned<Vec<RawAddress>>,
    clients: Vec<RawAddress>,
    #[serde(rename = "loss%")]
    loss: Spanned<f64>,
    ckpt_interval: Spanned<f64>,
    retry_times_before_view_change: Spanned<f64>,
    sync_interval: Spanned<f64>,
    misc: Misc,
}

/// Numbers are read as what holds any: of one that does not fit the library would say no more than that.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAddress {
    host: Spanned<String>,
    port: Spanned<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Misc {
    network_timeout: Spanned<f64>,
}

impl PbftYaml {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read or used; the error says which line and what to write instead.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
            path: path.to_owned(),
            cause,
        })?;
        Self::parse(&text, path)
    }

    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let raw: Raw = serde_saphyr::from_str(text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            cause: error.to_string(),
        })?;
        raw.check()
            .map_err(|(location, what)| ConfigError::Invalid {
                path: path.to_owned(),
                line: location.line(),
                what,
            })
    }
}

/// Where a value stands that cannot be used, and why not.
type Flaw = (Location, String);

impl Raw {
    fn check(self) -> Result<PbftYaml, Flaw> {
        let count = self.nodes.value.len();
        if !(1..=MOST_NODES).contains(&count) {
            let what = format!("nodes: there are {count}; list 1 to {MOST_NODES}");
            return Err((self.nodes.referenced, what));
        }
        let mut seen = BTreeMap::new();
        let mut read = |raw: &RawAddress| {
            let address = raw.check()?;
            let place = raw.port.referenced;
            if let Some(line) = seen.insert(address.clone(), place.line()) {
                let what = format!(
                    "{address} stands in line {line} already: give each node and client a port of its own"
                );
                return Err((place, what));
            }
            Ok(address)
        };
        let nodes = self
            .nodes
            .value
            .iter()
            .map(&mut read)
            .collect::<Result<_, _>>()?;
        let clients = self.clients.iter().map(read).collect::<Result<_, _>>()?;
        Ok(PbftYaml {
            loss_percent: within(&self.loss, "loss%", 0.0..=100.0)?,
            checkpoint_interval: whole(&self.ckpt_interval, "ckpt_interval", 1..=10_000)?,
            retries: whole(
                &self.retry_times_before_view_change,
                "retry_times_before_view_change",
                0..=1000,
            )?,
            sync_interval: seconds(&self.sync_interval, "sync_interval")?,
            network_timeout: seconds(&self.misc.network_timeout, "network_timeout")?,
            nodes,
            clients,
        })
    }
}

impl RawAddress {
    fn check(&self) -> Result<Address, Flaw> {
        let host = self.host.value.clone();
        if host.is_empty() {
            let what = "host: give the name or address of a machine, such as localhost";
            return Err((self.host.referenced, what.to_owned()));
        }
        let port = whole(&self.port, "port", 1..=u16::MAX)?;
        Ok(Address { host, port })
    }
}

/// A whole number, within bounds.
fn whole<T>(value: &Spanned<f64>, name: &str, range: RangeInclusive<T>) -> Result<T, Flaw>
where
    T: PartialOrd + Copy + fmt::Display + Into<u64> + TryFrom<u64>,
{
    let (least, most) = (*range.start(), *range.end());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is cut off does not come back the same"
    )]
    let number = value.value as u64;
    #[expect(clippy::cast_precision_loss, reason = "it is compared")]
    let same = number as f64 == value.value;
    T::try_from(number)
        .ok()
        .filter(|number| same && range.contains(number))
        .ok_or_else(|| {
            let given = value.value;
            let what = format!("{name}: {given} is no whole number from {least} to {most}");
            (value.referenced, what)
        })
}

fn within<T: PartialOrd + Copy + fmt::Display>(
    value: &Spanned<T>,
    name: &str,
    range: RangeInclusive<T>,
) -> Result<T, Flaw> {
    if range.contains(&value.value) {
        return Ok(value.value);
    }
    let (given, least, most) = (value.value, range.start(), range.end());
    let what = format!("{name}: {given} is not from {least} to {most}");
    Err((value.referenced, what))
}

fn seconds(value: &Spanned<f64>, name: &str) -> Result<Duration, Flaw> {
    within(value, &format!("{name}, in seconds"), 0.001..=3600.0).map(Duration::from_secs_f64)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::PbftYaml;

    const SAMPLE: &str = include_str!("../pbft.yaml");

    fn parse(text: &str) -> Result<PbftYaml, String> {
        PbftYaml::parse(text, Path::new("pbft.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_sample_is_read_as_it_stands() {
        let config = parse(SAMPLE).unwrap();
        let ports = |all: &[super::Address]| all.iter().map(|one| one.port).collect::<Vec<_>>();
        assert_eq!(ports(&config.nodes), [30000, 30001, 30002, 30003]);
        assert_eq!(ports(&config.clients), [20001, 20002]);
        assert_eq!(config.nodes[0].host, "localhost");
        assert_eq!((config.loss_percent, config.retries), (0.0, 2));
        assert_eq!(config.checkpoint_interval, 10);
        assert_eq!(config.sync_interval, Duration::from_secs(5));
        assert_eq!(config.network_timeout, Duration::from_secs(5));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_line() {
        for (from, to, line, words) in [
            ("port: 30001", "port: 30000", 5, "stands in line 3 already"),
            (
                "port: 20001",
                "port: 30003",
                13,
                "localhost:30003 stands in line 9 already",
            ),
            ("loss%: 0", "loss%: 101", 17, "101 is not from 0 to 100"),
            ("loss%: 0", "loss%: -1", 17, "not from 0 to 100"),
            (
                "ckpt_interval: 10",
                "ckpt_interval: 0",
                19,
                "0 is no whole number from 1 to 10000",
            ),
            (
                "sync_interval: 5",
                "sync_interval: 0",
                23,
                "in seconds: 0 is not from",
            ),
            (
                "network_timeout: 5",
                "network_timeout: .nan",
                26,
                "NaN is not from",
            ),
            ("port: 20002", "port: 0", 15, "no whole number from 1 to"),
            ("port: 20002", "port: 70000", 15, "port: 70000 is no whole"),
            ("port: 20002", "port: -1", 15, "port: -1 is no whole number"),
            ("port: 20002", "port: 80.5", 15, "from 1 to 65535"),
            (
                "retry_times_before_view_change: 2",
                "retry_times_before_view_change: 1e9",
                21,
                "from 0 to 1000",
            ),
            (
                "ckpt_interval: 10",
                "ckpt_interval: often",
                19,
                "ckpt_interval",
            ),
            (
                "ckpt_interval",
                "checkpoint_interval",
                19,
                "checkpoint_interval",
            ),
            ("misc:", "misc:\n    speed: 1", 26, "speed"),
            ("retry_times_before_view_change: 2", "loss%: 1", 21, "loss%"),
        ] {
            assert!(SAMPLE.contains(from), "{from}");
            let error = parse(&SAMPLE.replacen(from, to, 1)).unwrap_err();
            assert!(error.starts_with("pbft.yaml"), "{error}");
            assert!(
                error.contains(&format!("line {line}")),
                "{to}: {line}: {error}"
            );
            assert!(error.contains(words), "{to}: {error}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        for name in [
            "nodes",
            "clients",
            "loss%",
            "ckpt_interval",
            "sync_interval",
            "misc",
        ] {
            let spoilt = SAMPLE.replacen(&format!("{name}:"), "#", 1);
            let error = parse(&spoilt).unwrap_err();
            assert!(error.contains("line "), "{name}: {error}");
        }
        let without = SAMPLE.replace("retry_times_before_view_change: 2\n", "");
        let error = parse(&without).unwrap_err();
        assert!(error.contains("retry_times_before_view_change"), "{error}");
    }
}
