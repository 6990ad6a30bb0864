//! An endpoint on a free port, and helpers that send bytes to it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod validator;

use std::net::SocketAddr;
use std::time::Duration;

use quorate_wire::{Endpoint, Fault, Method, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const SECOND: Duration = Duration::from_secs(1);
pub const LONG: Duration = Duration::from_secs(20);

/// Declares a test method of one string that answers a string.
macro_rules! text_method {
    ($type:ident, $name:literal) => {
        #[derive(Clone, Debug, PartialEq)]
        pub struct $type(pub String);

        impl Method for $type {
            const NAME: &'static str = $name;
            const HELP: &'static str = concat!($name, "(text): <for> tests & \"such\".");
            const SIGNATURES: &'static [&'static [&'static str]] = &[&["string", "string"]];
            type Answer = String;

            fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
                match <[Value; 1]>::try_from(params) {
                    Ok([Value::String(text)]) => Ok(Self(text)),
                    _ => Err(Fault::wrong_parameters("expected a string")),
                }
            }
            fn into_params(self) -> Vec<Value> {
                vec![Value::String(self.0)]
            }
            fn answer_into_value(answer: String) -> Value {
                Value::String(answer)
            }
            fn answer_from_value(value: Value) -> Result<String, String> {
                match value {
                    Value::String(text) => Ok(text),
                    _ => Err("expected a string".to_owned()),
                }
            }
        }
    };
}

text_method!(Echo, "echo");
text_method!(Refuse, "refuse");
text_method!(Panic, "panic");
text_method!(Wait, "wait");
text_method!(Heap, "heap");

/// A serving endpoint. It ends when told, or with the test.
pub struct Served {
    pub address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Served {
    pub async fn start(endpoint: Endpoint) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, told) = oneshot::channel::<()>();
        let task = tokio::spawn(endpoint.serve(listener, async move {
            let _ = told.await;
        }));
        Self {
            address,
            shutdown,
            task,
        }
    }

    pub fn caller(&self) -> quorate_wire::Caller {
        quorate_wire::Caller::new(self.address, LONG)
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Tells the endpoint to end. The handle completes when it has ended.
    pub fn end(self) -> JoinHandle<std::io::Result<()>> {
        self.shutdown.send(()).unwrap();
        self.task
    }

    /// Sends bytes on a new connection and returns everything that comes back.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_ref()).await.unwrap();
        read_all(&mut stream).await
    }

    /// Posts a body on a new connection.
    pub async fn post(&self, body: impl AsRef<[u8]>) -> String {
        self.raw(post("/RPC2", "Content-Type: text/xml\r\n", body))
            .await
    }
}

pub async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(LONG, stream.read_to_end(&mut answer))
        .await
        .expect("the connection closes")
        .unwrap();
    String::from_utf8(answer).unwrap()
}

/// Reads one answer from a connection that stays open.
pub async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            if body.len() >= length.unwrap_or(0) {
                return text.into_owned();
            }
        }
        let mut piece = [0; 4096];
        let read = tokio::time::timeout(LONG, stream.read(&mut piece))
            .await
            .expect("an answer comes")
            .unwrap();
        assert!(read > 0, "the connection closed within an answer");
        answer.extend_from_slice(&piece[..read]);
    }
}

pub fn request(verb: &str, path: &str, headers: &str) -> String {
    format!("{verb} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
}

pub fn post(path: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut whole = request(
        "POST",
        path,
        &format!("{headers}Content-Length: {}\r\n", body.len()),
    )
    .into_bytes();
    whole.extend_from_slice(body);
    whole
}

/// A call of a method with one string.
pub fn call(method: &str, text: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params><param><value>\
         <string>{text}</string></value></param></params></methodCall>"
    )
}

/// A multicall that calls one method with each of these texts.
pub fn multicall(method: &str, texts: &[&str]) -> String {
    let calls: String = texts
        .iter()
        .map(|text| {
            format!(
                "<value><struct><member><name>methodName</name><value>{method}</value></member><member><name>params</name>\
                 <value><array><data><value>{text}</value></data></array></value></member></struct></value>"
            )
        })
        .collect();
    format!(
        "<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>{calls}</data></array>\
         </value></param></params></methodCall>"
    )
}

pub fn echo() -> Endpoint {
    Endpoint::new()
        .method(|Echo(text)| async move { Ok(text) })
        .method(|Refuse(text)| async move { Err(Fault::new(3, text)) })
        .method(|Panic(_): Panic| async move { panic!("as the test wants") })
}

#[track_caller]
pub fn assert_fault(answer: &str, code: i32) {
    assert!(answer.contains(&format!("<i4>{code}</i4>")), "{answer}");
    assert!(answer.contains("<fault>"), "{answer}");
}

#[track_caller]
pub fn assert_status(answer: &str, status: u16) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
}
