//! A client that hears what nodes post to it.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use crate::support::nodes::Nodes;

/// What is posted to a client.
pub(crate) struct Replies {
    pub(crate) listener: TcpListener,
}

impl Replies {
    pub(crate) fn of(nodes: &Nodes, client: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", nodes.client_ports[client])).unwrap();
        Self { listener }
    }

    /// Waits until so many nodes have posted this request as it came in.
    pub(crate) fn wait_for(&self, request: &str, count: usize) {
        let request: Value = serde_json::from_str(request).unwrap();
        let mut nodes = BTreeSet::new();
        while nodes.len() < count {
            let (stream, _) = self.listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            for line in reader.by_ref().lines().map(Result::unwrap) {
                if let Some(bytes) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = bytes.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            (&stream).write_all(answer.as_bytes()).unwrap();
            let reply: Value = serde_json::from_slice(&body).unwrap();
            if reply["proposal"] == request {
                nodes.insert(reply["index"].as_u64().unwrap());
            }
        }
    }
}
