//! Sends arbitrary bytes on a connection to an XML-RPC endpoint, as they are or as the body of a call. The endpoint
//! ends the connection, and still answers a normal call on another.
#![no_main]

#[path = "../../wire/tests/mutated/converse.rs"]
mod converse;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_wire::endpoint::Connections;
use quorate_wire::{Endpoint, Limits};
use tokio::runtime::Runtime;

use converse::{ROOM, converse, first_status, runtime};

/// Headers that describe the body.
const HEADERS: [&str; 6] = [
    "",
    "Content-Encoding: gzip\r\n",
    "Content-Type: text/xml; charset=utf-16\r\n",
    "Content-Type: text/xml; charset=latin1\r\n",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
];
const NORMAL: &[u8] = b"<methodCall><methodName>system.listMethods</methodName></methodCall>";

struct Served {
    runtime: Runtime,
    connections: Connections,
}

// Made once, because making it takes longer than one input.
static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let limits = Limits {
        body: ROOM,
        depth: 16,
        elements: 1000,
        ..Limits::default()
    };
    Served {
        runtime: runtime(),
        connections: Endpoint::new().limits(limits).connections(),
    }
});

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let kind = usize::from(*kind) % (HEADERS.len() + 2);
    say(&HEADERS
        .get(kind)
        .map_or_else(|| rest.to_vec(), |headers| post(headers, rest)));
    assert_eq!(say(&post("", NORMAL)), "answered first with 200");
});

fn say(requests: &[u8]) -> String {
    let answers = converse(&SERVED.runtime, &SERVED.connections, requests);
    // The answer to HEAD has no body.
    let heads = requests.windows(5).any(|verb| verb == b"HEAD ");
    first_status(&answers, heads)
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("POST / HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}
