//! `--endpoint`: where a process answers.

use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// The address of one process, written as `http://HOST:PORT/`, `http://HOST:PORT/RPC2` or `HOST:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(pub(crate) SocketAddr);

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host_and_port = text.strip_prefix("http://").unwrap_or(text);
        let host_and_port = host_and_port
            .split_once('/')
            .map_or(host_and_port, |(host_and_port, _)| host_and_port);
        let advice = |cause| {
            format!("{cause}; write HOST:PORT or http://HOST:PORT/, such as 127.0.0.1:8000")
        };
        let addresses: Vec<_> = host_and_port
            .to_socket_addrs()
            .map_err(|error| advice(error.to_string()))?
            .collect();
        // `localhost` often means both families; the processes listen on IPv4 unless told otherwise.
        let address = addresses
            .iter()
            .find(|address| address.is_ipv4())
            .or_else(|| addresses.first());
        address
            .copied()
            .map(Self)
            .ok_or_else(|| advice("the host has no address".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_and_a_bare_address_mean_the_same() {
        let expected = Ok(Endpoint(([127, 0, 0, 1], 8000).into()));
        for text in [
            "127.0.0.1:8000",
            "http://127.0.0.1:8000",
            "http://127.0.0.1:8000/RPC2",
        ] {
            assert_eq!(text.parse(), expected);
        }
    }

    #[test]
    fn an_endpoint_without_a_port_is_refused_with_advice() {
        assert!(
            "127.0.0.1"
                .parse::<Endpoint>()
                .unwrap_err()
                .contains("write HOST:PORT")
        );
    }
}
