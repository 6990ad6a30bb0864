//! PBFT over HTTP/JSON: the requests of clients to this process, and the replies that it posts.
//!
//! * `routes`: the paths. `log`: the decided requests, page by page. `answer`: how they answer.
//! * `replies`: posts replies to clients. `dump`: writes decided requests to a file.

mod answer;
mod dump;
mod log;
mod replies;
mod routes;

use anyhow::Context as _;
use quorate_protocol::message::Request;
use quorate_protocol::{ReplicaId, View};
use quorate_service::ledger::Ledger;
use quorate_service::{Answer, Operation};

use crate::config::WebConfig;
use dump::Dump;
use replies::Replies;

pub(crate) use routes::routes;

/// What the runtime needs for HTTP/JSON.
#[derive(Debug)]
pub(crate) struct Web {
    replies: Replies,
    dump: Option<Dump>,
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
        })
    }

    /// Posts the replies to those of these requests that came over HTTP, whether they executed just now or before.
    pub(crate) fn reply(&self, view: View, requests: &[Request], results: &[Vec<u8>]) {
        for (request, result) in requests.iter().zip(results) {
            if let Some(Operation::Request(json)) = Operation::decode(&request.operation)
                && let Some(Answer::Request(_) | Answer::Again) = Answer::decode(result)
            {
                self.replies.post(view, &json);
            }
        }
    }

    /// Writes decided requests to the file, if one is configured.
    pub(crate) fn dump(&mut self, ledger: &Ledger) {
        if let Some(dump) = &mut self.dump {
            dump.write(ledger);
        }
    }
}
