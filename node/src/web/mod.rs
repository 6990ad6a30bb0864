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
            for json in executed(request, result) {
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

/// The HTTP requests that a request consists of, or has among others, if they have executed.
fn executed(request: &Request, result: &[u8]) -> Vec<String> {
    let Some(answer) = Answer::decode(result) else {
        return Vec::new();
    };
    let operations = Operation::parts(&request.operation);
    let answers = answer.each(operations.len());
    let executed = operations.iter().zip(answers).filter_map(|(one, answer)| {
        match (Operation::decode(one)?, answer) {
            (Operation::Request(json), Answer::Request(_) | Answer::Again) => Some(json),
            _ => None,
        }
    });
    executed.collect()
}

#[cfg(test)]
mod tests {
    use quorate_protocol::{ClientId, Timestamp};
    use quorate_service::kv;

    use super::*;

    #[test]
    fn an_http_request_that_has_executed_is_found_alone_and_in_a_list() {
        let http = |json: &str| Operation::Request(json.to_owned()).encode();
        let done = || Answer::Request(Box::new(Answer::Ordered));
        let found = |operation: Vec<u8>, answer: &Answer| {
            let client = ClientId::session(ReplicaId(0), 1);
            let request = Request::new(client, Timestamp(1), operation);
            executed(&request, &postcard::to_stdvec(answer).unwrap())
        };
        assert_eq!(found(http("a"), &done()), ["a"]);
        assert_eq!(found(http("a"), &Answer::Again), ["a"]);
        assert!(found(http("a"), &Answer::IdTaken).is_empty());
        let other = Operation::KeyValue("set x=1".into()).encode();
        let list = Operation::Several(vec![http("a"), other, http("b"), http("c")]).encode();
        let answers = vec![
            done(),
            Answer::KeyValue(kv::Answer::Ok),
            Answer::IdTaken,
            Answer::Again,
        ];
        assert_eq!(found(list.clone(), &Answer::Several(answers)), ["a", "c"]);
        assert!(found(list, &Answer::Unreadable).is_empty());
    }
}
