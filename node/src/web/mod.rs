//! PBFT over HTTP/JSON: what clients ask of this process, and what it posts to them.
//!
//! * `routes`: the paths.
//! * `replies`: what is posted to clients. `dump`: the decided requests in a file.

mod dump;
mod replies;
mod routes;

use anyhow::Context as _;
use quorate_protocol::message::Request;
use quorate_protocol::{Digest, Input, ReplicaId, Timestamp};
use quorate_service::{Answer, Operation, http_client};
use quorate_web::Proposal;

use crate::config::WebConfig;
use crate::question::Taken;
use crate::runtime::Runtime;
use dump::Dump;
use replies::Replies;

pub(crate) use routes::routes;

/// What the runtime needs for it.
#[derive(Debug)]
pub(crate) struct Web {
    replies: Replies,
    dump: Option<Dump>,
}

impl Web {
    pub(crate) fn start(config: &WebConfig, own: ReplicaId) -> anyhow::Result<Self> {
        let dump = config.dump.as_deref().map(Dump::start).transpose();
        Ok(Self {
            replies: Replies::new(config, own),
            dump: dump.context("the decided requests cannot be written")?,
        })
    }
}

impl Runtime {
    /// A client wants a request ordered. A backup sends the client to the primary, and sees itself to it that the primary
    /// hears of it: one that ignores clients is noticed.
    pub(crate) fn request(&mut self, proposal: &Proposal, json: String) -> Taken {
        let client = http_client(proposal.id.0);
        let timestamp = Timestamp(proposal.number());
        let replica = self.replica.replica();
        let (last, status) = (replica.last_timestamp(client), replica.status());
        if last == timestamp {
            let executed = replica.last_result(client).and_then(Answer::decode);
            let digest = Digest::of(&[json.as_bytes()]);
            if !matches!(executed, Some(Answer::Request(of, _)) if of == digest) {
                return Taken::Other;
            }
            self.unposted.push(json);
            return Taken::Again;
        }
        if last > timestamp {
            return Taken::Old;
        }
        let request = self.keys.sign(Request {
            client,
            timestamp,
            operation: Operation::Request(json).encode(),
        });
        self.inputs.push_back(Input::Submit(request));
        if status.primary == self.own {
            Taken::Here
        } else {
            Taken::At(status.primary)
        }
    }

    /// Has the replies posted to those of these requests that came over HTTP, which have just executed.
    pub(crate) fn reply_over_http(&mut self, requests: &[Request], results: &[Vec<u8>]) {
        if self.web.is_none() {
            return;
        }
        for (request, result) in requests.iter().zip(results) {
            if let Some(Operation::Request(json)) = Operation::decode(&request.operation)
                && let Some(Answer::Request(..)) = Answer::decode(result)
            {
                self.unposted.push(json);
            }
        }
    }

    /// Writes what is decided to the file, if there is to be one.
    pub(crate) fn dump_requests(&mut self) {
        if let Some(dump) = self.web.as_mut().and_then(|web| web.dump.as_mut()) {
            dump.write(self.service.ledger());
        }
    }

    /// Posts the reply to a request that has executed.
    pub(crate) fn post_reply(&self, json: &str) {
        let view = self.replica.replica().status().view;
        if let Some(web) = &self.web {
            web.replies.post(view, json);
        }
    }
}
