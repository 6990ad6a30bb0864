//! Posts JSON over pooled connections and reads the answer.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// The most bytes that an answer may have.
const ANSWER_LIMIT: usize = 64 * 1024;
/// The most redirections that are followed.
const REDIRECTIONS: usize = 3;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// It is not an `http://` address.
    #[error("'{0}' is not an address: write http://HOST:PORT/PATH")]
    BadAddress(String),
    /// No connection could be made, or it broke.
    #[error("{address} cannot be reached: {cause}")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The error of the operating system or the connection.
        cause: String,
    },
    /// The answer did not come in time.
    #[error("{address} did not answer within {after:?}")]
    TimedOut {
        /// Host and port.
        address: String,
        /// How long the poster waited.
        after: Duration,
    },
    /// The request was redirected too often.
    #[error("too many redirections: the last one leads to {0}")]
    Redirected(String),
}

/// Posts JSON. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Poster {
    client: Client<HttpConnector, Full<Bytes>>,
    timeout: Duration,
}

impl Poster {
    /// A poster whose requests take at most `timeout` each.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Self { client, timeout }
    }

    /// Posts JSON to a URL. Follows redirections with status 307.
    ///
    /// # Errors
    /// There was no answer. An answer with any status is not an error.
    pub async fn post(&self, url: &str, json: String) -> Result<(StatusCode, Bytes), PostError> {
        let json = Bytes::from(json);
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTIONS {
            let uri = read_url(&url)?;
            let (status, next, body) = self.post_once(uri, json.clone()).await?;
            match next {
                Some(next) if status == StatusCode::TEMPORARY_REDIRECT => url = next,
                _ => return Ok((status, body)),
            }
        }
        Err(PostError::Redirected(url))
    }

    /// Posts JSON to a URL. Follows no redirection.
    ///
    /// # Errors
    /// As for [`Poster::post`].
    pub async fn post_here(
        &self,
        url: &str,
        json: String,
    ) -> Result<(StatusCode, Bytes), PostError> {
        let (status, _, body) = self.post_once(read_url(url)?, json.into()).await?;
        Ok((status, body))
    }

    async fn post_once(
        &self,
        uri: Uri,
        json: Bytes,
    ) -> Result<(StatusCode, Option<String>, Bytes), PostError> {
        let address = uri.authority().map(ToString::to_string).unwrap_or_default();
        let mut request = Request::new(Full::from(json));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(CONTENT_TYPE, json);
        let unreachable = |error: &dyn Error| PostError::Unreachable {
            address: address.clone(),
            cause: root_cause(error),
        };
        let exchange = async {
            let answer = self.client.request(request).await;
            let answer = answer.map_err(|error| unreachable(&error))?;
            let status = answer.status();
            let location = answer.headers().get(LOCATION);
            let next = location.and_then(|next| Some(next.to_str().ok()?.to_owned()));
            let body = Limited::new(answer.into_body(), ANSWER_LIMIT)
                .collect()
                .await;
            let body = body
                .map_err(|error| unreachable(error.as_ref()))?
                .to_bytes();
            Ok((status, next, body))
        };
        tokio::time::timeout(self.timeout, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(PostError::TimedOut {
                    address: address.clone(),
                    after: self.timeout,
                })
            })
    }
}

/// Reads an `http://` URL.
///
/// # Errors
/// The URL is not valid.
pub fn read_url(url: &str) -> Result<Uri, PostError> {
    let bad = || PostError::BadAddress(url.chars().take(100).collect());
    let uri: Uri = url.parse().map_err(|_| bad())?;
    if uri.scheme_str() == Some("http") && uri.host().is_some() {
        Ok(uri)
    } else {
        Err(bad())
    }
}

fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
