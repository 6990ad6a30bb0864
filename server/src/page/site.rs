//! Who may ask for what.
//!
//! The page is for this machine alone. A page of another origin must not even learn that this server runs. So a request that a browser
//! makes for such a page gets no answer at all, as if nobody listened: its `Host`, its `Origin` and its `Sec-Fetch-Site` tell it apart.
//! Other programs of this machine get the page, and without the token nothing else. The token is no cookie: a browser sends a cookie to
//! all ports of a host.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST,
    HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method as Verb, Request, Response, StatusCode};
use quorate_page::live::{self, Live};
use quorate_wire::endpoint::async_trait;
use quorate_wire::endpoint::body::{AnswerBody, pieces, whole};
use serde_json::json;

use super::deeds::Deeds;
use super::feed::Feed;

/// A browser says with it whose page asks.
const FETCH_SITE: &str = "sec-fetch-site";
/// The number of the last event that a reader has.
const LAST_EVENT: &str = "last-event-id";

/// The page, its modules, the stream and the switches.
pub(super) struct Site {
    /// The names under which the page is asked for: `127.0.0.1:PORT` and `localhost:PORT`.
    hosts: [String; 2],
    token: String,
    page: Bytes,
    policy: HeaderValue,
    feed: Arc<Feed>,
    deeds: Deeds,
}

type Answer = Response<AnswerBody>;

impl Site {
    pub(super) fn new(
        address: SocketAddr,
        token: String,
        feed: Arc<Feed>,
        deeds: Deeds,
    ) -> io::Result<Self> {
        let Live { html, policy } = live::live()?;
        Ok(Self {
            hosts: [address.to_string(), format!("localhost:{}", address.port())],
            token,
            page: html.into(),
            policy: HeaderValue::try_from(policy).map_err(io::Error::other)?,
            feed,
            deeds,
        })
    }

    /// Whether a request may be from this page, from somebody who opens it, or from a program that is no browser.
    fn may_ask(&self, request: &Request<Bytes>) -> bool {
        let headers = request.headers();
        let Some(host) = only(headers, &HOST) else {
            return false;
        };
        let named = request.uri().authority().is_none() && self.hosts.iter().any(|one| one == host);
        let origin_fits = match headers.get(ORIGIN) {
            None => true,
            Some(_) => only(headers, &ORIGIN) == Some(&format!("http://{host}")),
        };
        // Somebody who opens an address by hand comes from no site.
        let opens = request.uri().path() == "/" && request.method() == Verb::GET;
        let site_fits = match headers.get(FETCH_SITE).map(HeaderValue::as_bytes) {
            None | Some(b"same-origin") => true,
            Some(b"none") => opens,
            Some(_) => false,
        };
        named && origin_fits && site_fits
    }

    /// Whether a request has the token.
    fn is_let_in(&self, headers: &HeaderMap) -> bool {
        let said = only(headers, &AUTHORIZATION).and_then(|text| text.strip_prefix("Bearer "));
        said.is_some_and(|said| are_same(said.as_bytes(), self.token.as_bytes()))
    }

    fn stream(&self, headers: &HeaderMap) -> Answer {
        let last = headers.get(LAST_EVENT).and_then(|id| id.to_str().ok());
        let last = last.and_then(|id| id.parse().ok()).unwrap_or_default();
        let Some(reader) = self.feed.reader(last) else {
            return refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many look at this page: close one of its tabs",
            );
        };
        let body = pieces(reader, |mut reader| async move {
            let piece = reader.piece().await;
            Ok(Some((piece, reader)))
        });
        answer(StatusCode::OK, "text/event-stream", body)
    }

    async fn carry_out(&self, request: &Request<Bytes>) -> Answer {
        // A browser always says for whom it posts; other programs must say it, too.
        if !request.headers().contains_key(ORIGIN) {
            return refusal(StatusCode::FORBIDDEN, "say with Origin where you come from");
        }
        match self.deeds.carry_out(request.body()).await {
            Ok(done) => {
                let body = whole(json!({ "done": done }).to_string());
                answer(StatusCode::OK, "application/json", body)
            }
            Err(why) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &why),
        }
    }

    fn page(&self) -> Answer {
        let body = whole(self.page.clone());
        let mut page = answer(StatusCode::OK, "text/html; charset=utf-8", body);
        let headers = page.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
        for name in ["cross-origin-opener-policy", "cross-origin-embedder-policy"] {
            let value = if name.ends_with("opener-policy") {
                "same-origin"
            } else {
                "require-corp"
            };
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        page
    }
}

#[async_trait]
impl quorate_wire::endpoint::Site for Site {
    async fn answer(&self, request: Request<Bytes>) -> Option<Answer> {
        if !self.may_ask(&request) {
            return None;
        }
        let path = request.uri().path();
        Some(match (request.method(), path) {
            (&Verb::GET, "/") => self.page(),
            (&Verb::GET, "/live") | (&Verb::POST, "/do") if !self.is_let_in(request.headers()) => {
                refusal(
                    StatusCode::UNAUTHORIZED,
                    "open the address that the server has printed, with all that stands behind the #",
                )
            }
            (&Verb::GET, "/live") => self.stream(request.headers()),
            (&Verb::POST, "/do") => self.carry_out(&request).await,
            (&Verb::GET, path) => match live::module(path) {
                Some(packed) => {
                    let body = whole(Bytes::from_static(packed));
                    let mut module = answer(StatusCode::OK, "text/javascript; charset=utf-8", body);
                    let headers = module.headers_mut();
                    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                    module
                }
                None => refusal(StatusCode::NOT_FOUND, "nothing is here"),
            },
            _ => refusal(StatusCode::NOT_FOUND, "nothing is here"),
        })
    }
}

/// The value of a header that must stand there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}

/// Takes as long whichever letter differs.
fn are_same(said: &[u8], token: &[u8]) -> bool {
    let differing = said.iter().zip(token).fold(0, |all, (a, b)| all | (a ^ b));
    said.len() == token.len() && differing == 0
}

fn refusal(status: StatusCode, why: &str) -> Answer {
    let body = whole(json!({ "error": why }).to_string());
    answer(status, "application/json", body)
}

fn answer(status: StatusCode, content_type: &'static str, body: AnswerBody) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}
