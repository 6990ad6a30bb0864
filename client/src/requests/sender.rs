//! Sends one request after the other. Sends a request again if no answer comes, and asks for another primary if that does
//! not help.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use bytes::Bytes;
use http::StatusCode;
use indicatif::ProgressBar;
use quorate_protocol::Quorum;
use quorate_web::config::Address;
use quorate_web::poster::PostError;
use quorate_web::{PbftYaml, Poster};
use serde_json::json;
use tokio::task::JoinSet;

use super::receiver::{PATH, Receiver, Said};

/// Before a request is given up, the client asks for another primary once for each node, and this many times more.
const MORE_PRIMARIES: u32 = 2;
/// The statuses with which a node refuses a request for good.
const FOR_GOOD: [StatusCode; 4] = [
    StatusCode::BAD_REQUEST,
    StatusCode::FORBIDDEN,
    StatusCode::CONFLICT,
    StatusCode::PAYLOAD_TOO_LARGE,
];

/// The outcome of a request.
pub(super) struct Outcome {
    /// How long it took; `None` if it was given up.
    pub(super) latency: Option<Duration>,
    /// How often it was sent again.
    pub(super) retries: u32,
    /// The last thing that went wrong.
    pub(super) error: Option<String>,
    /// Why the run ends here; `None` if later requests are tried.
    pub(super) end: Option<End>,
}

/// Why a run ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// f+1 nodes have refused a request. One of them is correct, so the request will not be accepted later either.
    Refused,
    /// No node has ever answered.
    NobodyThere,
    /// Nodes have answered before, but none answers any more.
    NobodyLeft,
    /// f+1 nodes have executed something else under the request's id.
    Broken,
}

/// The outcome of a post.
struct Posted {
    node: usize,
    answer: Answer,
    /// What went wrong, if something did.
    words: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// The node has the request, or may take it later.
    Open,
    /// The node has refused the request for good.
    Refused,
    /// The node cannot be reached.
    None,
}

/// What went wrong with a request so far.
#[derive(Default)]
struct Trouble {
    refused_by: BTreeSet<usize>,
    /// The nodes that could not be reached when they were last asked.
    away: BTreeMap<usize, String>,
    last: Option<String>,
}

pub(super) struct Sender {
    poster: Poster,
    nodes: Vec<String>,
    id: u64,
    client_url: String,
    timeout: Duration,
    /// The timestamp of the last request.
    timestamp: f64,
    /// How often a request is sent again before another primary is asked for.
    retries: u32,
    quorum: Quorum,
    receiver: Receiver,
    /// The view that the nodes were last in.
    view: u64,
    posts: JoinSet<Posted>,
    /// Whether any node has ever answered.
    answered: bool,
    /// The line that shows what the client waits for.
    progress: ProgressBar,
}

