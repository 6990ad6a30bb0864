//! A connection to the endpoint, and what comes back on it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is_text(&self, text: &str) {
        self.is_status(200);
        let expected = format!("<string>{text}</string>");
        assert!(self.body.contains(&expected), "{:.1000}", self.body);
    }

    /// The numbers in its text.
    pub(crate) fn numbers<const N: usize>(&self) -> [usize; N] {
        let text = self.body.split_once("<string>").unwrap().1;
        let numbers = text.split_once('<').unwrap().0.split(' ');
        let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
        numbers.try_into().unwrap()
    }

    #[track_caller]
    pub(crate) fn is_fault(&self, code: i32) {
        self.is_status(200);
        crate::common::assert_fault(&self.body, code);
    }

    #[track_caller]
    pub(crate) fn is_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}\n{:.1000}", self.head, self.body);
    }
}

/// A call on a connection that stays open.
pub(crate) fn kept(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A connection that reads answers one by one.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self(BufReader::with_capacity(1024, stream))
    }

    /// The same connection, for writing at the same time.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.stream().try_clone().unwrap())
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    /// Writes everything, or as much as the endpoint takes before it closes the connection. Returns whether it wrote
    /// everything.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    pub(crate) fn close_writing(&self) {
        self.stream().shutdown(Shutdown::Write).unwrap();
    }

    /// The next answer; `None` if the endpoint has closed the connection.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let mut head = String::new();
        loop {
            let before = head.len();
            match self.0.read_line(&mut head) {
                Ok(0) => {
                    assert!(head.is_empty(), "closed within an answer: {head}");
                    return None;
                }
                Ok(_) if head[before..] == *"\r\n" => break,
                Ok(_) => {}
                Err(error) if closed(&error) => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse::<usize>().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body).unwrap();
        let body = String::from_utf8(body).unwrap();
        Some(Answer { status, head, body })
    }
}

fn closed(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset
    )
}
