//! Connections that leave HTTP.

#![allow(clippy::unwrap_used, clippy::wildcard_imports)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::*;
use quorate_wire::endpoint::async_trait;
use quorate_wire::link::dial;
use quorate_wire::{CallError, Endpoint, Limits, Link, Links};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends all bytes back. Admits a link with its first byte.
struct Mirror;

#[async_trait]
impl Links for Mirror {
    async fn serve(&self, mut link: Link) {
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = link.read(&mut bytes).await {
            link.admit();
            link.write_all(&bytes[..count]).await.unwrap();
        }
    }
}

fn endpoint() -> Endpoint {
    Endpoint::new()
        .method(|call: Echo| async { Ok(call.0) })
        .links(Arc::new(Mirror))
}

async fn link_to(served: &Served) -> TcpStream {
    let (stream, early) = dial(served.address, LONG).await.unwrap();
    assert!(early.is_empty());
    stream
}

async fn is_mirrored(stream: &mut TcpStream, bytes: &[u8; 4]) -> bool {
    stream.write_all(bytes).await.unwrap();
    let mut back = [0; 4];
    let read = tokio::time::timeout(LONG, stream.read_exact(&mut back)).await;
    read.unwrap().is_ok() && back == *bytes
}

#[tokio::test]
async fn a_link_carries_bytes_both_ways_and_calls_go_on_beside_it() {
    let served = Served::start(endpoint()).await;
    let mut link = link_to(&served).await;
    assert!(is_mirrored(&mut link, b"ping").await);
    let answer = served.caller().call(Echo("x".into())).await;
    assert_eq!(answer.unwrap(), "x");
    assert!(is_mirrored(&mut link, b"\0\r\n\xff").await);
}

#[tokio::test]
async fn an_endpoint_that_has_no_links_yet_says_to_come_again() {
    let served = Served::start(Endpoint::new()).await;
    let error = dial(served.address, LONG).await.unwrap_err();
    assert!(error.is_overload(), "{error}");
}

#[tokio::test]
async fn a_server_that_knows_no_links_is_told_by_its_status() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await
            .unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    });
    let error = dial(address, LONG).await.unwrap_err();
    let expected = matches!(&error, CallError::BadAnswer { cause, .. } if cause.contains("200"));
    assert!(expected, "{error}");
}

#[tokio::test]
async fn a_link_is_given_under_known_host_names_only_and_to_no_web_page() {
    let served = Served::start(endpoint()).await;
    let upgrade = "Connection: upgrade\r\nUpgrade: quorate-peer/1";
    let asked = |headers: &str| format!("GET / HTTP/1.1\r\n{headers}\r\n{upgrade}\r\n\r\n");
    let mut stream = served.connect().await;
    let request = asked("Host: evil.example");
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    let page = asked("Host: localhost\r\nOrigin: http://localhost");
    assert_eq!(served.raw(page).await, "");
}

#[tokio::test]
async fn a_link_counts_as_a_connection_and_gives_way_only_before_it_is_admitted() {
    let served = Served::start(endpoint().limits(Limits {
        connections: 1,
        ..Limits::default()
    }))
    .await;
    let mut waits = link_to(&served).await;
    let mut admitted = link_to(&served).await;
    assert_eq!(waits.read(&mut [0]).await.unwrap_or(0), 0, "it is closed");
    assert!(is_mirrored(&mut admitted, b"ping").await);
    let error = dial(served.address, LONG).await.unwrap_err();
    assert!(error.is_overload(), "{error}");
    assert!(is_mirrored(&mut admitted, b"pong").await);
    drop(admitted);
    let again = async {
        while dial(served.address, LONG).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, again).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_that_ends_waits_for_no_link_and_closes_it() {
    let served = Served::start(endpoint().limits(Limits {
        grace: Duration::from_secs(3600),
        ..Limits::default()
    }))
    .await;
    let mut link = link_to(&served).await;
    assert!(is_mirrored(&mut link, b"ping").await);
    let ended = tokio::time::timeout(LONG, served.end()).await;
    ended.unwrap().unwrap().unwrap();
    assert_eq!(link.read(&mut [0]).await.unwrap_or(0), 0);
}
