//! `pbft.yaml`: the nodes, the clients, and how they behave.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::yaml::{self, Node, Value};

/// The most nodes of a cluster. Each slot takes n*n votes with a signature check each: 64 processes on two cores had decided nothing
/// after 60 s, and 31 decide within seconds.
pub const MOST_NODES: u32 = 31;

/// Why a file cannot be used. Each error says where in the file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        cause: std::io::Error,
    },
    /// It is not YAML.
    #[error("{}: this is not YAML: {cause}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The YAML parser's error, with the line.
        cause: String,
    },
    /// A value is not valid, or is missing.
    #[error("{}, line {line}: {what}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The key, what is wrong with its value, and what to write instead.
        what: String,
    },
}

/// A host and port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// As in a URL: an IPv6 address stands in brackets.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.url_host(), self.port)
    }
}

impl Address {
    /// The address to listen at or to call: IPv4 first, if the host has both.
    ///
    /// # Errors
    /// The host is unknown.
    pub fn resolve(&self) -> std::io::Result<SocketAddr> {
        let all: Vec<SocketAddr> = (self.host.as_str(), self.port).to_socket_addrs()?.collect();
        let first = all.iter().find(|one| one.is_ipv4()).or(all.first());
        first.copied().ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::NotFound, "the host has no address")
        })
    }

    /// The host as in a URL or a `Host` header: an IPv6 address stands in brackets.
    #[must_use]
    pub fn url_host(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }

    /// Whether a URL has this host and port.
    #[must_use]
    pub fn is_at(&self, host: &str, port: u16) -> bool {
        let host = without_brackets(host);
        let same = match (host.parse::<IpAddr>(), self.host.parse::<IpAddr>()) {
            (Ok(one), Ok(other)) => one == other,
            _ => host.eq_ignore_ascii_case(&self.host),
        };
        same && port == self.port
    }
}

/// A host without the brackets around an IPv6 address.
#[must_use]
pub fn without_brackets(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inner.unwrap_or(host)
}

/// The contents of a `pbft.yaml`.
#[derive(Clone, Debug, PartialEq)]
pub struct PbftYaml {
    /// The nodes, by index.
    pub nodes: Vec<Address>,
    /// The clients, by index. Replies are sent only to these.
    pub clients: Vec<Address>,
    /// `loss%`: the percentage of messages between nodes that are lost.
    pub loss_percent: f64,
    /// `ckpt_interval`: the slots between two checkpoints.
    pub checkpoint_interval: u64,
    /// `retry_times_before_view_change`: how often a client sends a request again before it asks for another primary.
    pub retries: u32,
    /// `sync_interval`: how often nodes send their standing.
    pub sync_interval: Duration,
    /// `network_timeout`: how long a client waits before it sends again, and how long a node waits for a client to take
    /// its reply.
    pub network_timeout: Duration,
    /// Warnings about unknown keys, each with the file, the line and the key.
    pub warnings: Vec<String>,
    path: PathBuf,
    /// The lines of the nodes' hosts and ports, then those of the clients.
    lines: Vec<Lines>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lines {
    host: u64,
    port: u64,
}

impl PbftYaml {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read or used. The error says which line is wrong and what to write instead.
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
        let root = yaml::parse(text).map_err(|cause| ConfigError::Malformed {
            path: path.to_owned(),
            cause,
        })?;
        read_root(&root, path).map_err(|Flaw { line, what }| ConfigError::Invalid {
            path: path.to_owned(),
            line,
            what,
        })
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The error for a node's host that cannot be used.
    #[must_use]
    pub fn bad_host(&self, node: usize, what: &str) -> ConfigError {
        self.bad(node, |lines| lines.host, format!("host: {what}"))
    }

    /// The error for a client's host that cannot be used.
    #[must_use]
    pub fn bad_client_host(&self, client: usize, what: &str) -> ConfigError {
        self.bad_host(self.nodes.len() + client, what)
    }

    /// The error for a node's port that cannot be used.
    #[must_use]
    pub fn bad_port(&self, node: usize, what: &str) -> ConfigError {
        self.bad(node, |lines| lines.port, format!("port: {what}"))
    }

