//! The endpoint to which the nodes post their replies.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Response, StatusCode, Uri};
use quorate_protocol::Quorum;
use quorate_web::config::Address;
use quorate_web::{PbftYaml, Reply};
use quorate_wire::endpoint::body::{AnswerBody, whole};
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

/// What f+1 nodes reply to a request. One of them is correct.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// They have executed the request. The highest view that one of them says it is in.
    Done { view: u64 },
    /// They have executed other data under its id: validity is broken. The data that one of them tells.
    Other { data: String },
}

/// The replies to one request, at most one of each node for each of the two.
struct Count<'a> {
    quorum: Quorum,
    proposal: &'a Value,
    done: BTreeMap<u32, u64>,
    other: BTreeMap<u32, String>,
}

impl<'a> Count<'a> {
    const fn of(proposal: &'a Value, quorum: Quorum) -> Self {
        Self {
            quorum,
            proposal,
            done: BTreeMap::new(),
            other: BTreeMap::new(),
        }
    }

    /// Counts a reply, and gives what f+1 nodes have said by now.
    fn add(&mut self, reply: &Reply) -> Option<Said> {
        let said: Value = serde_json::from_str(reply.proposal.get()).ok()?;
        if reply.index >= self.quorum.n() {
            return None;
        }
        let enough = self.quorum.one_correct();
        if said == *self.proposal {
            self.done.insert(reply.index, reply.view);
            let view = self.done.values().max().copied().unwrap_or_default();
            return (self.done.len() >= enough).then_some(Said::Done { view });
        }
        if said["id"] == self.proposal["id"] && said["data"] != self.proposal["data"] {
            let data = said["data"].as_str().unwrap_or_default().to_owned();
            self.other.insert(reply.index, data.clone());
            return (self.other.len() >= enough).then_some(Said::Other { data });
        }
        None
    }
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

    /// Waits until f+1 nodes have replied to this proposal.
    pub(super) async fn said(&mut self, proposal: &Value) -> Said {
        let mut count = Count::of(proposal, self.quorum);
        while let Some(reply) = self.replies.recv().await {
            if let Some(said) = count.add(&reply) {
                return said;
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

    async fn answer(&self, verb: Method, _uri: &Uri, body: Bytes) -> Response<AnswerBody> {
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
        let mut response = Response::new(whole(words));
        *response.status_mut() = status;
        response
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use serde_json::json;
    use serde_json::value::RawValue;

    use super::*;

    fn reply(index: u32, view: u64, id: u64, data: &str) -> Reply {
        let proposal = json!({"id": [0, id], "timestamp": 1.5, "data": data});
        Reply {
            index,
            view,
            proposal: RawValue::from_string(proposal.to_string()).unwrap(),
            r#type: "reply".to_owned(),
        }
    }

    #[test]
    fn one_reply_of_f_plus_1_nodes_is_a_correct_nodes_whatever_it_says() {
        let proposal = json!({"id": [0, 7], "timestamp": 1.5, "data": "set x=1"});
        let quorum = Quorum::of(NonZeroU32::new(4).unwrap());
        let count = |replies: &[Reply]| {
            let mut count = Count::of(&proposal, quorum);
            let said = replies.iter().map(|reply| count.add(reply));
            said.last().flatten()
        };
        let good = |index| reply(index, u64::from(index), 7, "set x=1");
        let lie = |index| reply(index, 0, 7, "set x=2");
        assert_eq!(
            count(&[good(1), lie(2), good(3)]),
            Some(Said::Done { view: 3 })
        );
        let other = Said::Other {
            data: "set x=2".to_owned(),
        };
        assert_eq!(count(&[lie(1), good(2), lie(3)]), Some(other));
        for not_enough in [
            [good(1), good(1)],
            [lie(1), lie(1)],
            [good(1), good(4)],
            [good(1), reply(2, 0, 8, "set x=1")],
        ] {
            assert_eq!(count(&not_enough), None);
        }
    }
}
