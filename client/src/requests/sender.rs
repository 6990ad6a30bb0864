//! Sends one request after the other, again where no answer comes, and asks for another primary if that does not help.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use quorate_web::config::Address;
use quorate_web::{PbftYaml, Poster};
use serde_json::json;
use tokio::task::JoinSet;

use super::receiver::{Done, PATH, Receiver};

/// How many other primaries are tried beyond one for each node before a request is given up.
const MORE_PRIMARIES: u32 = 2;

/// What came of a request.
pub(super) struct Outcome {
    /// How long it took; nothing if it was given up.
    pub(super) latency: Option<Duration>,
    /// How often it was sent again.
    pub(super) retries: u32,
    /// The last thing that went wrong.
    pub(super) error: Option<String>,
}

/// What a post came to: nothing, if the node has taken it.
type Posted = Option<String>;

pub(super) struct Sender {
    poster: Poster,
    nodes: Vec<String>,
    id: u64,
    client_url: String,
    timeout: Duration,
    /// How often a request is sent again before another primary is asked for.
    retries: u32,
    receiver: Receiver,
    /// The view that the nodes were last in.
    view: u64,
    posts: JoinSet<Posted>,
}

impl Sender {
    pub(super) fn new(config: &PbftYaml, id: u64, own: &Address, receiver: Receiver) -> Self {
        Self {
            poster: Poster::new(config.network_timeout),
            nodes: config
                .nodes
                .iter()
                .map(|node| format!("http://{node}"))
                .collect(),
            id,
            client_url: format!("http://{own}{PATH}"),
            timeout: config.network_timeout,
            retries: config.retries,
            receiver,
            view: 0,
            posts: JoinSet::new(),
        }
    }

    /// Has one request decided.
    pub(super) async fn request(&mut self, seq: u64, data: String) -> anyhow::Result<Outcome> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let timestamp = now.context("the clock stands before 1970")?.as_secs_f64();
        let proposal = json!({
            "id": [self.id, seq],
            "client_url": self.client_url,
            "timestamp": timestamp,
            "data": data,
        });
        let body = proposal.to_string();
        // As the nodes' replies are read: a number that was written and read again may not be quite the same.
        let proposal = serde_json::from_str(&body)?;
        let started = Instant::now();
        let tries = self.retries + 1 + u32::try_from(self.nodes.len())? + MORE_PRIMARIES;
        let mut error = None;
        for attempt in 0..tries {
            if attempt > self.retries {
                let wish = json!({"action": "view change"}).to_string();
                self.post_to_all("/view_change_request", &wish);
            }
            if attempt == 0 {
                let primary = self.view % self.nodes.len() as u64;
                self.post(usize::try_from(primary)?, "/request", &body);
            } else {
                self.post_to_all("/request", &body);
            }
            let done = tokio::time::timeout(self.timeout, async {
                tokio::select! {
                    done = self.receiver.done(&proposal) => Some(done),
                    // Whoever cannot be reached need not be waited for; the others may still answer.
                    failed = first_failure(&mut self.posts), if attempt == 0 => {
                        error = Some(failed);
                        None
                    }
                }
            });
            match done.await {
                Ok(Some(Done { view })) => {
                    self.view = view;
                    self.posts.abort_all();
                    return Ok(Outcome {
                        latency: Some(started.elapsed()),
                        retries: attempt,
                        error: None,
                    });
                }
                Ok(None) => {}
                Err(_) => error = self.last_failure().or(error),
            }
        }
        Ok(Outcome {
            latency: None,
            retries: tries - 1,
            error: Some(match error {
                Some(error) => format!(
                    "request [{}, {seq}]: fewer than f+1 nodes have replied; last: {error}",
                    self.id
                ),
                None => format!(
                    "request [{}, {seq}]: fewer than f+1 nodes have replied",
                    self.id
                ),
            }),
        })
    }

    fn post_to_all(&mut self, path: &str, body: &str) {
        for node in 0..self.nodes.len() {
            self.post(node, path, body);
        }
    }

    fn post(&mut self, node: usize, path: &str, body: &str) {
        let (poster, url) = (self.poster.clone(), format!("{}{path}", self.nodes[node]));
        let body = body.to_owned();
        self.posts.spawn(async move {
            match poster.post(&url, body).await {
                Ok((status, _)) if status.is_success() => None,
                Ok((status, words)) => {
                    let words = String::from_utf8_lossy(&words);
                    Some(format!("{url}: {status}: {}", words.trim_end()))
                }
                Err(error) => Some(error.to_string()),
            }
        });
    }

    /// The last thing that went wrong with the posts that have ended.
    fn last_failure(&mut self) -> Option<String> {
        let mut last = None;
        while let Some(posted) = self.posts.try_join_next() {
            last = posted.ok().flatten().or(last);
        }
        last
    }
}

/// Waits until a post fails; forever, if none does.
async fn first_failure(posts: &mut JoinSet<Posted>) -> String {
    while let Some(posted) = posts.join_next().await {
        if let Ok(Some(failure)) = posted {
            return failure;
        }
    }
    std::future::pending().await
}
