//! PBFT over HTTP/JSON: the requests of clients to this process, and the replies that it posts.
//!
//! * `routes`: the paths.
//! * `queue`: each client's requests, of which one is under way at a time.
//! * `replies`: posts replies to clients. `dump`: writes decided requests to a file.

mod dump;
mod queue;
mod replies;
mod routes;

use anyhow::Context as _;
use quorate_protocol::message::Request;
use quorate_protocol::{Input, ReplicaId, Sequence};
use quorate_service::ledger::number;
use quorate_service::{Answer, Operation};
use quorate_web::Proposal;

use crate::config::WebConfig;
use crate::question::Taken;
use crate::runtime::Runtime;
use dump::Dump;
use queue::{Name, Place, Queues, Turn};
use replies::Replies;

pub(crate) use routes::routes;

/// What the runtime needs for HTTP/JSON.
#[derive(Debug)]
pub(crate) struct Web {
    replies: Replies,
    dump: Option<Dump>,
    queues: Queues,
    /// The last executed slot when the queues were last checked.
    looked_at: Sequence,
}

impl Web {
    pub(crate) fn start(config: &WebConfig, own: ReplicaId) -> anyhow::Result<Self> {
        let dump = config.dump.as_deref().map(|path| {
            let path_told = || format!("decided requests cannot be written to {}: choose another --dump-dir, where this program may write", path.display());
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
    /// Orders a client's request. A backup sends the client to the primary, but orders the request too, so that a
    /// primary that ignores clients is noticed. If a request is ordered twice, the service executes the first.
    ///
    /// A request that has executed is ordered again. A client that repeats a request gives it another timestamp,
    /// perhaps at one process only. Then f+1 processes must post the reply to the repeated request.
    pub(crate) fn request(&mut self, proposal: &Proposal, json: String) -> Taken {
        let id = proposal.id;
        let number = number(proposal.timestamp, id.1);
        let ledger = self.service.ledger();
        let executed = ledger.data_of((id.0, id.1));
        if executed.is_some_and(|data| data != proposal.data) {
            return Taken::OtherId;
        }
        if executed.is_none() && number <= ledger.latest(id.0) {
            return Taken::Old;
        }
        let again = executed.is_some();
        let primary = self.replica.replica().status().primary;
        let turn = Turn::new(proposal, number, json);
        // Without `web` this process has no HTTP paths, so nobody asks.
        let Some(web) = &mut self.web else {
            return Taken::Full;
        };
        match web.queues.add(turn, again) {
            Place::First(turn) => {
                let name = self.desk.lend_name();
                self.submit_request(name, &turn);
                if let Some(web) = &mut self.web {
                    web.queues.began(turn, name);
                }
            }
            Place::Taken => {}
            Place::OtherId => return Taken::OtherId,
            Place::OtherNumber => return Taken::OtherTimestamp,
            Place::Late => return Taken::Old,
            // This process has no room, but the primary may have some.
            Place::Full if primary != self.own => {}
            Place::Full => return Taken::Full,
        }
        if primary == self.own {
            Taken::Here
        } else {
            Taken::At(primary)
        }
    }

    /// Submits the requests whose predecessors have executed. Returns whether there were any.
    pub(crate) fn submit_waiting(&mut self) -> bool {
        let executed = self.replica.replica().status().executed;
        let Some(mut web) = self.web.take() else {
            return false;
        };
        let mut turns = Vec::new();
        if web.looked_at != executed {
            web.looked_at = executed;
            turns = web.queues.go_on(
                |(client, timestamp)| self.replica.replica().last_timestamp(client) >= timestamp,
                &mut self.desk,
            );
        }
        self.web = Some(web);
        for (name, turn) in &turns {
            self.submit_request(*name, turn);
        }
        !turns.is_empty()
    }

    fn submit_request(&mut self, (client, timestamp): Name, turn: &Turn) {
        let request = self.keys.sign(Request::new(
            client,
            timestamp,
            Operation::Request(turn.json.clone()).encode(),
        ));
        self.inputs.push_back(Input::Submit(request));
    }

    /// Queues replies to those of these requests that came over HTTP, whether they executed just now or before.
    pub(crate) fn reply_over_http(&mut self, requests: &[Request], results: &[Vec<u8>]) {
        if self.web.is_none() {
            return;
        }
        for (request, result) in requests.iter().zip(results) {
            if let Some(Operation::Request(json)) = Operation::decode(&request.operation)
                && let Some(Answer::Request(_) | Answer::Again) = Answer::decode(result)
            {
                self.unposted.push(json);
            }
        }
    }

    /// Writes decided requests to the file, if one is configured.
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
