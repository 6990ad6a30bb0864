//! Inputs that are small and become large.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use quorate_wire::Fault;

use super::at_once;
use crate::common::{call, multicall, post, request};
use crate::endpoint::Process;

fn gzipped(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn gzip(process: &Process) {
    let header = "Content-Encoding: gzip\r\n";
    let member = gzipped(&vec![b' '; 16 << 20]);
    let all = member.repeat(64);
    let bomb = post("/", header, &all);
    at_once(8, || process.send(&bomb).is_status(413));
    // A gzip header without anything else, empty members, and a member that is cut off.
    let endless_name = [
        b"\x1F\x8B\x08\x08\0\0\0\0\0\xFF".as_slice(),
        &[b'x'; 4 << 20],
    ]
    .concat();
    let nothing = gzipped(b"").repeat(200_000);
    for (body, code) in [
        (endless_name.as_slice(), Fault::TRANSPORT),
        (&nothing, Fault::PARSE),
        (&member[..member.len() / 4], Fault::TRANSPORT),
        (&gzipped(&gzipped(&all)), Fault::ENCODING),
    ] {
        process.send(post("/", header, body)).is_fault(code);
    }
}

/// Bodies of 256 MiB together, none of which ends. While a body arrives, it may take twice its size in memory.
pub(super) fn large_bodies(process: &Process) {
    let large = vec![b' '; (8 << 20) - 1];
    let head = request("POST", "/", &format!("Content-Length: {}\r\n", 8 << 20));
    at_once(32, || {
        let mut connection = process.connect();
        connection.write(&head);
        connection.write(&large);
        let answer = connection.answer().expect("an answer");
        assert!([408, 503].contains(&answer.status), "{}", answer.head);
    });
    let peak = process.memory().used_peak;
    assert!(peak < 160 * 1024, "{peak} KiB");
}

pub(super) fn many_calls(process: &Process) {
    let large = "x".repeat(100_000);
    for _ in 0..5 {
        let answer = process.post(multicall("echo", &[large.as_str(); 64]));
        answer.is_status(200);
        assert!(answer.body.len() <= 512 * 1024, "{}", answer.body.len());
        assert_eq!(answer.body.matches("<i4>-32300</i4>").count(), 59);
    }
    for (body, code) in [
        (multicall("echo", &["x"; 65]), Fault::WRONG_PARAMETERS),
        (multicall("echo", &["x"; 10_000]), Fault::WRONG_PARAMETERS),
        (multicall("echo", &["x"; 30_000]), Fault::NOT_XML_RPC),
    ] {
        process.post(body).is_fault(code);
    }
    for method in ["system.multicall", " system.multicall\n"] {
        let answer = process.post(multicall(method, &["x"; 64]));
        assert_eq!(answer.body.matches("<i4>-32602</i4>").count(), 64);
    }
    let inner = call("system.multicall", "x");
    process.post(inner).is_fault(Fault::WRONG_PARAMETERS);
    let answer = process.post(multicall("panic", &["x"; 64]));
    assert_eq!(answer.body.matches("<i4>-32603</i4>").count(), 64);
}
