//! Binds every port before anything is started, so that a start happens whole or not at all.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};

use quorate_web::PbftYaml;
use quorate_web::config::{Address, without_brackets};

use crate::{StartError, name_of};

/// One bound listener per process, in index order. Without `base_port` the operating system chooses free ports.
pub(crate) fn bind_all(
    host: &str,
    base_port: Option<u16>,
    processes: u32,
) -> Result<Vec<TcpListener>, StartError> {
    let ip = resolve(host)?;
    (0..processes)
        .map(|index| {
            let port = match base_port {
                Some(base_port) => port_of(base_port, index, processes)?,
                None => 0,
            };
            bind(host, ip, port, index)
        })
        .collect()
}

/// One bound listener per node of a `pbft.yaml`, in order.
pub(crate) fn bind_these(yaml: &PbftYaml) -> Result<Vec<TcpListener>, StartError> {
    (0..)
        .zip(&yaml.nodes)
        .map(|(index, _)| bind_this(yaml, index))
        .collect()
}

/// The listener of one node of a `pbft.yaml`, which has it.
pub(crate) fn bind_this(yaml: &PbftYaml, index: u32) -> Result<TcpListener, StartError> {
    let node = index as usize;
    let address = address_in(yaml, node)?;
    let Address { host, port } = &yaml.nodes[node];
    let listener = TcpListener::bind(address).map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrNotAvailable => {
            let what = format!(
                "{host} is not an address of this machine: start node {index} on its own machine with --index {index}, or write an address of this one, such as localhost"
            );
            yaml.bad_host(node, &what)
        }
        io::ErrorKind::AddrInUse => {
            let what = format!(
                "{port} of node {index} is in use: stop what uses it, or write another port"
            );
            yaml.bad_port(node, &what)
        }
        _ => {
            let what = format!(
                "node {index} cannot listen on {host} port {port} ({cause}): write a port from 1024 on, such as 30000"
            );
            yaml.bad_port(node, &what)
        }
    });
    Ok(listener?)
}

/// The addresses at which the nodes of a `pbft.yaml` are called.
pub(crate) fn addresses_of(yaml: &PbftYaml) -> Result<Vec<SocketAddr>, StartError> {
    (0..yaml.nodes.len())
        .map(|node| address_in(yaml, node))
        .collect()
}

fn address_in(yaml: &PbftYaml, node: usize) -> Result<SocketAddr, StartError> {
    let address = &yaml.nodes[node];
    address.resolve().map_err(|cause| {
        let host = &address.host;
        let what = format!(
            "{host} has no address ({cause}): write a name that is known here, or an IP address"
        );
        yaml.bad_host(node, &what).into()
    })
}

/// The address under which this machine reaches a listener; one that listens everywhere is reached over loopback.
pub(crate) fn address_of(listener: &TcpListener) -> io::Result<SocketAddr> {
    let mut address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    Ok(address)
}

/// The port of the process with this index among `processes`, whose first has `base_port`.
///
/// # Errors
/// The port would be above 65535.
pub fn port_of(base_port: u16, index: u32, processes: u32) -> Result<u16, StartError> {
    u16::try_from(u32::from(base_port) + index).map_err(|_| StartError::PortsEnd {
        base_port,
        processes,
    })
}

fn resolve(host: &str) -> Result<IpAddr, StartError> {
    let unknown = |cause| StartError::UnknownHost {
        host: host.to_owned(),
        cause,
    };
    let addresses: Vec<_> = (without_brackets(host), 0)
        .to_socket_addrs()
        .map_err(unknown)?
        .map(|address| address.ip())
        .collect();
    // A name such as `localhost` often means both families; the callers of old speak IPv4.
    let ip = addresses
        .iter()
        .find(|ip| ip.is_ipv4())
        .or_else(|| addresses.first());
    ip.copied()
        .ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))
}

fn bind(host: &str, ip: IpAddr, port: u16, index: u32) -> Result<TcpListener, StartError> {
    let process = name_of(index);
    TcpListener::bind((ip, port)).map_err(|cause| match cause.kind() {
        io::ErrorKind::AddrInUse => StartError::PortInUse { port, process },
        _ => StartError::PortRefused {
            port,
            process,
            host: host.to_owned(),
            cause,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_process() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = bind_all("127.0.0.1", Some(port), 1)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("port {port} for process P is in use")),
            "{error}"
        );
        assert!(error.contains("--base-port"), "{error}");
    }

    #[test]
    fn ports_beyond_the_last_are_refused() {
        assert!(matches!(
            port_of(65535, 1, 4),
            Err(StartError::PortsEnd {
                base_port: 65535,
                processes: 4
            })
        ));
    }

    #[test]
    #[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
    fn an_address_of_ipv6_may_have_its_brackets() {
        for host in ["::1", "[::1]"] {
            match bind_all(host, None, 1) {
                Ok(listeners) => assert!(listeners[0].local_addr().unwrap().is_ipv6()),
                Err(StartError::PortRefused { cause, .. }) => {
                    eprintln!("skipped: this machine has no IPv6 loopback address: {cause}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_listener_on_every_address_is_reached_over_loopback() {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        assert!(address_of(&listener).unwrap().ip().is_loopback());
    }
}
