//! A caller that spends little on a call: for processes that call each other, and for measurements.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dxr::Value;
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::{ANSWER_LIMIT, CONNECT_LIMIT, CallError, POOL_IDLE, answer_of, body_of, too_large};
use crate::Method;

/// The method of which nothing is asked.
const MULTICALL: &str = "system.multicall";
/// More headers than an endpoint sends.
const MOST_HEADERS: usize = 32;
/// The bytes that a connection has room for at first: most answers are smaller.
const ROOM: usize = 4096;

/// Calls methods of one endpoint over kept connections, with plain sockets and without a task for each connection.
///
/// It opens a connection when all others are in use, so there are as many as calls at the same time. It reads only
/// answers that say how long they are, as those of an [`Endpoint`](crate::Endpoint) do; [`Caller`](super::Caller) reads
/// all of HTTP.
#[derive(Debug)]
pub struct LeanCaller {
    address: SocketAddr,
    timeout: Duration,
    /// The connections on which no call is under way.
    idle: Mutex<Vec<Line>>,
}

impl LeanCaller {
    /// A caller of the endpoint at this address, path `/RPC2`; each call takes at most `timeout`.
    #[must_use]
    pub const fn new(address: SocketAddr, timeout: Duration) -> Self {
        Self {
            address,
            timeout,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Calls a method and waits for its answer.
    ///
    /// # Errors
    /// As [`Caller::call`](super::Caller::call).
    pub async fn call<M: Method>(&self, method: M) -> Result<M::Answer, CallError> {
        self.call_with_timeout(method, self.timeout).await
    }

    /// Calls a method and waits for its answer, at most `limit`.
    ///
    /// # Errors
    /// As [`Caller::call`](super::Caller::call).
    pub async fn call_with_timeout<M: Method>(
        &self,
        method: M,
        limit: Duration,
    ) -> Result<M::Answer, CallError> {
        let value = self
            .call_by_name(M::NAME, method.into_params(), limit)
            .await?;
        M::answer_from_value(value).map_err(|cause| self.bad_answer(M::NAME, cause))
    }

    /// Makes the smallest call that every endpoint answers: `system.multicall` of no calls.
    ///
    /// # Errors
    /// As [`LeanCaller::call`].
    pub async fn call_nothing(&self) -> Result<(), CallError> {
        let nothing = vec![Value::Array(Vec::new())];
        match self.call_by_name(MULTICALL, nothing, self.timeout).await? {
            Value::Array(answers) if answers.is_empty() => Ok(()),
            _ => Err(self.bad_answer(MULTICALL, "expected an empty array")),
        }
    }

    async fn call_by_name(
        &self,
        name: &str,
        params: Vec<Value>,
        limit: Duration,
    ) -> Result<Value, CallError> {
        let request = self.request(&body_of(name, params)?);
        let exchange = self.exchange(name, request.as_bytes());
        let answer = timeout(limit, exchange).await;
        answer.unwrap_or_else(|_| {
            Err(CallError::TimedOut {
                address: self.address.to_string(),
                method: name.to_owned(),
                after: limit,
            })
        })
    }

    fn request(&self, body: &str) -> String {
        format!(
            "POST /RPC2 HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml; charset=utf-8\r\nAccept: text/xml\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
    }

    /// Sends a request and reads its answer. A connection is kept only after a whole answer: one that was given up may
    /// still get an answer.
    async fn exchange(&self, name: &str, request: &[u8]) -> Result<Value, CallError> {
        let mut line = self.line().await?;
        let head = line
            .exchange(request)
            .await
            .map_err(|failed| match failed {
                Failed::Broken(error) => self.unreachable(&error),
                Failed::Bad(cause) => self.bad_answer(name, cause),
            })?;
        let body = &line.answer[head.body..head.end];
        let answer = answer_of(head.status, &head.headers, body);
        if head.keeps {
            line.since = Instant::now();
            self.idle().push(line);
        }
        answer.unwrap_or_else(|cause| Err(self.bad_answer(name, cause)))
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last and is still open. One that was not used for long may be closing.
    fn kept(&self) -> Option<Line> {
        let now = Instant::now();
        let mut idle = self.idle();
        idle.retain(|line| now.duration_since(line.since) < POOL_IDLE);
        while let Some(line) = idle.pop() {
            if line.is_open() {
                return Some(line);
            }
        }
        None
    }

    /// A connection that was kept, or a new one.
    async fn line(&self) -> Result<Line, CallError> {
        if let Some(line) = self.kept() {
            return Ok(line);
        }
        let limit = self.timeout.min(CONNECT_LIMIT);
        let stream = timeout(limit, TcpStream::connect(self.address)).await;
        let stream = stream
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| self.unreachable(&error))?;
        stream
            .set_nodelay(true)
            .map_err(|error| self.unreachable(&error))?;
        Ok(Line {
            stream,
            answer: Vec::with_capacity(ROOM),
            since: Instant::now(),
        })
    }

    fn unreachable(&self, error: &io::Error) -> CallError {
        CallError::Unreachable {
            address: self.address.to_string(),
            cause: error.to_string(),
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

/// A connection.
#[derive(Debug)]
struct Line {
    stream: TcpStream,
    /// The bytes of the last answer.
    answer: Vec<u8>,
    /// When it was last used.
    since: Instant,
}

/// What stands before the body of an answer, and where the body is.
struct Head {
    status: StatusCode,
    /// The type of the body's content.
    headers: HeaderMap,
    body: usize,
    end: usize,
    /// Whether the connection can be used again.
    keeps: bool,
}

enum Failed {
    /// The connection broke.
    Broken(io::Error),
    /// The answer is not HTTP as it is read here.
    Bad(String),
}

impl Line {
    /// Whether the endpoint has neither closed the connection nor sent what nobody asked for.
    fn is_open(&self) -> bool {
        let read = self.stream.try_read(&mut [0]);
        read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Head, Failed> {
        self.answer.clear();
        // An endpoint that has too many connections answers before it reads, and closes: its answer counts.
        let sent = self.stream.write_all(request).await;
        let head = loop {
            if let Some(head) = head_of(&self.answer).map_err(Failed::Bad)? {
                break head;
            }
            if let Err(broken) = self.read().await {
                return Err(Failed::Broken(sent.err().unwrap_or(broken)));
            }
        };
        while self.answer.len() < head.end {
            self.read().await.map_err(Failed::Broken)?;
        }
        Ok(head)
    }

    async fn read(&mut self) -> Result<(), io::Error> {
        match self.stream.read_buf(&mut self.answer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// The head of an answer, if all of it is there.
///
/// # Errors
/// What is wrong with it.
fn head_of(answer: &[u8]) -> Result<Option<Head>, String> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let status = response
        .parse(answer)
        .map_err(|error| format!("it is not HTTP: {error}"))?;
    let httparse::Status::Complete(body) = status else {
        return Ok(None);
    };
    let value_of = |wanted: HeaderName| {
        let mut headers = response.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(wanted.as_str()));
        header.map(|header| header.value)
    };
    let length: usize = value_of(CONTENT_LENGTH)
        .and_then(|length| std::str::from_utf8(length).ok()?.trim().parse().ok())
        .ok_or("it does not say how long it is")?;
    if length > ANSWER_LIMIT {
        return Err(too_large());
    }
    let kind = value_of(CONTENT_TYPE).and_then(|kind| HeaderValue::from_bytes(kind).ok());
    let closes = value_of(CONNECTION).is_some_and(|option| option.eq_ignore_ascii_case(b"close"));
    Ok(Some(Head {
        status: response
            .code
            .and_then(|code| StatusCode::from_u16(code).ok())
            .ok_or("it has no HTTP status")?,
        headers: kind.map(|kind| (CONTENT_TYPE, kind)).into_iter().collect(),
        body,
        end: body + length,
        keeps: !closes && response.version == Some(1),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::method::Read;
    use crate::{Endpoint, Fault};
    use tokio::net::TcpListener;

    const PATIENCE: Duration = Duration::from_secs(60);
    /// The answer to a call of nothing.
    const NOTHING: &str = "HTTP/1.1 200 OK\r\nContent-Length: 108\r\n\r\n<methodResponse><params><param><value><array><data></data></array></value></param></params></methodResponse>";

    async fn served(endpoint: Endpoint) -> LeanCaller {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(endpoint.serve(listener, std::future::pending::<()>()));
        LeanCaller::new(address, PATIENCE)
    }

    fn kept(caller: &LeanCaller) -> usize {
        caller.idle.lock().unwrap().len()
    }

    #[tokio::test]
    async fn calls_one_after_the_other_share_a_connection_and_calls_at_the_same_time_do_not() {
        let endpoint = Endpoint::new().method(async |read: Read| Ok(read.key));
        let caller = served(endpoint).await;
        for key in ["a", "<b> & \u{e9}"] {
            let read = Read {
                key: key.to_owned(),
            };
            assert_eq!(caller.call(read).await.unwrap(), key);
        }
        assert_eq!(kept(&caller), 1);
        let (first, second) = tokio::join!(caller.call_nothing(), caller.call_nothing());
        first.and(second).unwrap();
        assert_eq!(kept(&caller), 2);
    }

    #[tokio::test]
    async fn a_fault_is_an_error_and_its_connection_is_kept() {
        let endpoint = Endpoint::new().method(async |_: Read| Err(Fault::overloaded("busy")));
        let caller = served(endpoint).await;
        let read = Read {
            key: "a".to_owned(),
        };
        assert!(caller.call(read).await.unwrap_err().is_overload());
        assert_eq!(kept(&caller), 1);
    }

    #[tokio::test]
    async fn a_connection_that_the_endpoint_has_closed_is_not_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let caller = LeanCaller::new(listener.local_addr().unwrap(), PATIENCE);
        // It closes each connection after one answer.
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut call = Vec::with_capacity(ROOM);
                stream.read_buf(&mut call).await.unwrap();
                stream.write_all(NOTHING.as_bytes()).await.unwrap();
            }
        });
        for _ in 0..2 {
            caller.call_nothing().await.unwrap();
            let line = caller.idle().pop().unwrap();
            line.stream.readable().await.unwrap();
            caller.idle().push(line);
        }
    }

    /// What a caller makes of these bytes. Nothing follows them.
    async fn reads(answer: &'static str) -> CallError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let caller = LeanCaller::new(listener.local_addr().unwrap(), PATIENCE);
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut call = Vec::with_capacity(ROOM);
            stream.read_buf(&mut call).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let error = caller.call_nothing().await.unwrap_err();
        assert_eq!(kept(&caller), 0);
        error
    }

    #[tokio::test]
    async fn an_answer_that_is_not_understood_is_an_error_that_says_what_is_wrong() {
        for (answer, cause) in [
            ("nonsense\r\n\r\n", "it is not HTTP"),
            ("HTTP/1.1 200 OK\r\n\r\n", "it does not say how long it is"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                "it is larger than 8 MiB",
            ),
            (
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                "HTTP status 404",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
                "cannot be reached: unexpected end of file",
            ),
        ] {
            let error = reads(answer).await.to_string();
            assert!(error.contains(cause), "{answer:?}: {error}");
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_has_too_many_connections_is_overloaded() {
        let error = reads(
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
        assert!(error.await.is_overload());
    }
}
