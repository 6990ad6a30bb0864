//! The client side: calls methods of one endpoint over pooled connections.
//!
//! It uses no proxy and follows no redirects. Every call has a time-out, and answers have a cap. Errors name the
//! endpoint, the method and the cause, and never quote a body.

mod lean;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dxr::{MethodCall, Value};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

pub use lean::LeanCaller;

use crate::xml::{self, Bounds};
use crate::{Fault, Method, read};

/// The most bytes that a [`Caller`] reads of an answer.
pub const ANSWER_LIMIT: usize = 8 * 1024 * 1024;
/// The limits of an answer's tree.
const ANSWER_BOUNDS: Bounds = Bounds {
    depth: 64,
    elements: 1_000_000,
};
/// The longest wait for a connection, however long the call may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long an unused connection is kept: less than endpoints keep theirs, so that a call never meets a closing one.
const POOL_IDLE: Duration = Duration::from_secs(60);

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CallError {
    /// No connection could be made, or it broke before the answer.
    #[error("{address} cannot be reached: {cause}")]
    Unreachable {
        /// The endpoint, as host and port.
        address: String,
        /// The error of the operating system or the connection.
        cause: String,
    },
    /// The answer did not come in time.
    #[error("{method} at {address} did not answer within {after:?}")]
    TimedOut {
        /// The endpoint, as host and port.
        address: String,
        /// The method that was called.
        method: String,
        /// How long the caller waited.
        after: Duration,
    },
    /// The method answered with a fault.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The response is not a valid answer of the method.
    #[error("{method} at {address} gave a bad answer: {cause}")]
    BadAnswer {
        /// The endpoint, as host and port.
        address: String,
        /// The method that was called.
        method: String,
        /// What is wrong with it. It never quotes the answer.
        cause: String,
    },
}

impl CallError {
    /// Whether the process could not be reached: nothing listens there, or its server says that it is away.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. }) || self.is_away()
    }

    /// Whether the server of the process answered in its place: it has ended, or is paused.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.code() == Fault::AWAY)
    }

    /// Whether the endpoint is overloaded at the moment.
    pub fn is_overload(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.code() == Fault::OVERLOADED)
    }
}

/// Calls methods of one endpoint. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client<HttpConnector, Full<Bytes>>,
    address: Arc<str>,
    timeout: Duration,
}

impl Caller {
    /// A caller of the endpoint at this address, path `/RPC2`; each call takes at most `timeout`.
    pub fn new(address: SocketAddr, timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(timeout.min(CONNECT_LIMIT)));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .build(connector);
        Self {
            client,
            address: address.to_string().into(),
            timeout,
        }
    }

    /// The endpoint, as host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Calls a method and waits for its answer, at most this caller's time-out.
    pub async fn call<M: Method>(&self, method: M) -> Result<M::Answer, CallError> {
        self.call_with_timeout(method, self.timeout).await
    }

    /// Calls a method and waits for its answer, at most `timeout`.
    pub async fn call_with_timeout<M: Method>(
        &self,
        method: M,
        timeout: Duration,
    ) -> Result<M::Answer, CallError> {
        let value = self
            .call_by_name(M::NAME, method.into_params(), timeout)
            .await?;
        M::answer_from_value(value).map_err(|cause| self.bad_answer(M::NAME, cause))
    }

    /// The names of the endpoint's methods, as `system.listMethods` answers them.
    pub async fn methods(&self) -> Result<Vec<String>, CallError> {
        const NAME: &str = "system.listMethods";
        let name_of = |value| match value {
            Value::String(name) => Some(name),
            _ => None,
        };
        let names = match self.call_by_name(NAME, Vec::new(), self.timeout).await? {
            Value::Array(values) => values.into_iter().map(name_of).collect(),
            _ => None,
        };
        names.ok_or_else(|| self.bad_answer(NAME, "expected an array of strings"))
    }

    async fn call_by_name(
        &self,
        name: &str,
        params: Vec<Value>,
        timeout: Duration,
    ) -> Result<Value, CallError> {
        let exchange = self.exchange(name, body_of(name, params)?);
        let (head, body) = tokio::time::timeout(timeout, exchange)
            .await
            .map_err(|_| CallError::TimedOut {
                address: self.address.to_string(),
                method: name.to_owned(),
                after: timeout,
            })??;
        answer_of(head.status, &head.headers, &body)
            .unwrap_or_else(|cause| Err(self.bad_answer(name, cause)))
    }

    /// Sends a body and returns the whole answer, with any status.
    async fn exchange(
        &self,
        name: &str,
        body: String,
    ) -> Result<(http::response::Parts, Bytes), CallError> {
        let uri: Uri = format!("http://{}/RPC2", self.address)
            .parse()
            .map_err(|_| self.unreachable("the address is not a host and port".to_owned()))?;
        let mut request = Request::post(uri)
            .body(Full::from(body))
            .map_err(|error| self.unreachable(root_cause(&error)))?;
        request.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/xml; charset=utf-8"),
        );
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("text/xml"));

        let response: Response<Incoming> = self.client.request(request).await.map_err(|error| {
            if is_not_http(&error) {
                self.bad_answer(name, "it is not HTTP")
            } else {
                self.unreachable(root_cause(&error))
            }
        })?;
        let (head, body) = response.into_parts();
        match Limited::new(body, ANSWER_LIMIT).collect().await {
            Ok(collected) => Ok((head, collected.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(self.bad_answer(name, too_large())),
            Err(error) => Err(self.unreachable(root_cause(error.as_ref()))),
        }
    }

    fn unreachable(&self, cause: String) -> CallError {
        CallError::Unreachable {
            address: self.address.to_string(),
            cause,
        }
    }

    fn bad_answer(&self, method: &str, cause: impl Into<String>) -> CallError {
        CallError::BadAnswer {
            address: self.address.to_string(),
            method: method.to_owned(),
            cause: cause.into(),
        }
    }
}

