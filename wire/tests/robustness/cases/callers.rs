//! Callers who are slow, many, rude or wrong.

use std::thread;
use std::time::{Duration, Instant};

use quorate_wire::Fault;

use super::{FEW_FILES, IDLE, at_once};
use crate::SOON;
use crate::common::{LONG, call, post, request};
use crate::endpoint::{PATIENCE, Process, as_many_as};
use crate::http::{Connection, kept};

/// The pause between single bytes.
const PAUSE: Duration = Duration::from_millis(50);

#[track_caller]
fn lost_patience(began: Instant) {
    let took = began.elapsed();
    assert!((PATIENCE..PATIENCE + 3 * LONG).contains(&took), "{took:?}");
}

/// Sends single bytes until the endpoint closes the connection.
fn trickle(connection: &mut Connection) {
    while connection.write("x") {
        thread::sleep(PAUSE);
    }
}

pub(super) fn slow_headers(process: &Process) {
    at_once(100, || {
        let mut connection = process.connect();
        let began = Instant::now();
        connection.write("POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
        trickle(&mut connection);
        lost_patience(began);
    });
}

pub(super) fn slow_bodies(process: &Process) {
    for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        at_once(100, || {
            let mut connection = process.connect();
            let mut writing = connection.another();
            let began = Instant::now();
            connection.write(request("POST", "/", &format!("{framing}\r\n")) + "3e8\r\n");
            thread::scope(|scope| {
                scope.spawn(|| trickle(&mut writing));
                connection.answer().expect("an answer").is_status(408);
                lost_patience(began);
                assert!(connection.answer().is_none());
            });
        });
    }
}

/// They ask for large answers and do not read them.
pub(super) fn slow_takers(process: &Process) {
    let calls = kept("", call("echo", &"x".repeat(500_000))).repeat(40);
    at_once(5, || {
        let mut connection = process.connect();
        let began = Instant::now();
        assert!(
            !connection.write(&calls),
            "the endpoint takes 20 MB of calls whose answers nobody reads"
        );
        lost_patience(began);
    });
}

/// More connections than allowed, all of them silent. Those that have waited longest give way.
pub(super) fn silent_connections_by_the_thousand(process: &Process) {
    silent_connections(process, as_many_as(IDLE));
}

/// More connections than the endpoint may have open files.
pub(super) fn more_connections_than_files(process: &Process) {
    silent_connections(process, 3 * FEW_FILES);
}

fn silent_connections(process: &Process, count: usize) {
    let silent: Vec<_> = (0..count).map(|_| process.connect()).collect();
    let began = Instant::now();
    // The earlier connections may still be too many.
    while process.try_to_echo("x").is_none() {
        assert!(began.elapsed() <= SOON, "the endpoint answers nobody");
    }
    assert!(began.elapsed() <= SOON, "{:?}", began.elapsed());
    drop(silent);
}

/// Each connection makes a call, idles, makes another call and closes.
pub(super) fn idle_connections_by_the_thousand(process: &Process) {
    let calling = kept("", call("echo", "then idle"));
    let calls = |connection: &mut Connection| {
        connection.write(&calling);
        connection.answer().expect("an answer").is_text("then idle");
    };
    let mut idle: Vec<_> = (0..as_many_as(IDLE))
        .map(|_| {
            let mut connection = process.connect();
            calls(&mut connection);
            connection
        })
        .collect();
    let answered = process.call_normally();
    assert!(answered <= SOON, "{answered:?}");
    while !idle.is_empty() {
        let mut going = idle.split_off(idle.len().saturating_sub(100));
        going.iter_mut().for_each(calls);
        drop(going);
        process.call_normally();
    }
}

pub(super) fn half_closed(process: &Process) {
    let whole = kept("", call("echo", "last words"));
    for _ in 0..200 {
        let mut connection = process.connect();
        connection.write(&whole);
        connection.close_writing();
        connection
            .answer()
            .expect("an answer")
            .is_text("last words");
        assert!(connection.answer().is_none());
    }
    // Closed within the request line, within the headers and within the body.
    for length in [3, 30, whole.len() - 1] {
        let mut connection = process.connect();
        connection.write(&whole[..length]);
        connection.close_writing();
        if let Some(answer) = connection.answer() {
            answer.is_status(400);
            assert!(connection.answer().is_none());
        }
    }
}