    fn bad(&self, place: usize, line: impl Fn(&Lines) -> u64, what: String) -> ConfigError {
        ConfigError::Invalid {
            path: self.path.clone(),
            line: self.lines.get(place).map_or(1, line),
            what,
        }
    }
}

/// Why a value cannot be used, and its line.
struct Flaw {
    line: u64,
    what: String,
}

impl Flaw {
    fn at(node: &Node, what: String) -> Self {
        Self {
            line: node.line,
            what,
        }
    }
}

const KEYS: [&str; 7] = [
    "nodes",
    "clients",
    "loss%",
    "ckpt_interval",
    "retry_times_before_view_change",
    "sync_interval",
    "misc",
];

fn read_root(root: &Node, path: &Path) -> Result<PbftYaml, Flaw> {
    let mut reader = Reader {
        path,
        warnings: Vec::new(),
        seen: BTreeMap::new(),
        lines: Vec::new(),
    };
    let file = reader.section(root, "the file", &KEYS)?;
    let nodes = reader.addresses(&file.value("nodes")?)?;
    let count = nodes.len();
    if !(1..=MOST_NODES as usize).contains(&count) {
        let what = format!(
            "nodes: there are {count}; list 1 to {MOST_NODES}: each slot takes n*n votes, and more nodes do not decide in time"
        );
        return Err(Flaw::at(file.value("nodes")?.node, what));
    }
    let clients = reader.addresses(&file.value("clients")?)?;
    let misc = file.value("misc")?.node;
    let misc = reader.section(misc, "misc", &["network_timeout"])?;
    Ok(PbftYaml {
        nodes,
        clients,
        loss_percent: file.value("loss%")?.number("", 0.0..=100.0)?,
        checkpoint_interval: file.value("ckpt_interval")?.whole(1..=10_000)?,
        retries: file
            .value("retry_times_before_view_change")?
            .whole(0..=1000)?,
        sync_interval: file.value("sync_interval")?.seconds()?,
        network_timeout: misc.value("network_timeout")?.seconds()?,
        warnings: reader.warnings,
        path: path.to_owned(),
        lines: reader.lines,
    })
}

/// What has been read so far.
struct Reader<'a> {
    path: &'a Path,
    warnings: Vec<String>,
    /// The line of each address.
    seen: BTreeMap<Address, u64>,
    lines: Vec<Lines>,
}

/// Keys with their values.
struct Section<'a> {
    name: &'static str,
    line: u64,
    known: BTreeMap<&'static str, &'a Node>,
    /// Unknown keys, with their lines.
    unknown: Vec<(String, u64)>,
}

/// The value of a key.
struct Entry<'a> {
    key: &'static str,
    node: &'a Node,
}

impl Reader<'_> {
    fn section<'a>(
        &mut self,
        node: &'a Node,
        name: &'static str,
        keys: &[&'static str],
    ) -> Result<Section<'a>, Flaw> {
        let Value::Map(entries) = &node.value else {
            let what = format!(
                "{name} is {}: write keys with values: {}",
                node.value,
                keys.join(", ")
            );
            return Err(Flaw::at(node, what));
        };
        let mut section = Section {
            name,
            line: node.line,
            known: BTreeMap::new(),
            unknown: Vec::new(),
        };
        let mut lines = BTreeMap::new();
        for (key, value) in entries {
            let known = keys.iter().find(|known| is_key(key, known));
            let Some(&known) = known else {
                let key_text = match &key.value {
                    Value::Text(text) => text.clone(),
                    other => other.to_string(),
                };
                self.warnings.push(format!(
                    "{}, line {}: unknown key {key_text:?} in {name} is ignored; known keys: {}",
                    self.path.display(),
                    key.line,
                    keys.join(", ")
                ));
                section.unknown.push((key_text, key.line));
                continue;
            };
            if let Some(line) = lines.insert(known, key.line) {
                let what = format!("{known} is already in line {line}: remove one of the two");
                return Err(Flaw::at(key, what));
            }
            section.known.insert(known, value);
        }
        Ok(section)
    }

    fn addresses(&mut self, entry: &Entry<'_>) -> Result<Vec<Address>, Flaw> {
        let Value::List(all) = &entry.node.value else {
            return Err(entry.flaw("a list of `- host: NAME` and `port: NUMBER`"));
        };
        all.iter()
            .map(|node| self.address(entry.key, node))
            .collect()
    }

    fn address(&mut self, list: &'static str, node: &Node) -> Result<Address, Flaw> {
        let section = self.section(node, list, &["host", "port"])?;
        let (host, port) = (section.value("host")?, section.value("port")?);
        let address = Address {
            host: host.host()?,
            port: port.whole(1..=u16::MAX)?,
        };
        self.lines.push(Lines {
            host: host.node.line,
            port: port.node.line,
        });
        if let Some(line) = self.seen.insert(address.clone(), port.node.line) {
            let what = format!(
                "{address} is already in line {line}: give each node and client a port of its own"
            );
            return Err(Flaw::at(port.node, what));
        }
        Ok(address)
    }
}