impl Sender {
    pub(super) fn new(
        config: &PbftYaml,
        id: u64,
        own: &Address,
        quorum: Quorum,
        receiver: Receiver,
        progress: ProgressBar,
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
            answered: false,
            progress,
        }
    }

    /// Has one request decided. `number` is the request's number for people.
    pub(super) async fn request(
        &mut self,
        number: u64,
        seq: u64,
        data: String,
    ) -> anyhow::Result<Outcome> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.context("the clock stands before 1970")?.as_secs_f64();
        // The clock may have been set back, and a node takes only later timestamps.
        let timestamp = now.max(self.timestamp + 1e-6);
        self.timestamp = timestamp;
        let proposal = json!({
            "id": [self.id, seq],
            "client_url": self.client_url,
            "timestamp": timestamp,
            "data": data,
        });
        let body = proposal.to_string();
        // Written and read once, as in the nodes' replies: a number may change a little on the way.
        let proposal = serde_json::from_str(&body)?;
        let started = Instant::now();
        let tries = self.retries + 1 + u32::try_from(self.nodes.len())? + MORE_PRIMARIES;
        let enough = self.quorum.one_correct();
        let nodes = self.nodes.len();
        let name = format!("request {number} ([{}, {seq}])", self.id);
        let mut trouble = Trouble::default();
        // The outcomes of earlier requests say nothing about this one.
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
                self.show(number, attempt, &trouble);
            }
            let said = tokio::time::timeout(self.timeout, async {
                tokio::select! {
                    said = self.receiver.said(&proposal) => Some(said),
                    // The client does not wait for nodes that cannot be reached. The others may still answer.
                    () = trouble.until(&mut self.posts, &mut self.answered, |trouble, answered| {
                        attempt == 0
                            || trouble.refused_by.len() >= enough
                            || !answered && trouble.away.len() == nodes
                    }) => None,
                }
            });
            let said = said.await;
            let given_up = |error, end| Outcome {
                latency: None,
                retries: attempt,
                error: Some(error),
                end: Some(end),
            };
            match said {
                Ok(Some(Said::Done { view })) => {
                    self.view = view;
                    self.answered = true;
                    return Ok(Outcome {
                        latency: Some(started.elapsed()),
                        retries: attempt,
                        error: None,
                        end: None,
                    });
                }
                Ok(Some(Said::Other { data: other })) => {
                    return Ok(given_up(
                        format!(
                            "{name}: validity is broken: {enough} nodes have executed '{other}' instead of '{data}'"
                        ),
                        End::Broken,
                    ));
                }
                Ok(None) | Err(_) => {}
            }
            if trouble.refused_by.len() >= enough {
                let words = trouble.last.unwrap_or_default();
                return Ok(given_up(
                    format!("{name} is refused: {words}"),
                    End::Refused,
                ));
            }
            if !self.answered && trouble.away.len() == nodes {
                return Ok(given_up(trouble.nobody(), End::NobodyThere));
            }
        }
        let nobody = trouble.away.len() == nodes;
        let mut error = format!("{name}: fewer than f+1 = {enough} nodes have replied");
        if let Some(last) = &trouble.last {
            error = format!("{error}; last: {last}");
        }
        Ok(Outcome {
            latency: None,
            retries: tries - 1,
            end: nobody.then_some(End::NobodyLeft),
            error: Some(if nobody {
                format!("{name}: {}", trouble.nobody())
            } else {
                error
            }),
        })
    }

    /// Shows what the client waits for, if standard error is a terminal.
    fn show(&self, number: u64, attempt: u32, trouble: &Trouble) {
        let (enough, nodes) = (self.quorum.one_correct(), self.nodes.len());
        let who = match trouble.away.len() {
            0 => String::new(),
            away if away == nodes => "no node answers, ".to_owned(),
            away => format!("{away} of {nodes} nodes do not answer, "),
        };
        let view = if attempt > self.retries {
            ", another primary asked for"
        } else {
            ""
        };
        self.progress.set_message(format!(
            ", request {number}: {who}waits for {enough} replies, asked {} times{view}",
            attempt + 1
        ));
    }

    /// Posts a request to the node that the client takes for the primary. Follows a redirect.
    fn post_to_primary(&mut self, node: usize, body: &str) {
        let (poster, url) = (self.poster.clone(), format!("{}/request", self.nodes[node]));
        let body = body.to_owned();
        self.posts.spawn(async move {
            let posted = poster.post(&url, body).await;
            told(node, &url, posted, |_| false)
        });
    }

    /// Posts to every node, and follows no redirect. A node that redirects to the primary has taken the request, and the
    /// answer of the primary would be the word of one node alone.
    fn post_to_each(&mut self, path: &'static str, body: &str) {
        for node in 0..self.nodes.len() {
            let (poster, url) = (self.poster.clone(), format!("{}{path}", self.nodes[node]));
            let body = body.to_owned();
            self.posts.spawn(async move {
                let posted = poster.post_here(&url, body).await;
                told(node, &url, posted, |status| {
                    path == "/request" && FOR_GOOD.contains(&status)
                })
            });
        }
    }
}

/// The outcome of a post.
fn told(
    node: usize,
    url: &str,
    posted: Result<(StatusCode, Bytes), PostError>,
    for_good: impl Fn(StatusCode) -> bool,
) -> Posted {
    let (answer, words) = match posted {
        Ok((status, _)) if status.is_success() || status == StatusCode::TEMPORARY_REDIRECT => {
            (Answer::Open, None)
        }
        Ok((status, words)) => {
            let words = String::from_utf8_lossy(&words);
            let words = format!("{url}: {status}: {}", words.trim_end());
            let answer = if for_good(status) {
                Answer::Refused
            } else {
                Answer::Open
            };
            (answer, Some(words))
        }
        Err(error) => (Answer::None, Some(error.to_string())),
    };
    Posted {
        node,
        answer,
        words,
    }
}

impl Trouble {
    /// Records the outcomes of posts until `enough` holds. Waits for ever if it never holds.
    async fn until(
        &mut self,
        posts: &mut JoinSet<Posted>,
        answered: &mut bool,
        enough: impl Fn(&Self, bool) -> bool,
    ) {
        while let Some(posted) = posts.join_next().await {
            let Ok(posted) = posted else {
                continue;
            };
            let node = posted.node;
            if posted.answer == Answer::None {
                self.away
                    .insert(node, posted.words.clone().unwrap_or_default());
            } else {
                self.away.remove(&node);
                *answered = true;
            }
            if posted.answer == Answer::Refused {
                self.refused_by.insert(node);
            }
            let Some(words) = posted.words else {
                continue;
            };
            self.last = Some(words);
            if enough(self, *answered) {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    fn nobody(&self) -> String {
        let why: Vec<&str> = self.away.values().map(String::as_str).collect();
        format!("no node answers: {}", why.join("; "))
    }
}
