//! Calls over HTTP without a process for each: for many at once.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

/// Longer than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that is kept from call to call.
pub struct Connection {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub fn to(port: u16) -> Self {
        Self { port, stream: None }
    }

    /// Posts a body; the status and the body of the answer.
    ///
    /// # Errors
    /// Nobody answers, or not with HTTP. The next call connects anew.
    pub fn post(&mut self, path: &str, kind: &str, body: &str) -> io::Result<(u16, String)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(connect(self.port)?),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all((head + body).as_bytes())?;
        let answer = read_answer(&mut stream)?;
        self.stream = Some(stream);
        Ok(answer)
    }

    /// Has an operation of the store executed; its result.
    ///
    /// # Errors
    /// As [`Connection::post`], or the answer is a fault.
    pub fn submit(&mut self, operation: &str) -> io::Result<String> {
        let call = format!(
            "<methodCall><methodName>submit</methodName><params><param><value>{operation}</value></param></params></methodCall>"
        );
        let (_, answer) = self.post("/RPC2", "text/xml", &call)?;
        if answer.contains("<fault>") {
            return Err(io::Error::other(answer));
        }
        Ok(answer)
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("localhost", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, String)> {
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let mut length = 0;
    while line != "\r\n" {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(bytes) = line.to_lowercase().strip_prefix("content-length:") {
            length = bytes.trim().parse().map_err(|_| broken())?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body).map_err(|_| broken())?;
    Ok((status.ok_or_else(broken)?, body))
}

/// A request of the client with this id for `POST /request`, with so many bytes of data.
pub fn request(client_port: u16, id: u64, bytes: usize) -> String {
    json!({
        "id": [id, 0],
        "client_url": format!("http://localhost:{client_port}/reply"),
        "timestamp": 1.0,
        "data": format!("{id:0>bytes$}"),
    })
    .to_string()
}