pub(super) fn pipelined(process: &Process) {
    let mut connection = process.connect();
    let mut writing = connection.another();
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..1000 {
                writing.write(kept("", call("echo", &number.to_string())));
            }
        });
        for number in 0..1000 {
            let answer = connection.answer().expect("an answer");
            answer.is_text(&number.to_string());
        }
    });
}

pub(super) fn http_1_0(process: &Process) {
    let body = call("echo", "old");
    let head = format!("POST /RPC2 HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
    let mut connection = process.connect();
    connection.write(format!("{head}\r\n{body}"));
    connection.answer().expect("an answer").is_text("old");
    assert!(connection.answer().is_none());

    let mut connection = process.connect();
    for _ in 0..2 {
        connection.write(format!("{head}Connection: keep-alive\r\n\r\n{body}"));
        let answer = connection.answer().expect("an answer");
        answer.is_text("old");
        assert!(answer.head.starts_with("HTTP/1.0 "), "{}", answer.head);
    }
}

pub(super) fn expect_100_continue(process: &Process) {
    let body = call("echo", "at last");
    let expecting = |length: usize| {
        let headers = format!("Expect: 100-continue\r\nContent-Length: {length}\r\n");
        request("POST", "/RPC2", &headers)
    };
    for _ in 0..100 {
        let mut connection = process.connect();
        connection.write(expecting(body.len()));
        connection.answer().expect("an answer").is_status(100);
        connection.write(&body);
        connection.answer().expect("an answer").is_text("at last");
    }
    // The body never comes, or is refused because of its length.
    for (length, statuses) in [(body.len(), &[100, 408][..]), (1 << 40, &[413])] {
        let mut connection = process.connect();
        connection.write(expecting(length));
        for status in statuses {
            connection.answer().expect("an answer").is_status(*status);
        }
        assert!(connection.answer().is_none());
    }
}

/// A call that has begun runs to its end, whether the connection is closed or reset.
pub(super) fn hang_ups(process: &Process) {
    let numbers = || process.post(call("wait", "")).numbers();
    let [before, _] = numbers();
    let wait = kept("", call("wait", "300"));
    for _ in 0..200 {
        process.connect().write(&wait);
    }
    let resetting = [kept("", call("echo", "unread")), wait].concat();
    for _ in 0..200 {
        let mut connection = process.connect();
        connection.write(&resetting);
        // Closing a connection with unread data resets it.
        connection.stream().peek(&mut [0]).unwrap();
    }
    let waiting = Instant::now();
    loop {
        let [began, ended] = numbers();
        if began == ended && began >= before + 200 {
            break;
        }
        assert!(
            waiting.elapsed() < LONG,
            "{began} have begun, {ended} ended"
        );
        thread::sleep(PAUSE);
    }
}

pub(super) fn panics(process: &Process) {
    let mut connection = process.connect();
    for _ in 0..500 {
        connection.write(kept("", call("panic", "x")));
        let answer = connection.answer().expect("an answer");
        answer.is_fault(Fault::INTERNAL);
    }
    connection.write(kept("", call("echo", "still there")));
    connection
        .answer()
        .expect("an answer")
        .is_text("still there");
}

pub(super) fn more_calls_than_are_taken(process: &Process) {
    let mut waiting: Vec<_> = (0..700)
        .map(|_| {
            let mut connection = process.connect();
            connection.write(kept("", call("wait", "5000")));
            connection
        })
        .collect();
    let began = Instant::now();
    process.post(call("echo", "x")).is_fault(Fault::OVERLOADED);
    assert!(began.elapsed() < SOON);
    let mut refused = 0;
    for connection in &mut waiting {
        let answer = connection.answer().expect("an answer");
        answer.is_status(200);
        refused += usize::from(answer.body.contains("<fault>"));
    }
    assert!((1..=700 - 512).contains(&refused), "{refused}");
}

pub(super) fn what_is_no_http(process: &Process) {
    let zeros = [0; 100_000];
    let wrong: [&[u8]; 9] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"GET /\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"<?xml version='1.0'?><methodCall/>\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: local\0host\r\n\r\n",
        &zeros,
    ];
    for bytes in wrong {
        let mut connection = process.connect();
        connection.write(bytes);
        if let Some(answer) = connection.answer() {
            answer.is_status(400);
            assert!(connection.answer().is_none());
        }
    }
}

