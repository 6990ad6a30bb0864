//! Conversations with an endpoint, without sockets and without waiting. The fuzz target `requests` uses them too.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use http::HeaderMap;
use quorate_wire::caller::read_body;
use quorate_wire::endpoint::Connections;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};

/// The buffer of the connection in each direction, in bytes.
pub(crate) const ROOM: usize = 64 * 1024;
/// The longest that a connection may last, by the endpoint's own clock.
const LONGEST: Duration = Duration::from_secs(600);

/// A runtime whose clock jumps ahead when nothing else happens, so that time-outs take no time.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Sends requests, closes the sending side and returns all answers.
pub(crate) fn converse(runtime: &Runtime, connections: &Connections, requests: &[u8]) -> Vec<u8> {
    let (ours, theirs) = duplex(ROOM);
    let conversation = async {
        let (mut reading, mut writing) = tokio::io::split(ours);
        let mut answers = Vec::new();
        let write = async {
            // The endpoint may close the connection before it has read everything.
            let _ = writing.write_all(requests).await;
            let _ = writing.shutdown().await;
        };
        let read = async {
            let _ = reading.read_to_end(&mut answers).await;
        };
        // It does not matter how a connection ends early.
        let _ = tokio::join!(connections.serve(theirs), write, read);
        answers
    };
    runtime.block_on(async {
        tokio::time::timeout(LONGEST, conversation)
            .await
            .expect("a connection ends")
    })
}

/// The status of the first answer. Checks that every answer is complete, and that answers to calls can be read. With
/// `heads`, answers may lack a body.
pub(crate) fn first_status(mut answers: &[u8], heads: bool) -> String {
    let mut first = None;
    while !answers.is_empty() {
        let end = answers.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, rest) = answers.split_at(end.unwrap() + 4);
        let head = std::str::from_utf8(head).unwrap().to_ascii_lowercase();
        answers = rest;
        let status = head.split_whitespace().nth(1).unwrap();
        first.get_or_insert(status.to_owned());
        if status == "100" || heads && (rest.is_empty() || rest.starts_with(b"HTTP/1.")) {
            continue;
        }
        let field = |name| head.lines().find_map(|line| line.strip_prefix(name));
        let length = field("content-length: ").unwrap().parse().unwrap();
        let (body, rest) = answers.split_at(length);
        answers = rest;
        if field("content-type: text/xml").is_some() {
            let read = read_body(&HeaderMap::new(), body);
            let text = std::str::from_utf8(body).unwrap();
            assert!(read.is_ok(), "{read:?}: {text}");
            let legal = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
            assert!(text.chars().all(legal), "{text:?}");
        }
    }
    first.map_or("no answer".to_owned(), |status| {
        format!("answered first with {status}")
    })
}
