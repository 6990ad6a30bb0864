//! The load. Each connection calls again as soon as it has its answer. It uses plain sockets, so that the caller itself
//! takes little time.

use std::io::{Error, ErrorKind};
use std::time::{Duration, Instant};

use clap::Args;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The sum over no structs: as small as a method of the suite gets. All servers have it.
const CALL: &str = "<?xml version=\"1.0\"?><methodCall><methodName>validator1.arrayOfStructsTest</methodName>\
    <params><param><value><array><data></data></array></value></param></params></methodCall>";

/// The endpoint's answer to this call. The server with a constant answer sends it too.
pub(crate) const ANSWER: &str = "<?xml version=\"1.0\"?>\n<methodResponse><params><param><value><i4>0</i4></value></param></params>\
    </methodResponse>";

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every correct answer contains this, however a server writes it.
const WANTED: &[u8] = b">0</";

#[derive(Args)]
pub(crate) struct Load {
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) connections: usize,
    pub(crate) seconds: f64,
}

/// The results of a turn.
#[derive(Serialize, Deserialize)]
pub(crate) struct Figures {
    calls: u64,
    seconds: f64,
    pub(crate) errors: u64,
    pub(crate) median_us: f64,
    pub(crate) p99_us: f64,
}

impl Figures {
    pub(crate) fn rate(&self) -> f64 {
        self.calls as f64 / self.seconds
    }
}

pub(crate) fn run(load: &Load) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let figures = runtime.unwrap().block_on(all_connections(load));
    println!("{}", serde_json::to_string(&figures).unwrap());
}

async fn all_connections(load: &Load) -> Figures {
    let request = format!(
        "POST {} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{CALL}",
        load.path,
        load.port,
        CALL.len()
    );
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(load.seconds);
    let mut callers = JoinSet::new();
    for _ in 0..load.connections {
        callers.spawn(call_until(end, load.port, request.clone()));
    }
    let mut all = Histogram::<u64>::new(3).unwrap();
    let mut errors = 0;
    while let Some(outcome) = callers.join_next().await {
        let (times, failed) = outcome.unwrap();
        all.add(times).unwrap();
        errors += failed;
    }
    Figures {
        calls: all.len(),
        seconds: start.elapsed().as_secs_f64(),
        errors,
        median_us: all.value_at_quantile(0.5) as f64 / 1000.0,
        p99_us: all.value_at_quantile(0.99) as f64 / 1000.0,
    }
}

/// Calls until `end`. Returns how long each call took in nanoseconds, and how many answers were wrong.
async fn call_until(end: Instant, port: u16, request: String) -> (Histogram<u64>, u64) {
    let mut times = Histogram::new(3).unwrap();
    let mut errors = 0;
    let mut connection = None;
    let mut buffer = Vec::new();
    while Instant::now() < end {
        let begin = Instant::now();
        let call = call(&mut connection, port, request.as_bytes(), &mut buffer);
        let answer = tokio::time::timeout(PATIENCE, call).await;
        match answer.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
            Ok(true) => times
                .record(u64::try_from(begin.elapsed().as_nanos()).unwrap())
                .unwrap(),
            Ok(false) => errors += 1,
            Err(_) => {
                errors += 1;
                connection = None;
            }
        }
    }
    (times, errors)
}

/// Makes one call and returns whether its answer is right. If the server has closed the connection after an answer,
/// opens a new one, which counts as part of the call's time.
async fn call(
    connection: &mut Option<TcpStream>,
    port: u16,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<bool, Error> {
    let used = connection.is_some();
    let mut stream = match connection.take() {
        Some(stream) => stream,
        None => connect(port).await?,
    };
    let keeps = match exchange(&mut stream, request, buffer).await {
        // The server had closed the connection before this call.
        Err(error) if used && closed(&error) => {
            stream = connect(port).await?;
            exchange(&mut stream, request, buffer).await?
        }
        other => other?,
    };
    if keeps {
        *connection = Some(stream);
    }
    Ok(buffer.windows(WANTED.len()).any(|window| window == WANTED))
}

async fn connect(port: u16) -> Result<TcpStream, Error> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn closed(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

/// Sends the request and reads the answer. Returns whether the connection can be used again.
async fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<bool, Error> {
    stream.write_all(request).await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some((end, keeps)) = answer_end(buffer)?
            && buffer.len() >= end
        {
            return Ok(keeps);
        }
    }
}

/// The length of the answer, once its headers have arrived, and whether the connection stays open.
fn answer_end(buffer: &[u8]) -> Result<Option<(usize, bool)>, Error> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let status = response.parse(buffer).map_err(Error::other)?;
    let httparse::Status::Complete(start) = status else {
        return Ok(None);
    };
    let value_of = |name: &str| {
        let mut headers = response.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name));
        header.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    let length: usize = value_of("content-length")
        .and_then(|length| length.parse().ok())
        .ok_or_else(|| Error::other("an answer without Content-Length"))?;
    let keeps = match value_of("connection") {
        Some(word) => word.eq_ignore_ascii_case("keep-alive"),
        None => response.version == Some(1),
    };
    Ok(Some((start + length, keeps)))
}
