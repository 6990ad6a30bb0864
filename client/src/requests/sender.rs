//! Sends one request after the other, again where no answer comes, and asks for another primary if that does not help.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use bytes::Bytes;
use http::StatusCode;
use quorate_protocol::Quorum;
use quorate_web::config::Address;
use quorate_web::poster::PostError;
use quorate_web::{PbftYaml, Poster};
use serde_json::json;
use tokio::task::JoinSet;

use super::receiver::{Done, PATH, Receiver};

/// How many other primaries are tried beyond one for each node before a request is given up.
const MORE_PRIMARIES: u32 = 2;
/// What a node answers to a request that it will take neither now nor later.
const FOR_GOOD: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::FORBIDDEN,
    StatusCode::CONFLICT,
    StatusCode::PAYLOAD_TOO_LARGE,
];

/// What came of a request.
pub(super) struct Outcome {
    /// How long it took; nothing if it was given up.
    pub(super) latency: Option<Duration>,
    /// How often it was sent again.
    pub(super) retries: u32,
    /// The last thing that went wrong.
    pub(super) error: Option<String>,
    /// Whether f+1 nodes have refused it: one of them is correct, and it will not be taken later either.
    pub(super) refused: bool,
}

/// What went wrong with a post.
struct Failure {
    node: usize,
    /// Whether the node has refused it for good.
    refused: bool,
    words: String,
}

/// What a post came to: nothing, if the node has taken it.
type Posted = Option<Failure>;

/// What went wrong with a request so far.
#[derive(Default)]
struct Trouble {
    refused_by: BTreeSet<usize>,
    last: Option<String>,
}

pub(super) struct Sender {
    poster: Poster,
    nodes: Vec<String>,
    id: u64,
    client_url: String,
    timeout: Duration,
    /// That of the last request.
    timestamp: f64,
    /// How often a request is sent again before another primary is asked for.
    retries: u32,
    quorum: Quorum,
    receiver: Receiver,
    /// The view that the nodes were last in.
    view: u64,
    posts: JoinSet<Posted>,
}

impl Sender {
    pub(super) fn new(
        config: &PbftYaml,
        id: u64,
        own: &Address,
        quorum: Quorum,
        receiver: Receiver,
    ) -> Self {
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
            timestamp: 0.0,
            retries: config.retries,
            quorum,
            receiver,
            view: 0,
            posts: JoinSet::new(),
        }
    }

    /// Has one request decided.
    pub(super) async fn request(&mut self, seq: u64, data: String) -> anyhow::Result<Outcome> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.context("the clock stands before 1970")?.as_secs_f64();
        // The clock may have been set back; a node takes later timestamps only.
        let timestamp = now.max(self.timestamp + 1e-6);
        self.timestamp = timestamp;
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
        let enough = self.quorum.one_correct();
        let mut trouble = Trouble::default();
        // What came of an earlier request says nothing of this one.
        self.posts = JoinSet::new();
        for attempt in 0..tries {
            if attempt > self.retries {
                let wish = json!({"action": "view change"}).to_string();
                self.post_to_each("/view_change_request", &wish);
            }
            if attempt == 0 {
                let primary = self.view % self.nodes.len() as u64;
                self.post_to_primary(usize::try_from(primary)?, &body);
            } else {
                self.post_to_each("/request", &body);
            }
            let done = tokio::time::timeout(self.timeout, async {
                tokio::select! {
                    done = self.receiver.done(&proposal) => Some(done),
                    // Whoever cannot be reached need not be waited for; the others may still answer.
                    () = trouble.until(&mut self.posts, |trouble| {
                        attempt == 0 || trouble.refused_by.len() >= enough
                    }) => None,
                }
            });
            match done.await {
                Ok(Some(Done { view })) => {
                    self.view = view;
                    return Ok(Outcome {
                        latency: Some(started.elapsed()),
                        retries: attempt,
                        error: None,
                        refused: false,
                    });
                }
                Ok(None) if trouble.refused_by.len() >= enough => {
                    let words = trouble.last.unwrap_or_default();
                    return Ok(Outcome {
                        latency: None,
                        retries: attempt,
                        error: Some(format!("request [{}, {seq}] is refused: {words}", self.id)),
                        refused: true,
                    });
                }
                Ok(None) | Err(_) => {}
            }
        }
        Ok(Outcome {
            latency: None,
            retries: tries - 1,
            refused: false,
            error: Some(match trouble.last {
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

    /// Posts a request to whom the client takes for the primary, or to whom that one sends it.
    fn post_to_primary(&mut self, node: usize, body: &str) {
        let (poster, url) = (self.poster.clone(), format!("{}/request", self.nodes[node]));
        let body = body.to_owned();
        self.posts.spawn(async move {
            let posted = poster.post(&url, body).await;
            failure(node, &url, posted, |_| false)
        });
    }

    /// Posts to every node what is its own to answer: whoever sends it on to the primary has taken it, and what the primary
    /// says then would be the word of one alone.
    fn post_to_each(&mut self, path: &'static str, body: &str) {
        for node in 0..self.nodes.len() {
            let (poster, url) = (self.poster.clone(), format!("{}{path}", self.nodes[node]));
            let body = body.to_owned();
            self.posts.spawn(async move {
                let posted = poster.post_here(&url, body).await;
                failure(node, &url, posted, |status| {
                    path == "/request" && FOR_GOOD.contains(&status)
                })
            });
        }
    }
}

/// What went wrong, if it did.
fn failure(
    node: usize,
    url: &str,
    posted: Result<(StatusCode, Bytes), PostError>,
    for_good: impl Fn(StatusCode) -> bool,
) -> Posted {
    match posted {
        Ok((status, _)) if status.is_success() || status == StatusCode::TEMPORARY_REDIRECT => None,
        Ok((status, words)) => Some(Failure {
            node,
            refused: for_good(status),
            words: format!(
                "{url}: {status}: {}",
                String::from_utf8_lossy(&words).trim_end()
            ),
        }),
        Err(error) => Some(Failure {
            node,
            refused: false,
            words: error.to_string(),
        }),
    }
}

impl Trouble {
    /// Takes note of posts that fail until they are enough; waits forever, if they never are.
    async fn until(&mut self, posts: &mut JoinSet<Posted>, enough: impl Fn(&Self) -> bool) {
        while let Some(posted) = posts.join_next().await {
            let Ok(Some(failure)) = posted else {
                continue;
            };
            if failure.refused {
                self.refused_by.insert(failure.node);
            }
            self.last = Some(failure.words);
            if enough(self) {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}
