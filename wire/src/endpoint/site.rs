//! Pages instead of XML-RPC.

use bytes::Bytes;
use dxr_server::async_trait;
use http::{Request, Response};

use super::body::AnswerBody;

/// All that an endpoint serves, if it serves no XML-RPC. The endpoint has already checked the body's size and the time that the body
/// took.
#[async_trait]
pub trait Site: Send + Sync {
    /// Answers one request. `None`: the connection ends without an answer, as if nobody listened.
    async fn answer(&self, request: Request<Bytes>) -> Option<Response<AnswerBody>>;
}

/// Neither does a site answer what it does not want to, nor any other endpoint what a web page has asked for.
#[derive(Debug, thiserror::Error)]
#[error("this request gets no answer")]
pub(super) struct NoAnswer;
