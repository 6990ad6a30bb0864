//! Paths beside XML-RPC.

use bytes::Bytes;
use dxr_server::async_trait;
use http::{Method as Verb, Response, Uri};

use super::body::AnswerBody;

/// Plain HTTP on the same port. The endpoint has already checked the host, the body's size and the time that the body
/// took. It accepts any `Content-Type`.
#[async_trait]
pub trait Routes: Send + Sync {
    /// Whether this path is served here.
    fn serves(&self, path: &str) -> bool;

    /// Answers one request.
    async fn answer(&self, verb: Verb, uri: &Uri, body: Bytes) -> Response<AnswerBody>;
}
