//! The endpoint to which the nodes post their replies.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use quorate_protocol::Quorum;
use quorate_web::config::Address;
use quorate_web::{PbftYaml, Reply};
use quorate_wire::endpoint::{Routes, async_trait};
use quorate_wire::{Endpoint, Limits};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// The path of `client_url`.
pub(super) const PATH: &str = "/reply";
/// How many replies may wait to be counted. Further replies are refused, and the client asks again.
const WAITING: usize = 1024;

/// The replies that have come.
pub(super) struct Receiver {
    quorum: Quorum,
    replies: mpsc::Receiver<Reply>,
}

/// The reply that f+1 nodes have sent alike.
pub(super) struct Done {
    /// The highest view that one of them says it is in.
    pub(super) view: u64,
}

impl Receiver {
    /// Listens at the address of this client.
    ///
    /// # Errors
    /// The address does not belong to this machine, or is in use.
    pub(super) async fn start(
        config: &PbftYaml,
        id: usize,
        own: &Address,
        quorum: Quorum,
    ) -> anyhow::Result<Self> {
        let Address { host, port } = own;
        let address = own.resolve().map_err(|cause| {
            let what = format!(
                "{host} has no address ({cause}): write a name that is known here, or an IP address"
            );
            config.bad_client_host(id, &what)
        })?;
        let listener = match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(cause) if cause.kind() == ErrorKind::AddrNotAvailable => {
                let what = format!(
                    "{host} is not an address of this machine: run client {id} on its own machine, or write an address of this one, such as localhost"
                );
                return Err(config.bad_client_host(id, &what).into());
            }
            Err(cause) => {
                return Err(cause).with_context(|| {
                    format!(
                        "client {id} cannot listen on {host} port {port}: is another client with this --id running?"
                    )
                });
            }
        };
        let (sender, replies) = mpsc::channel(WAITING);
        let of_ip = Address {
            host: address.ip().to_string(),
            port: own.port,
        };
        // The nodes call this client under the host name in the file.
        let limits = Limits {
            allowed_hosts: vec![own.url_host(), of_ip.url_host()],
            any_address: address.ip().is_unspecified(),
            ..Limits::default()
        };
        let endpoint = Endpoint::new()
            .limits(limits)
            .routes(Arc::new(Replies { sender }));
        // The endpoint ends with the command.
        tokio::spawn(endpoint.serve(listener, std::future::pending()));
        Ok(Self { quorum, replies })
    }

    /// Waits until f+1 nodes have posted this proposal: one of them is correct.
    pub(super) async fn done(&mut self, proposal: &Value) -> Done {
        let mut said: BTreeMap<u32, u64> = BTreeMap::new();
        while let Some(reply) = self.replies.recv().await {
            let same = serde_json::from_str::<Value>(reply.proposal.get())
                .is_ok_and(|said| said == *proposal);
            if same && reply.index < self.quorum.n() {
                said.insert(reply.index, reply.view);
            }
            if said.len() >= self.quorum.one_correct() {
                let view = said.into_values().max().unwrap_or_default();
                return Done { view };
            }
        }
        // Not reached: the endpoint holds the other end of the channel, and ends only with the command.
        std::future::pending().await
    }
}

struct Replies {
    sender: mpsc::Sender<Reply>,
}

#[async_trait]
impl Routes for Replies {
    fn serves(&self, path: &str) -> bool {
        path == PATH
    }

    async fn answer(&self, verb: Method, _path: &str, body: Bytes) -> Response<Full<Bytes>> {
        let (status, words) = if verb == Method::POST {
            match serde_json::from_slice::<Reply>(&body).map(|reply| self.sender.try_send(reply)) {
                Ok(Ok(())) => (StatusCode::OK, String::new()),
                Ok(Err(_)) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Too many replies at once.\n".to_owned(),
                ),
                Err(error) => (
                    StatusCode::BAD_REQUEST,
                    format!("This is no reply: {error}\n"),
                ),
            }
        } else {
            let words = "Replies are posted.\n".to_owned();
            (StatusCode::METHOD_NOT_ALLOWED, words)
        };
        let mut response = Response::new(Full::from(words));
        *response.status_mut() = status;
        response
    }
}
