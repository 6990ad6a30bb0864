//! PBFT over HTTP/JSON: what clients ask of this process, and what it posts to them.
//!
//! * `routes`: the paths.
//! * `queue`: each client's requests, one under way at a time.
//! * `replies`: what is posted to clients. `dump`: the decided requests in a file.

mod dump;
mod queue;
mod replies;
mod routes;

use anyhow::Context as _;
use quorate_protocol::message::Request;
use quorate_protocol::{ClientId, Digest, Input, ReplicaId, Sequence, Timestamp};
use quorate_service::{Answer, Operation, http_client};
use quorate_web::Proposal;

use crate::config::WebConfig;
use crate::question::Taken;
use crate::runtime::Runtime;
use dump::Dump;
use queue::{Place, Queues};
use replies::Replies;

pub(crate) use routes::routes;

/// What the runtime needs for it.
#[derive(Debug)]
pub(crate) struct Web {
    replies: Replies,
    dump: Option<Dump>,
    queues: Queues,
    /// The last slot after which it was looked whose turn has come.
    looked_at: Sequence,
}

impl Web {
    pub(crate) fn start(config: &WebConfig, own: ReplicaId) -> anyhow::Result<Self> {
        let dump = config.dump.as_deref().map(|path| {
            let path_told = || format!("decided requests cannot be written to {}", path.display());
            Dump::start(path).with_context(path_told)
        });
        Ok(Self {
            replies: Replies::new(config, own),
            dump: dump.transpose()?,
            queues: Queues::default(),
            looked_at: Sequence(0),
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
        // Without it there are no paths, and nobody asks.
        let Some(web) = &mut self.web else {
            return Taken::Full;
        };
        let known = replica.waiting_timestamp(client);
        match web.queues.add(proposal.id.0, timestamp, &json, known) {
            Place::UnderWay => self.submit_request(client, timestamp, json),
            Place::Waits => {}
            Place::Other => return Taken::Other,
            Place::Late => return Taken::Old,
            // The primary may have room.
            Place::Full if status.primary != self.own => {}
            Place::Full => return Taken::Full,
        }
        if status.primary == self.own {
            Taken::Here
        } else {
            Taken::At(status.primary)
        }
    }

    /// Submits the requests over HTTP that waited for one of their client's that has executed; tells whether there were any.
    pub(crate) fn submit_waiting(&mut self) -> bool {
        let replica = self.replica.replica();
        let executed = replica.status().executed;
        let Some(web) = self.web.as_mut().filter(|web| web.looked_at != executed) else {
            return false;
        };
        web.looked_at = executed;
        let turns = web.queues.next(|client| {
            let client = http_client(client);
            (
                replica.last_timestamp(client),
                replica.waiting_timestamp(client),
            )
        });
        let any = !turns.is_empty();
        for (client, timestamp, json) in turns {
            self.submit_request(http_client(client), timestamp, json);
        }
        any
    }

    fn submit_request(&mut self, client: ClientId, timestamp: Timestamp, json: String) {
        let request = self.keys.sign(Request {
            client,
            timestamp,
            operation: Operation::Request(json).encode(),
        });
        self.inputs.push_back(Input::Submit(request));
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
