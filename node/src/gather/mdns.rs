//! Multicast DNS: tells others where this node is, and finds addresses where there may be others. What it finds are hints, and
//! nothing more: anybody can forge a record. That a name is gone can be forged too, so it is not listened to.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::thread;

use anyhow::Context as _;
use mdns_sd::{
    DaemonEvent, IfKind, Receiver, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo,
};
use quorate_gather::{Group, Input, NodeId, Source, VERSION};
use tokio::sync::mpsc;

use super::config::{GatherConfig, Mdns};
use crate::herald::Teller;

/// The kind of service that nodes announce.
const SERVICE: &str = "_quorate._tcp.local.";
/// The most other groups that are told of.
const MOST_GROUPS: usize = 8;

/// The announcement of this node. It is taken back when this is dropped.
pub(super) struct Announcement(ServiceDaemon);

impl Drop for Announcement {
    fn drop(&mut self) {
        // It fails only if the daemon has ended.
        let _ = self.0.shutdown();
    }
}

/// Announces the node and looks for others, unless it is configured not to. What is found goes to `hints`.
pub(super) fn start(
    config: &GatherConfig,
    id: NodeId,
    teller: &Teller,
    hints: mpsc::Sender<Input>,
) -> Option<Announcement> {
    let interface = match interface(config) {
        Ok(interface) => interface?,
        Err(why) => {
            teller.tell("discover", &format!("multicast DNS is off: {why}"));
            return None;
        }
    };
    let search = Search {
        own: id,
        group: config.group.clone(),
        on_loopback: config.mdns == Mdns::Loopback,
        teller: teller.clone(),
        hints,
        told: BTreeSet::new(),
    };
    match search.start(config, interface) {
        Ok(announcement) => Some(announcement),
        Err(error) => {
            teller.tell(
                "warning",
                &format!("multicast DNS does not work here: {error:#}"),
            );
            None
        }
    }
}

/// Where the node announces itself: nowhere for `None`. The error says why it cannot.
fn interface(config: &GatherConfig) -> Result<Option<IfKind>, String> {
    let ip = config.address.ip();
    match config.mdns {
        Mdns::Off => Ok(None),
        Mdns::Lan => Ok(Some(IfKind::Addr(ip))),
        Mdns::Loopback if !ip.is_loopback() => {
            Err(format!("{ip} is not on loopback; --lan turns it on there"))
        }
        Mdns::Loopback if ip.is_ipv6() => Err(
            "the loopback interface has no multicast of IPv6; use 127.0.0.1 or --join".to_owned(),
        ),
        Mdns::Loopback => Ok(Some(IfKind::LoopbackV4)),
    }
}

/// What looks at the records of others.
struct Search {
    own: NodeId,
    group: Group,
    on_loopback: bool,
    teller: Teller,
    hints: mpsc::Sender<Input>,
    /// The other groups that were told of.
    told: BTreeSet<String>,
}

impl Search {
    fn start(self, config: &GatherConfig, interface: IfKind) -> anyhow::Result<Announcement> {
        let daemon = ServiceDaemon::new()?;
        let announcement = Announcement(daemon.clone());
        watch_errors(daemon.monitor()?)?;
        // First no interface at all: otherwise the daemon announces the node on all of them for a moment.
        daemon.disable_interface(IfKind::All)?;
        daemon.enable_interface(interface)?;
        daemon.register(service(config, self.own)?)?;
        let found = daemon.browse(SERVICE)?;
        thread::Builder::new()
            .name("mdns".into())
            .spawn(move || self.run(&found))
            .context("no thread can be started")?;
        Ok(announcement)
    }

    /// Runs until the daemon or the node has ended.
    fn run(mut self, found: &Receiver<ServiceEvent>) {
        while let Ok(event) = found.recv() {
            let ServiceEvent::ServiceResolved(service) = event else {
                continue;
            };
            for input in self.hints_in(&service) {
                if self.hints.blocking_send(input).is_err() {
                    return;
                }
            }
        }
    }

    fn hints_in(&mut self, service: &ResolvedService) -> Vec<Input> {
        let id = service
            .get_property_val_str("id")
            .and_then(|id| id.parse().ok());
        if id == Some(self.own) {
            return Vec::new();
        }
        let addresses: Vec<SocketAddr> = service
            .addresses
            .iter()
            .map(mdns_sd::ScopedIp::to_ip_addr)
            .filter(|ip: &IpAddr| !self.on_loopback || ip.is_loopback())
            .map(|ip| SocketAddr::new(ip, service.port))
            .collect();
        let group = service.get_property_val_str("group").unwrap_or_default();
        if group != self.group.as_str() {
            self.tell_group(group, &addresses);
            return Vec::new();
        }
        addresses
            .into_iter()
            .map(|address| Input::hint(address, id, Source::Mdns))
            .collect()
    }