/// Heads that do not end, in several ways.
pub(super) fn endless_heads(process: &Process) {
    let long = "x".repeat(1 << 20);
    let many = "X-Many: x\r\n".repeat(10_000);
    let heads = [
        (request("POST", "/", &format!("X-Long: {long}\r\n")), 431),
        (request("POST", "/", &format!("{long}: x\r\n")), 431),
        (request("POST", "/", &many), 431),
        (request("POST", &format!("/{long}"), ""), 431),
        (request(&long, "/", ""), 431),
        ("\r\n".repeat(1 << 19), 431),
    ];
    for (head, status) in heads {
        let mut connection = process.connect();
        connection.write(&head);
        if let Some(answer) = connection.answer() {
            answer.is_status(status);
            assert!(connection.answer().is_none());
        }
    }
}

pub(super) fn strange_lengths(process: &Process) {
    let body = call("echo", "x");
    let length = body.len();
    let strange = [
        "Content-Length: 18446744073709551616".to_owned(),
        "Content-Length: 99999999999999999999999999".to_owned(),
        "Content-Length: -1".to_owned(),
        "Content-Length: 0x10".to_owned(),
        "Content-Length: ".to_owned(),
        format!("Content-Length: {length}\r\nContent-Length: 1"),
        format!("Content-Length: {length}, 1"),
        "Transfer-Encoding: gzip, identity".to_owned(),
    ];
    for headers in strange {
        let mut connection = process.connect();
        connection.write(request("POST", "/", &format!("{headers}\r\n")) + &body);
        if let Some(answer) = connection.answer() {
            answer.is_status(400);
        }
        assert!(connection.answer().is_none(), "{headers}");
    }
    let huge = "Content-Length: 4611686018427387904\r\n";
    process.send(request("POST", "/", huge)).is_status(413);
    // Bytes after the last chunk are not read as another request.
    let both = format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n");
    let mut connection = process.connect();
    connection.write(kept_head(&both) + "0\r\n\r\n" + &String::from_utf8(kept("", &body)).unwrap());
    connection
        .answer()
        .expect("an answer")
        .is_fault(Fault::PARSE);
    assert!(connection.answer().is_none());
}

fn kept_head(headers: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

pub(super) fn chunks(process: &Process) {
    let chunked = |chunks: &str| {
        process.send(request("POST", "/", "Transfer-Encoding: chunked\r\n") + chunks)
    };
    let text = "x".repeat(10_000);
    let single: String = call("echo", &text)
        .chars()
        .map(|byte| format!("1\r\n{byte}\r\n"))
        .collect();
    chunked(&format!("{single}0\r\n\r\n")).is_text(&text);
    let body = call("echo", "x");
    let one = format!("{:x}\r\n{body}\r\n", body.len());
    chunked(&format!("{one}0\r\nX-Trailer: x\r\n\r\n")).is_text("x");

    let long = "x".repeat(1 << 20);
    for chunks in [
        format!("1;{long}\r\nx\r\n0\r\n\r\n"),
        format!("{one}0\r\nX-Trailer: {long}\r\n\r\n"),
        "FFFFFFFFFFFFFFFFF\r\n".to_owned(),
        "-1\r\n".to_owned(),
        "x\r\n".to_owned(),
        "1\r\nxx\r\n".to_owned(),
    ] {
        chunked(&chunks).is_status(400);
    }
    // The largest length that can be written.
    chunked("FFFFFFFFFFFFFFFF\r\nx").is_status(408);
    let large = format!("{:x}\r\n{long}\r\n", long.len()).repeat(9);
    let answer = process.send(post("/", "", "x"));
    answer.is_fault(Fault::PARSE);
    chunked(&large).is_status(413);
}
