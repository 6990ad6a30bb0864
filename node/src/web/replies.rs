//! What is posted to clients once their requests are committed.

use std::sync::Arc;
use std::time::Duration;

use quorate_protocol::{ReplicaId, View};
use quorate_web::config::Address;
use quorate_web::poster::read_url;
use quorate_web::{Poster, Proposal, Reply};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use crate::config::WebConfig;

/// How many replies may be on their way at once; a client whose reply is not sent asks again.
const UNDER_WAY: usize = 1024;

/// Posts replies.
#[derive(Debug)]
pub(super) struct Replies {
    own: ReplicaId,
    clients: Vec<Address>,
    poster: Poster,
    room: Arc<Semaphore>,
}

impl Replies {
    pub(super) fn new(config: &WebConfig, own: ReplicaId) -> Self {
        Self {
            own,
            clients: config.clients.clone(),
            poster: Poster::new(Duration::from_millis(config.reply_timeout_ms)),
            room: Arc::new(Semaphore::new(UNDER_WAY)),
        }
    }

    /// Posts the reply to a request, given as it came in, in the background.
    pub(super) fn post(&self, view: View, json: &str) {
        let Ok(proposal) = Proposal::parse(json) else {
            return;
        };
        // Another process has taken it, which may be a liar.
        if !is_client(&self.clients, &proposal.client_url) {
            return tracing::warn!(id = %proposal.id, "a client_url that is no client's gets no reply");
        }
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            return tracing::warn!(id = %proposal.id, "too many replies are on their way: one is dropped");
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
        let poster = self.poster.clone();
        tokio::spawn(async move {
            match poster.post(&proposal.client_url, body).await {
                Ok((status, _)) if status.is_success() => {}
                Ok((status, _)) => {
                    tracing::warn!(id = %proposal.id, %status, "the client does not take its reply");
                }
                Err(error) => tracing::info!(id = %proposal.id, %error, "a reply is not taken"),
            }
            drop(permit);
        });
    }
}

/// Whether replies may be posted there.
pub(super) fn is_client(clients: &[Address], url: &str) -> bool {
    read_url(url).is_ok_and(|url| {
        let port = url.port_u16().unwrap_or(80);
        clients
            .iter()
            .any(|client| url.host() == Some(client.host.as_str()) && port == client.port)
    })
}