    /// Tells that there is a node of another group, once for each group.
    fn tell_group(&mut self, group: &str, addresses: &[SocketAddr]) {
        let Some(address) = addresses.first() else {
            return;
        };
        let Ok(group) = group.parse::<Group>() else {
            return;
        };
        if self.told.len() < MOST_GROUPS && self.told.insert(group.as_str().to_owned()) {
            let own = &self.group;
            self.teller.tell(
                "discover",
                &format!("{address} is not called (multicast DNS): its group is {group}, this node's group is {own}"),
            );
        }
    }
}

/// What others are told of this node.
fn service(config: &GatherConfig, id: NodeId) -> anyhow::Result<ServiceInfo> {
    // A name has at most 63 bytes, one less than the id.
    let name: String = id.full().chars().take(32).collect();
    let (version, full) = (VERSION.to_string(), id.full());
    let properties = [
        ("v", version.as_str()),
        ("group", config.group.as_str()),
        ("id", full.as_str()),
    ];
    let host = format!("{name}.local.");
    let (ip, port) = (config.address.ip(), config.address.port());
    Ok(ServiceInfo::new(
        SERVICE,
        &name,
        &host,
        ip,
        port,
        &properties[..],
    )?)
}

/// Logs what goes wrong in the daemon.
fn watch_errors(events: Receiver<DaemonEvent>) -> anyhow::Result<()> {
    thread::Builder::new()
        .name("mdns-errors".into())
        .spawn(move || {
            while let Ok(event) = events.recv() {
                if let DaemonEvent::Error(error) = event {
                    tracing::warn!(%error, "multicast DNS");
                }
            }
        })
        .context("no thread can be started")?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use quorate_protocol::SecretKey;

    use super::*;

    fn id(byte: u8) -> NodeId {
        NodeId::of(&SecretKey::new(&[byte; 32]).public())
    }

    /// What a node of the group `ours` looks for, and what it tells.
    fn search() -> (Search, Arc<Mutex<Vec<String>>>) {
        let told = Arc::<Mutex<Vec<String>>>::default();
        let lines = Arc::clone(&told);
        let tell: crate::herald::Tell =
            Arc::new(move |line| lines.lock().unwrap().push(line.text.to_owned()));
        let (hints, _hinted) = mpsc::channel(1);
        let search = Search {
            own: id(1),
            group: "ours".parse().unwrap(),
            on_loopback: true,
            teller: Teller::new(id(1), tell),
            hints,
            told: BTreeSet::new(),
        };
        (search, told)
    }

    fn record(group: &str, id: &str, ips: &str) -> ResolvedService {
        let properties = [("v", "1"), ("group", group), ("id", id)];
        ServiceInfo::new(SERVICE, "a", "a.local.", ips, 4000, &properties[..])
            .unwrap()
            .as_resolved_service()
    }

    fn at(ip: &str) -> SocketAddr {
        SocketAddr::new(ip.parse().unwrap(), 4000)
    }

    #[test]
    fn a_record_is_a_hint_and_says_that_it_comes_from_multicast_dns() {
        let (mut search, _) = search();
        let other = id(2);
        let hints = search.hints_in(&record("ours", &other.full(), "127.0.0.1"));
        let hint = Input::hint(at("127.0.0.1"), Some(other), Source::Mdns);
        assert_eq!(hints, [hint]);
        let hints = search.hints_in(&record("ours", "no id", "127.0.0.1"));
        let hint = Input::hint(at("127.0.0.1"), None, Source::Mdns);
        assert_eq!(hints, [hint], "who is there shows when it answers");
    }

    #[test]
    fn the_own_record_and_addresses_elsewhere_than_on_loopback_are_no_hints() {
        let (mut search, _) = search();
        let own = record("ours", &id(1).full(), "127.0.0.1");
        assert_eq!(search.hints_in(&own), []);
        let both = record("ours", &id(2).full(), "127.0.0.1,192.0.2.1");
        assert_eq!(search.hints_in(&both).len(), 1);
        search.on_loopback = false;
        assert_eq!(search.hints_in(&both).len(), 2);
    }

    #[test]
    fn of_other_groups_a_few_are_told_once_each_and_nobody_there_is_called() {
        let (mut search, told) = search();
        for number in 0..20 {
            for _ in 0..2 {
                let group = format!("group{number}");
                let record = record(&group, &id(2).full(), "127.0.0.1");
                assert_eq!(search.hints_in(&record), []);
            }
        }
        let told = told.lock().unwrap();
        assert_eq!(told.len(), MOST_GROUPS);
        let first = "127.0.0.1:4000 is not called (multicast DNS): its group is 'group0', this node's group is 'ours'";
        assert_eq!(told[0], first);
    }

    #[test]
    fn what_another_group_is_called_changes_nothing_in_a_terminal() {
        let (mut search, told) = search();
        for group in ["", "\u{1b}[31m\nred"] {
            let record = record(group, &id(2).full(), "127.0.0.1");
            assert_eq!(search.hints_in(&record), []);
        }
        let told = told.lock().unwrap();
        assert_eq!(told.len(), 1);
        assert!(
            told[0].contains(r"its group is '\u{1b}[31m\nred',"),
            "{}",
            told[0]
        );
    }
}