fn is_key(node: &Node, key: &str) -> bool {
    matches!(&node.value, Value::Text(text) if text == key)
}

impl<'a> Section<'a> {
    fn value(&self, key: &'static str) -> Result<Entry<'a>, Flaw> {
        if let Some(node) = self.known.get(key) {
            return Ok(Entry { key, node });
        }
        let mut what = format!("{key} is missing in {}: add it", self.name);
        for (other, line) in &self.unknown {
            what.push_str(&format!("; line {line} has the unknown key {other:?}"));
        }
        let line = self.line;
        Err(Flaw { line, what })
    }
}

impl Entry<'_> {
    fn flaw(&self, wanted: &str) -> Flaw {
        let Self { key, node } = self;
        Flaw::at(node, format!("{key}: {} is not {wanted}", node.value))
    }

    fn host(&self) -> Result<String, Flaw> {
        let wanted = "the name or address of a machine: write one such as localhost or 10.0.0.1";
        let Value::Text(text) = &self.node.value else {
            return Err(self.flaw(wanted));
        };
        let host = without_brackets(text);
        if let Ok(ip) = host.parse::<IpAddr>() {
            return Ok(ip.to_string());
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(is_name) {
            return Err(self.flaw(&format!("{wanted}, without http:// and port")));
        }
        Ok(host.to_owned())
    }

    /// A whole number, within bounds.
    fn whole<T>(&self, range: RangeInclusive<T>) -> Result<T, Flaw>
    where
        T: PartialOrd + Copy + fmt::Display + TryFrom<i128>,
    {
        let (least, most) = (*range.start(), *range.end());
        let number = match self.node.value {
            Value::Integer(number) => Some(number),
            #[expect(clippy::cast_possible_truncation, reason = "it has no fraction")]
            Value::Float(number) if number.fract() == 0.0 => Some(number as i128),
            _ => None,
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.flaw(&format!("a whole number from {least} to {most}")))
    }

    /// A number, within bounds.
    fn number(&self, unit: &str, range: RangeInclusive<f64>) -> Result<f64, Flaw> {
        let number = match self.node.value {
            #[expect(clippy::cast_precision_loss, reason = "the bounds are small")]
            Value::Integer(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| {
                let (least, most) = (range.start(), range.end());
                self.flaw(&format!("a number{unit} from {least} to {most}"))
            })
    }

    fn seconds(&self) -> Result<Duration, Flaw> {
        self.number(" of seconds", 0.001..=3600.0)
            .map(Duration::from_secs_f64)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::{Address, PbftYaml};

    const SAMPLE: &str = include_str!("../pbft.yaml");

    fn parse(text: &str) -> Result<PbftYaml, String> {
        PbftYaml::parse(text, Path::new("pbft.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_sample_file_is_read_unchanged() {
        let config = parse(SAMPLE).unwrap();
        let ports = |all: &[Address]| all.iter().map(|one| one.port).collect::<Vec<_>>();
        assert_eq!(ports(&config.nodes), [30000, 30001, 30002, 30003]);
        assert_eq!(ports(&config.clients), [20001, 20002]);
        assert_eq!(config.nodes[0].host, "localhost");
        assert_eq!((config.loss_percent, config.retries), (0.0, 2));
        assert_eq!(config.checkpoint_interval, 10);
        assert_eq!(config.sync_interval, Duration::from_secs(5));
        assert_eq!(config.network_timeout, Duration::from_secs(5));
        assert!(config.warnings.is_empty());
    }

    /// The sample with the first occurrence of a text replaced.
    fn changed(from: &str, to: &str) -> Result<PbftYaml, String> {
        assert!(SAMPLE.contains(from), "{from}");
        parse(&SAMPLE.replacen(from, to, 1))
    }

    #[test]
    fn unusable_values_are_refused_with_line_and_key() {
        for (from, to, line, words) in [
            ("port: 30001", "port: 30000", 5, "is already in line 3"),
            (
                "port: 20001",
                "port: 30003",
                13,
                "localhost:30003 is already in line 9",
            ),
            ("loss%: 0", "loss%: 101", 17, "loss%: 101 is not a number"),
            ("loss%: 0", "loss%: -1", 17, "from 0 to 100"),
            (
                "ckpt_interval: 10",
                "ckpt_interval: 0",
                19,
                "0 is not a whole number from 1 to 10000",
            ),
            (
                "sync_interval: 5",
                "sync_interval: 0",
                23,
                "sync_interval: 0 is not a number of seconds from",
            ),
            (
                "network_timeout: 5",
                "network_timeout: .nan",
                26,
                "NaN is not a number of seconds",
            ),
            ("port: 20002", "port: 0", 15, "a whole number from 1 to"),
            ("port: 20002", "port: 70000", 15, "port: 70000 is not"),
            ("port: 20002", "port: -1", 15, "port: -1 is not a whole"),
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
                "ckpt_interval: the text \"often\" is not",
            ),
            (
                "ckpt_interval",
                "checkpoint_interval",
                19,
                "ckpt_interval is missing in the file: add it; line 19 has the unknown key \"checkpoint_interval\"",
            ),
            (
                "retry_times_before_view_change: 2",
                "loss%: 1",
                21,
                "loss% is already in line 17: remove one",
            ),
            (
                "port: 30001",
                "port: 30001\n      port: 30009",
                6,
                "port is already in line 5: remove one",
            ),
            (
                "port: 30001",
                "prt: 30001",
                4,
                "port is missing in nodes: add it",
            ),
            (
                "host: localhost",
                "host: http://localhost",
                2,
                "without http:// and port",
            ),
            ("host: localhost", "host: ''", 2, "the name or address"),
            (
                "host: localhost",
                "host: 'localhost:80'",
                2,
                "the name or address",
            ),
        ] {
            let Err(error) = changed(from, to) else {
                panic!("{to}");
            };
            assert!(error.starts_with("pbft.yaml"), "{error}");
            assert!(
                error.contains(&format!("line {line}")),
                "{to}: {line}: {error}"
            );
            assert!(error.contains(words), "{to}: {error}");
        }
    }

    #[test]
    fn more_nodes_than_decide_in_time_are_refused_with_their_number_and_the_reason() {
        let sample = |nodes: u32| {
            let node = |index| format!("    - host: localhost\n      port: {}\n", 25_000 + index);
            let nodes: String = (0..nodes).map(node).collect();
            let (_, rest) = SAMPLE.split_once("\nclients:").unwrap();
            parse(&format!("nodes:\n{nodes}\nclients:{rest}"))
        };
        assert_eq!(sample(31).unwrap().nodes.len(), 31);
        let error = sample(32).unwrap_err();
        assert!(
            error.starts_with(
                "pbft.yaml, line 2: nodes: there are 32; list 1 to 31: each slot takes n*n votes"
            ),
            "{error}"
        );
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_with_line_key_and_what_to_write() {
        const NUMBER: [(&str, &str); 7] = [
            ("~", "no value"),
            ("", "no value"),
            ("true", "true"),
            ("'5'", "the text \"5\""),
            ("[5]", "a list"),
            ("{a: 5}", "keys with values"),
            ("99999999999999999999999999999999999999999999", "100000"),
        ];
        const HOST: [(&str, &str); 5] = [
            ("~", "no value"),
            ("true", "true"),
            ("7", "7"),
            ("[localhost]", "a list"),
            ("{a: localhost}", "keys with values"),
        ];
        const MANY: [(&str, &str); 4] = [
            ("~", "no value"),
            ("7", "7"),
            ("localhost", "the text \"localhost\""),
            ("true", "true"),
        ];
        let line_of = |key: &str| {
            let line = SAMPLE.lines().position(|line| line.contains(key)).unwrap();
            (line + 1).to_string()
        };
        let mut tried = 0;
        for (key, sample, wrong) in [
            ("port", "port: 30000", &NUMBER[..]),
            ("host", "host: localhost", &HOST[..]),
            ("loss%", "loss%: 0", &NUMBER[..]),
            ("ckpt_interval", "ckpt_interval: 10", &NUMBER[..]),
            (
                "retry_times_before_view_change",
                "retry_times_before_view_change: 2",
                &NUMBER[..],
            ),
            ("sync_interval", "sync_interval: 5", &NUMBER[..]),
            ("network_timeout", "network_timeout: 5", &NUMBER[..]),
            ("misc", "misc:\n    network_timeout: 5", &MANY[..]),
        ] {
            let line = line_of(sample.lines().next().unwrap());
            for (value, told) in wrong {
                let Err(error) = changed(sample, &format!("{key}: {value}")) else {
                    panic!("{key}: {value}");
                };
                let place = format!("pbft.yaml, line {line}: {key}");
                assert!(error.starts_with(&place), "{key}: {value}: {error}");
                assert!(error.contains(told), "{key}: {value}: {error}");
                assert!(
                    error.contains("is not") || error.contains("write keys"),
                    "{error}"
                );
                tried += 1;
            }
        }
        assert!(tried > 40);
        for (list, next) in [("nodes", "\nclients"), ("clients", "\nloss%")] {
            let (before, rest) = SAMPLE.split_once(&format!("{list}:\n")).unwrap();
            let (_, after) = rest.split_once(next).unwrap();
            for (value, told) in MANY.iter().chain(&[("{a: 1}", "keys with values")]) {
                let text = format!("{before}{list}: {value}\n{next}{after}");
                let error = parse(&text).unwrap_err();
                assert!(error.contains(&format!("{list}: {told} is not")), "{error}");
            }
            let text = format!("{before}{list}: [7]\n{next}{after}");
            let error = parse(&text).unwrap_err();
            assert!(
                error.contains(&format!("{list} is 7: write keys")),
                "{error}"
            );
        }
        for text in ["", "7", "[1]", "~"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("the file is"), "{text}: {error}");
        }
        for text in ["a: [", "a: {b", "a: 'x", "a: *b"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("this is not YAML: "), "{text}: {error}");
            assert!(error.contains("line 1"), "{text}: {error}");
        }
    }

    #[test]
    fn an_unknown_key_is_a_warning_with_its_line() {
        let more = SAMPLE
            .replacen("port: 30001", "port: 30001\n      score: 80", 1)
            .replace("misc:", "dump_interval: 10\nmisc:\n    speed: 1\n    7: x");
        let config = parse(&more).unwrap();
        let known = parse(SAMPLE).unwrap();
        assert_eq!((&config.nodes, config.retries), (&known.nodes, 2));
        let told: Vec<&str> = config.warnings.iter().map(String::as_str).collect();
        let expected = [
            "pbft.yaml, line 26: unknown key \"dump_interval\" in the file is ignored",
            "pbft.yaml, line 6: unknown key \"score\" in nodes is ignored; known keys: host, port",
            "pbft.yaml, line 28: unknown key \"speed\" in misc is ignored",
            "pbft.yaml, line 29: unknown key \"7\" in misc is ignored",
        ];
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told}");
        }
    }

    #[test]
    fn numbers_may_be_written_in_any_form_of_yaml() {
        let port = |text: &str| changed("30000", text).unwrap().nodes[0].port;
        assert_eq!(
            [
                port("0x6590"),
                port("0o62620"),
                port("26000.0"),
                port("+26000")
            ],
            [26000; 4]
        );
        let config = changed("loss%: 0", "loss%: 2.5").unwrap();
        assert!((config.loss_percent - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    fn an_address_of_ipv6_has_brackets_in_urls_and_may_have_them_in_the_file() {
        for text in ["'::1'", "'[::1]'", "'0:0:0:0:0:0:0:1'"] {
            let config = changed("localhost", text).unwrap();
            assert_eq!(config.nodes[0].to_string(), "[::1]:30000");
            assert!(config.nodes[0].is_at("[::1]", 30000));
            assert!(config.nodes[0].is_at("[0::1]", 30000));
            assert!(!config.nodes[0].is_at("[::1]", 30001));
            assert!(!config.nodes[0].is_at("localhost", 30000));
        }
        assert!(parse(SAMPLE).unwrap().nodes[0].is_at("LocalHost", 30000));
    }

    #[test]
    fn a_missing_key_is_named() {
        for name in super::KEYS {
            let spoilt = SAMPLE.replacen(&format!("{name}:"), &format!("x-{name}:"), 1);
            let error = parse(&spoilt).unwrap_err();
            let expected = format!("pbft.yaml, line 1: {name} is missing in the file: add it");
            assert!(error.starts_with(&expected), "{name}: {error}");
        }
        let error = changed("network_timeout", "x").unwrap_err();
        assert!(
            error.contains("line 26: network_timeout is missing in misc"),
            "{error}"
        );
        let error = changed("port: 20001", "x: 20001").unwrap_err();
        assert!(
            error.contains("line 12: port is missing in clients"),
            "{error}"
        );
    }
}
