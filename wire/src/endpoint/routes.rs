//! What an endpoint serves beside XML-RPC, on paths of its own.

use bytes::Bytes;
use dxr_server::async_trait;
use http::{Method as Verb, Response};
use http_body_util::Full;

/// Plain HTTP on the same port. The endpoint has checked the host, the size of the body and the time that it took; whatever
/// `Content-Type` a request has, it is accepted.
#[async_trait]
pub trait Routes: Send + Sync {
    /// Whether this path is served here.
    fn serves(&self, path: &str) -> bool;

    /// Answers one request.
    async fn answer(&self, verb: Verb, path: &str, body: Bytes) -> Response<Full<Bytes>>;
}
