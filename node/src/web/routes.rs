//! The paths: `/request`, `/view_change_request`, `/status` and `/log`.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Method, StatusCode, Uri};
use quorate_host::{self as host, Ask, Order, Taken};
use quorate_protocol::ReplicaId;
use quorate_service::ledger::number;
use quorate_web::Proposal;
use quorate_web::config::Address;
use quorate_wire::Fault;
use quorate_wire::endpoint::{Routes, async_trait};
use serde_json::{Value, json};

use super::answer::{Answer, refuse, respond};
use super::log;
use super::replies::is_of;
use crate::config::WebConfig;
use crate::question::{Question, Standing};
use crate::rpc::{Handle, mismatch};

/// The most bytes of a request. Every node keeps the request until it leaves the ledger.
const LONGEST_REQUEST: usize = 64 * 1024;

struct Paths {
    urls: Vec<String>,
    clients: Vec<Address>,
    handle: Handle,
}

/// The paths of a process.
pub(crate) fn routes(config: &WebConfig, handle: Handle) -> Arc<dyn Routes> {
    Arc::new(Paths {
        urls: config.urls.clone(),
        clients: config.clients.clone(),
        handle,
    })
}

#[async_trait]
impl Routes for Paths {
    fn serves(&self, path: &str) -> bool {
        matches!(
            path,
            "/request" | "/view_change_request" | "/status" | "/log"
        )
    }

    async fn answer(&self, verb: Method, uri: &Uri, body: Bytes) -> Answer {
        let path = uri.path();
        let asks = matches!(path, "/status" | "/log");
        let allowed = if asks { "GET, HEAD" } else { "POST" };
        if !allowed.split(", ").any(|one| one == verb.as_str()) {
            let mut answer = refuse(StatusCode::METHOD_NOT_ALLOWED, &format!("use {allowed}"));
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(allowed));
            return answer;
        }
        let answered = match path {
            "/status" => self.status().await,
            "/log" => log::answer(&self.handle, uri.query()).await,
            "/view_change_request" => self.change_view(&body).await,
            _ => self.request(&body).await,
        };
        answered.unwrap_or_else(|fault| refuse(StatusCode::SERVICE_UNAVAILABLE, &fault.to_string()))
    }
}

impl Paths {
    async fn request(&self, body: &[u8]) -> Result<Answer, Fault> {
        if body.len() > LONGEST_REQUEST {
            let words = format!("a request has at most {LONGEST_REQUEST} bytes");
            return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE, &words));
        }
        let Ok(json) = std::str::from_utf8(body) else {
            return Ok(refuse(StatusCode::BAD_REQUEST, "a request is UTF-8"));
        };
        let proposal = match Proposal::parse(json) {
            Ok(proposal) => proposal,
            Err(error) => return Ok(refuse(StatusCode::BAD_REQUEST, &error.to_string())),
        };
        let mut clients = self.clients.iter();
        if !clients.any(|client| is_of(client, &proposal.client_url)) {
            let clients: Vec<String> = self.clients.iter().map(ToString::to_string).collect();
            let words = format!(
                "client_url: host and port must be those of a client in the configuration: http:// and one of {}",
                clients.join(", ")
            );
            return Ok(refuse(StatusCode::FORBIDDEN, &words));
        }
        let id = proposal.id;
        let json = json.trim().to_owned();
        let order = Order {
            id: (id.0, id.1),
            number: number(proposal.timestamp, id.1),
            data: proposal.data,
            json,
        };
        let taken = match self.handle.ask_process(Ask::Order(order)).await? {
            host::Answer::Taken(taken) => taken,
            other => return Err(mismatch(&other)),
        };
        Ok(match taken {
            Taken::Here => respond(StatusCode::OK, &json!({"id": id})),
            Taken::At(primary) => self.redirect(primary),
            Taken::OtherId => refuse(
                StatusCode::CONFLICT,
                &format!(
                    "{id}: another request with other data has this id; give it another seq_id"
                ),
            ),
            Taken::OtherTimestamp => refuse(
                StatusCode::CONFLICT,
                &format!("{id}: another request has this timestamp; give a later one"),
            ),
            Taken::Old => refuse(
                StatusCode::CONFLICT,
                &format!(
                    "{id}: a request of this client with the same or a later timestamp is under way or has executed; give a later timestamp"
                ),
            ),
            Taken::Full => {
                let words = format!("{id}: too many requests wait here; try again later");
                let mut answer = refuse(StatusCode::SERVICE_UNAVAILABLE, &words);
                answer
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static("1"));
                answer
            }
        })
    }

    fn redirect(&self, primary: ReplicaId) -> Answer {
        let url = self.urls.get(primary.0 as usize);
        let url = format!("{}/request", url.map_or("", String::as_str));
        let mut answer = respond(
            StatusCode::TEMPORARY_REDIRECT,
            &json!({"primary": primary.0, "url": url}),
        );
        if let Ok(url) = HeaderValue::from_str(&url) {
            answer.headers_mut().insert(LOCATION, url);
        }
        answer
    }

    async fn change_view(&self, body: &[u8]) -> Result<Answer, Fault> {
        let wish = serde_json::from_slice::<Value>(body);
        if !wish.is_ok_and(|wish| wish["action"] == "view change") {
            let words = r#"send {"action": "view change"}"#;
            return Ok(refuse(StatusCode::BAD_REQUEST, words));
        }
        match self.handle.ask_process(Ask::Distrust).await? {
            host::Answer::Distrusts(view) => Ok(respond(StatusCode::OK, &json!({"view": view.0}))),
            other => Err(mismatch(&other)),
        }
    }

    async fn status(&self) -> Result<Answer, Fault> {
        let Standing {
            status, traffic, ..
        } = self.handle.ask(Question::Status).await?;
        let (sizes, votes) = self.handle.ask(Question::Sizes).await?;
        Ok(respond(
            StatusCode::OK,
            &json!({
                "index": self.handle.own().0,
                "view": status.view.0,
                "view_active": status.active,
                "primary": status.primary.0,
                "votes": votes,
                "executed": status.executed.0,
                "checkpoint": status.low_watermark.0,
                "low_watermark": status.low_watermark.0,
                "high_watermark": status.high_watermark.0,
                "slots_in_log": sizes.slots,
                "bodies_in_log": sizes.bodies,
                "requests_waiting": sizes.requests,
                "messages_sent": traffic.messages_sent,
                "bytes_sent": traffic.bytes_sent,
            }),
        ))
    }
}
