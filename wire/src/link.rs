//! Links: connections that begin as HTTP on an endpoint's port and then carry bytes, with no more HTTP around them. The
//! processes of a cluster send each other their messages over links. What the bytes mean is not known here.
//!
//! * [`dial`]: asks an endpoint for a link.
//! * [`crate::Links`]: what takes the links that an endpoint is asked for.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue, UPGRADE};
use http::{HeaderMap, Method as Verb, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{CallError, Fault};

/// The name of the protocol to which a link is upgraded.
const PROTOCOL: &str = "quorate-peer/1";

/// Asks the endpoint at this address for a link. Returns the connection, and what the endpoint has already sent over it.
///
/// # Errors
/// The endpoint cannot be reached, does not answer within `time`, or gives no link. [`Fault::OVERLOADED`] says that it may
/// give one later.
pub async fn dial(address: SocketAddr, time: Duration) -> Result<(TcpStream, Bytes), CallError> {
    let dialled = tokio::time::timeout(time, upgraded(address)).await;
    dialled.unwrap_or_else(|_| {
        Err(CallError::TimedOut {
            address: address.to_string(),
            method: PROTOCOL.to_owned(),
            after: time,
        })
    })
}

async fn upgraded(address: SocketAddr) -> Result<(TcpStream, Bytes), CallError> {
    let unreachable = |cause: String| CallError::Unreachable {
        address: address.to_string(),
        cause,
    };
    let stream = TcpStream::connect(address)
        .await
        .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
        .map_err(|error| unreachable(error.to_string()))?;
    let broken = |error: hyper::Error| match error.is_parse() {
        true => bad_answer(address, "it is not HTTP".to_owned()),
        false => unreachable(error.to_string()),
    };
    let (mut requests, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = request(address);
    // Ends the connection's HTTP once the answer has come.
    let answer = async move { requests.send_request(request).await };
    let (answer, connection) = tokio::join!(answer, connection.without_shutdown());
    let (answer, connection) = (answer.map_err(broken)?, connection.map_err(broken)?);
    match answer.status() {
        StatusCode::SWITCHING_PROTOCOLS if names_link(answer.headers()) => {
            Ok((connection.io.into_inner(), connection.read_buf))
        }
        StatusCode::SERVICE_UNAVAILABLE => Err(Fault::overloaded("no link now").into()),
        status => Err(bad_answer(address, format!("HTTP status {status}"))),
    }
}

fn bad_answer(address: SocketAddr, cause: String) -> CallError {
    CallError::BadAnswer {
        address: address.to_string(),
        method: PROTOCOL.to_owned(),
        cause,
    }
}

fn request(address: SocketAddr) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    let headers = request.headers_mut();
    if let Ok(host) = HeaderValue::from_str(&address.to_string()) {
        headers.insert(HOST, host);
    }
    upgrade(headers);
    request
}

/// Whether a request asks for a link.
pub(crate) fn is_wanted<B>(request: &Request<B>) -> bool {
    request.method() == Verb::GET && request.uri().path() == "/" && names_link(request.headers())
}

/// The answer that makes the connection a link.
pub(crate) fn granted<B: Default>() -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    upgrade(response.headers_mut());
    response
}

fn upgrade(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(PROTOCOL));
}

fn names_link(headers: &HeaderMap) -> bool {
    let named = headers.get(UPGRADE);
    named.is_some_and(|named| named.as_bytes().eq_ignore_ascii_case(PROTOCOL.as_bytes()))
}