/// The body of a call.
fn body_of(name: &str, params: Vec<Value>) -> Result<String, Fault> {
    let call = MethodCall {
        name: Cow::Borrowed(name),
        params,
    };
    let body = dxr_client::utils::request_to_body(&call).map_err(|_| {
        Fault::wrong_parameters(format!("{name}: the parameters cannot be written as XML"))
    })?;
    Ok(xml::legal(body))
}

/// The value in an answer, or the fault.
///
/// # Errors
/// What is wrong with the answer.
fn answer_of(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Result<Value, CallError>, String> {
    match read_answer(status, headers, body) {
        Ok(result) => Ok(result.map_err(CallError::from)),
        // A connection over the endpoint's cap gets this status before the endpoint reads the call.
        Err(_) if status == StatusCode::SERVICE_UNAVAILABLE => {
            let busy = Fault::overloaded("too many connections are open; try again later");
            Ok(Err(busy.into()))
        }
        Err(cause) => Err(cause),
    }
}

/// The value or fault in an answer, or what is wrong with it. A fault is accepted with any HTTP status, a value only
/// with 200.
fn read_answer(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Result<Value, Fault>, String> {
    match read_body(headers, body) {
        Ok(Ok(_)) | Err(_) if status != StatusCode::OK => Err(format!("HTTP status {status}")),
        read => read,
    }
}

/// What is wrong with an answer of more than [`ANSWER_LIMIT`] bytes.
fn too_large() -> String {
    format!("it is larger than {} MiB", ANSWER_LIMIT / 1024 / 1024)
}

/// Reads the body of an answer: the value, or the fault.
///
/// # Errors
/// What is wrong with it.
pub fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Result<Value, Fault>, String> {
    let text =
        xml::decode(body, xml::charset(headers)).map_err(|fault| fault.message().to_owned())?;
    xml::check(&text, "methodResponse", ANSWER_BOUNDS)
        .map_err(|fault| fault.message().to_owned())?;
    match read::answer(&text) {
        Ok(Ok(value)) => Ok(Ok(value)),
        Ok(Err(fault)) => read_fault(fault)
            .map(Err)
            .ok_or_else(|| "its fault lacks a code or message".to_owned()),
        Err(wrong) => Err(format!("it is not an XML-RPC response: {wrong}")),
    }
}

/// Reads the members of a fault. Other members are ignored.
fn read_fault(value: Value) -> Option<Fault> {
    let Value::Struct(mut members) = value else {
        return None;
    };
    Some(Fault::new(
        fault_code(&mut members)?,
        fault_string(&mut members),
    ))
}

fn fault_code(members: &mut BTreeMap<String, Value>) -> Option<i32> {
    match members.remove("faultCode")? {
        Value::Integer(code) => Some(code),
        Value::Long(code) => i32::try_from(code).ok(),
        Value::String(code) => code.trim().parse().ok(),
        _ => None,
    }
}

fn fault_string(members: &mut BTreeMap<String, Value>) -> String {
    match members.remove("faultString") {
        Some(Value::String(message)) => message,
        _ => String::new(),
    }
}

/// Whether the other side answered with something that is not HTTP.
fn is_not_http(error: &hyper_util::client::legacy::Error) -> bool {
    let cause = error.source().and_then(<dyn Error>::downcast_ref);
    cause.is_some_and(hyper::Error::is_parse)
}

/// The innermost error, which names the cause. The outer ones only say `client error` or the like.
fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
