//! Posts replies to clients when their requests are committed.

use std::sync::Arc;
use std::time::Duration;

use quorate_protocol::{ReplicaId, View};
use quorate_web::config::Address;
use quorate_web::poster::read_url;
use quorate_web::{Poster, Proposal, Reply};
use quorate_wire::Seldom;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use crate::config::WebConfig;

/// The most replies under way to one client at once. Further ones are dropped, and the client asks again.
const UNDER_WAY: usize = 128;

/// Posts replies.
#[derive(Debug)]
pub(super) struct Replies {
    own: ReplicaId,
    /// The clients. Each has a limit of its own, so that a hanging client does not delay the others.
    clients: Vec<(Address, Arc<Semaphore>)>,
    poster: Poster,
    lines: Arc<Seldom<(Line, usize)>>,
}

/// The log lines about replies. Whoever sends requests can cause them as often as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    NoClient,
    TooMany,
    Refused,
    NotTaken,
}

impl Replies {
    pub(super) fn new(config: &WebConfig, own: ReplicaId) -> Self {
        Self {
            own,
            clients: config
                .clients
                .iter()
                .map(|client| (client.clone(), Arc::new(Semaphore::new(UNDER_WAY))))
                .collect(),
            poster: Poster::new(Duration::from_millis(config.reply_timeout_ms)),
            lines: Arc::default(),
        }
    }

    /// Posts the reply to a request in the background. `json` is the request, unchanged.
    pub(super) fn post(&self, view: View, json: &str) {
        let Ok(proposal) = Proposal::parse(json) else {
            return;
        };
        // Check the URL again: the process that accepted the request may be a liar.
        let mut clients = self.clients.iter().enumerate();
        let is_of = |client: &Address| is_of(client, &proposal.client_url);
        let Some((place, (_, room))) = clients.find(|(_, (client, _))| is_of(client)) else {
            if let Some(left_out) = self.lines.line((Line::NoClient, 0)) {
                tracing::warn!(id = %proposal.id, left_out, "a client_url that is no client's gets no reply");
            }
            return;
        };
        let Ok(permit) = Arc::clone(room).try_acquire_owned() else {
            if let Some(left_out) = self.lines.line((Line::TooMany, place)) {
                tracing::warn!(id = %proposal.id, left_out, "too many replies are on their way: one is dropped");
            }
            return;
        };
        let Ok(proposal_json) = RawValue::from_string(json.to_owned()) else {
            return;
        };
        let reply = Reply {
            index: self.own.0,
            view: view.0,
            proposal: proposal_json,
            r#type: "reply".to_owned(),
        };
        let Ok(body) = serde_json::to_string(&reply) else {
            return;
        };
        let (poster, lines) = (self.poster.clone(), Arc::clone(&self.lines));
        tokio::spawn(async move {
            match poster.post_here(&proposal.client_url, body).await {
                Ok((status, _)) if status.is_success() => {}
                Ok((status, _)) => {
                    if let Some(left_out) = lines.line((Line::Refused, place)) {
                        tracing::warn!(id = %proposal.id, %status, left_out, "the client does not take its reply");
                    }
                }
                Err(error) => {
                    if let Some(left_out) = lines.line((Line::NotTaken, place)) {
                        tracing::info!(id = %proposal.id, %error, left_out, "a reply is not taken");
                    }
                }
            }
            drop(permit);
        });
    }
}

/// Whether a URL has the host and port of this client.
pub(super) fn is_of(client: &Address, url: &str) -> bool {
    read_url(url)
        .is_ok_and(|url| client.is_at(url.host().unwrap_or_default(), url.port_u16().unwrap_or(80)))
}
