//! How nodes find each other. What they find is an address to try, whoever says so.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};

use crate::support::eventually;
use crate::support::meeting::{Meeting, Party};
use crate::support::nodes::free_port;

const SERVICE: &str = "_quorate._tcp.local.";

/// One node each, which all end in one cluster.
fn all_act(parties: &[Party]) {
    for party in parties {
        party.says(" wins 'lamp' ", 1);
    }
    let founded: BTreeSet<String> = parties
        .iter()
        .flat_map(|party| party.lines_with("(slot 1)"))
        .collect();
    assert_eq!(founded.len(), 1, "{founded:?}");
}

#[test]
fn four_nodes_find_each_other_by_multicast_dns_alone() {
    let mut meeting = Meeting::new();
    let parties = [(); 4].map(|()| meeting.start(&["127.0.0.1", "0"]));
    all_act(&parties);
    let said: String = parties.iter().map(Party::said).collect();
    assert!(said.contains("(multicast DNS, key checked)"), "{said}");
    assert!(!said.contains("(--join"), "{said}");
}

#[test]
fn four_nodes_find_each_other_by_join_alone() {
    let mut meeting = Meeting::new();
    let port = free_port().to_string();
    let at = format!("127.0.0.1:{port}");
    let join = ["127.0.0.1", "0", "--no-mdns", "--join", &at];
    let first = meeting.start(&["127.0.0.1", &port, "--no-mdns"]);
    first.says("waits for 3 more", 1);
    let mut parties = vec![first];
    parties.extend([(); 3].map(|()| meeting.start(&join)));
    all_act(&parties);
    let said: String = parties.iter().map(Party::said).collect();
    assert!(!said.contains("multicast DNS"), "{said}");
}

/// A multicast DNS of the test's own, on loopback.
fn daemon() -> ServiceDaemon {
    let daemon = ServiceDaemon::new().unwrap();
    daemon.disable_interface(IfKind::All).unwrap();
    daemon.enable_interface(IfKind::LoopbackV4).unwrap();
    daemon
}

/// Waits for the records of a node at this port.
fn record_of(daemon: &ServiceDaemon, port: u16) -> Box<ResolvedService> {
    let found = daemon.browse(SERVICE).unwrap();
    let mut record = None;
    eventually("the node is announced", || {
        while let Ok(event) = found.recv_timeout(Duration::from_millis(10)) {
            if let ServiceEvent::ServiceResolved(service) = event
                && service.port == port
            {
                record = Some(service);
            }
        }
        record.is_some()
    });
    record.unwrap()
}

/// A record of this name that says that this node is at this port.
fn forged(group: &str, name: &str, id: &str, port: u16) -> ServiceInfo {
    let properties = [("v", "1"), ("group", group), ("id", id)];
    let host = format!("{name}.local.");
    let mut info =
        ServiceInfo::new(SERVICE, name, &host, "127.0.0.1", port, &properties[..]).unwrap();
    info.set_requires_probe(false);
    info
}

#[test]
fn forged_records_and_goodbyes_add_rename_and_remove_nobody() {
    let mut meeting = Meeting::new();
    let port = free_port();
    let first = meeting.start(&["127.0.0.1", &port.to_string()]);
    let daemon = daemon();
    let record = record_of(&daemon, port);
    let id = record.get_property_val_str("id").unwrap().to_owned();
    let name = record.fullname.split('.').next().unwrap().to_owned();
    let group = meeting.group.clone();
    // Nodes that are nowhere, others where the first node is, the first node elsewhere, and the first node's own record with another
    // port.
    for number in 0..5 {
        let id = format!("{number:064x}");
        let info = forged(&group, &format!("nobody{number}"), &id, free_port());
        daemon.register(info).unwrap();
        let id = format!("{:064x}", 99 + number);
        let info = forged(&group, &format!("misnamed{number}"), &id, port);
        daemon.register(info).unwrap();
    }
    let elsewhere = forged(&group, "elsewhere", &id, free_port());
    daemon.register(elsewhere).unwrap();
    let renamed = forged(&group, &name, &format!("{:064x}", 77), free_port());
    let fullname = renamed.get_fullname().to_owned();
    daemon.register(renamed).unwrap();

    let second = meeting.start(&["127.0.0.1", "0"]);
    second.says("2 of 4 here", 1);
    // The goodbye of the first node's record, which the first node has not sent.
    daemon.unregister(&fullname).unwrap();
    let mut parties = vec![first, second];
    parties.extend([(); 2].map(|()| meeting.start(&["127.0.0.1", "0"])));
    all_act(&parties);

    let ids: BTreeSet<String> = parties.iter().map(Party::id).collect();
    let founded = &parties[0].lines_with("(slot 1)")[0];
    let members = founded.split([' ', '=']).filter(|word| ids.contains(*word));
    assert_eq!(members.count(), 4, "{founded} {ids:?}");
    for party in &parties {
        let said = party.said();
        let met = party.lines_with("key checked");
        let known = |line: &String| ids.iter().any(|id| line.contains(id.as_str()));
        assert!(met.iter().all(known), "{said}");
        assert!(!said.contains("is silent"), "{said}");
        assert!(!said.contains("where "), "{said}");
        assert!(!said.contains("was expected there"), "{said}");
    }
    daemon.shutdown().unwrap();
}

/// A Python that has zeroconf, if there is one: `QUORATE_PYTHON`, or `python3`.
fn python_with_zeroconf() -> Option<String> {
    let python = std::env::var("QUORATE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imports = Command::new(&python)
        .args(["-c", "import zeroconf"])
        .output();
    if imports.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    assert!(
        std::env::var_os("QUORATE_ALL_TESTS").is_none(),
        "{python} has no zeroconf"
    );
    eprintln!("skipped: {python} has no zeroconf; name one that has as QUORATE_PYTHON");
    None
}

const SEES: &str = r#"
import sys, time
from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

group = sys.argv[1]
ports = {int(port) for port in sys.argv[2:]}
seen = {}

class Listener(ServiceListener):
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name)
        if info and info.properties.get(b"group") == group.encode():
            seen[info.port] = info.properties

    update_service = add_service

    def remove_service(self, zeroconf, kind, name):
        pass

with Zeroconf(interfaces=["127.0.0.1"]) as zeroconf:
    ServiceBrowser(zeroconf, "_quorate._tcp.local.", Listener())
    end = time.monotonic() + 30
    while set(seen) != ports and time.monotonic() < end:
        time.sleep(0.05)
assert set(seen) == ports, (ports, seen)
for properties in seen.values():
    assert properties[b"v"] == b"1" and len(properties[b"id"]) == 64, properties
"#;

#[test]
fn zeroconf_of_python_sees_all_four_nodes() {
    let Some(python) = python_with_zeroconf() else {
        return;
    };
    let mut meeting = Meeting::new();
    let ports = [(); 4].map(|()| free_port().to_string());
    let parties: Vec<Party> = ports
        .iter()
        .map(|port| meeting.start(&["127.0.0.1", port]))
        .collect();
    let output = Command::new(python)
        .args(["-c", SEES, &meeting.group])
        .args(&ports)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    all_act(&parties);
}
