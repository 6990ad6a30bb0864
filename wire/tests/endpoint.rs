//! What the endpoint answers to correct and faulty callers, byte by byte.

#![allow(clippy::unwrap_used, clippy::wildcard_imports)]

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::validator::EchoStruct;
use common::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use quorate_wire::method::{GatherTell, Read, Submit, Submitted};
use quorate_wire::{Endpoint, Fault, Limits, Value};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Barrier, Notify, mpsc};

#[tokio::test]
async fn both_paths_answer_calls_as_declared_utf_8_xml() {
    let served = Served::start(echo()).await;
    for path in ["/", "/RPC2"] {
        let answer = served
            .raw(post(
                path,
                "Content-Type: text/xml\r\n",
                call("echo", "é &lt;&#13;"),
            ))
            .await;
        assert_status(&answer, 200);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(
            head.to_lowercase()
                .contains("content-type: text/xml; charset=utf-8"),
            "{head}"
        );
        assert!(
            head.to_lowercase()
                .contains(&format!("content-length: {}", body.len())),
            "{head}"
        );
        assert!(body.starts_with("<?xml version=\"1.0\"?>"), "{body}");
        assert!(body.contains("<string>é &lt;&#13;</string>"), "{body}");
    }
}

#[tokio::test]
async fn other_paths_are_404_and_name_the_right_one() {
    let served = Served::start(echo()).await;
    let answer = served.raw(post("/rpc", "", call("echo", "x"))).await;
    assert_status(&answer, 404);
    assert!(answer.contains("/RPC2"), "{answer}");
}

#[tokio::test]
async fn get_answers_a_page_of_escaped_help() {
    let served = Served::start(echo()).await;
    for path in ["/", "/RPC2"] {
        let page = served.raw(request("GET", path, "")).await;
        assert_status(&page, 200);
        assert!(page.contains("text/html"), "{page}");
        assert!(
            page.contains("echo(text): &lt;for&gt; tests &amp; "),
            "{page}"
        );
        assert!(page.contains("system.multicall"), "{page}");
    }
}

#[tokio::test]
async fn other_verbs_are_405_and_say_which_are_allowed() {
    let served = Served::start(echo()).await;
    for verb in ["PUT", "DELETE", "OPTIONS"] {
        let answer = served.raw(request(verb, "/RPC2", "")).await;
        assert_status(&answer, 405);
        assert!(
            answer.to_lowercase().contains("allow: get, head, post"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn only_content_types_that_may_be_calls_are_accepted() {
    let served = Served::start(echo()).await;
    let types = [
        ("", 200),
        ("Content-Type: text/xml; charset=UTF-8\r\n", 200),
        ("Content-Type: Application/XML\r\n", 200),
        ("Content-Type: application/x-www-form-urlencoded\r\n", 200),
        ("Content-Type: text/plain\r\n", 415),
        ("Content-Type: application/json\r\n", 415),
    ];
    for (header, status) in types {
        assert_status(
            &served.raw(post("/RPC2", header, call("echo", "x"))).await,
            status,
        );
    }
}

#[tokio::test]
async fn unknown_hosts_are_refused_and_web_pages_get_no_answer() {
    let limits = Limits {
        allowed_hosts: vec!["quorate.example".into()],
        ..Limits::default()
    };
    let served = Served::start(echo().limits(limits)).await;
    for headers in [
        "Origin: http://localhost\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let answer = served.raw(post("/RPC2", headers, call("echo", "x"))).await;
        assert_eq!(answer, "", "{headers}");
        for path in ["/", "/RPC2", "/elsewhere"] {
            let answer = served.raw(request("GET", path, headers)).await;
            assert_eq!(answer, "", "{path} {headers}");
        }
    }
    let typed = "Sec-Fetch-Site: none\r\n";
    assert_status(&served.raw(request("GET", "/", typed)).await, 200);
    for (host, status) in [
        ("evil.example", 403),
        ("quorate.example:8000", 200),
        ("127.0.0.1:8000", 200),
    ] {
        let body = call("echo", "x");
        let length = body.len();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        assert_status(&served.raw(request).await, status);
    }
}

#[tokio::test]
async fn chunked_bodies_are_read() {
    let served = Served::start(echo()).await;
    let body = call("echo", "in pieces");
    let (first, second) = body.split_at(40);
    let chunks = format!(
        "{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    let head = request("POST", "/RPC2", "Transfer-Encoding: chunked\r\n");
    let answer = served.raw(head + &chunks).await;
    assert!(answer.contains("<string>in pieces</string>"), "{answer}");
}

#[tokio::test]
async fn a_connection_serves_one_call_after_another() {
    let served = Served::start(echo()).await;
    let mut stream = served.connect().await;
    for text in ["one", "two"] {
        let body = call("echo", text);
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(read_answer(&mut stream).await.contains(text));
    }
}

#[tokio::test]
async fn a_client_that_closes_its_side_still_gets_its_answer() {
    let served = Served::start(echo()).await;
    let mut stream = served.connect().await;
    stream
        .write_all(&post("/RPC2", "", call("echo", "last words")))
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    assert!(read_all(&mut stream).await.contains("last words"));
}

#[tokio::test]
async fn a_body_over_the_cap_is_413_with_a_fault_that_says_the_cap() {
    let served = Served::start(echo().limits(Limits {
        body: 1000,
        ..Limits::default()
    }))
    .await;
    let huge = "x".repeat(4_000_000);
    let announced = served.post(&huge).await;
    let head = request("POST", "/RPC2", "Transfer-Encoding: chunked\r\n");
    let chunked = served
        .raw(format!("{head}{:x}\r\n{huge}\r\n0\r\n\r\n", huge.len()))
        .await;
    let waiting = served
        .raw(request(
            "POST",
            "/RPC2",
            "Expect: 100-continue\r\nContent-Length: 4000000\r\n",
        ))
        .await;
    for answer in [announced, chunked, waiting] {
        assert_status(&answer, 413);
        assert!(answer.contains("text/xml"), "{answer}");
        assert_fault(&answer, Fault::TRANSPORT);
        assert!(answer.contains("1000 bytes"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_announced_over_the_cap_is_413_before_it_comes() {
    let served = Served::start(echo().limits(Limits {
        body: 1000,
        body_time: 3 * LONG,
        ..Limits::default()
    }))
    .await;
    let mut stream = served.connect().await;
    let head = request("POST", "/RPC2", "Content-Length: 4000000\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_status(&read_answer(&mut stream).await, 413);
}

#[tokio::test]
async fn broken_bodies_get_the_fault_of_their_kind_and_are_never_quoted() {
    let served = Served::start(echo()).await;
    let bodies: [(&[u8], i32); 9] = [
        (b"", Fault::PARSE),
        (b"SECRET", Fault::PARSE),
        (b"<methodCall><methodName>SECRET", Fault::PARSE),
        (b"<!DOCTYPE methodCall [<!ENTITY e 'SECRET'>]><methodCall/>", Fault::PARSE),
        (b"<SECRET/>", Fault::NOT_XML_RPC),
        (b"<methodCall><SECRET/></methodCall>", Fault::NOT_XML_RPC),
        (b"<methodCall><methodName>echo</methodName><params><param><value><int>SECRET</int></value></param></params></methodCall>", Fault::NOT_XML_RPC),
        (b"<methodCall>SECRET\xE9</methodCall>", Fault::ENCODING),
        ("<?xml version='1.0' encoding='koi8-r'?><methodCall>SECRETé</methodCall>".as_bytes(), Fault::ENCODING),
    ];
    for (body, code) in bodies {
        let answer = served.post(body).await;
        assert_status(&answer, 200);
        assert_fault(&answer, code);
        assert!(!answer.contains("SECRET"), "{answer}");
    }
}

#[tokio::test]
async fn point_2_bodies_come_in_utf_16_and_latin_1_too() {
    let served = Served::start(echo()).await;
    let text = call("echo", "é");
    let utf_16 = [0xFEFF]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes);
    let latin_1 = text
        .chars()
        .map(|character| u8::try_from(character).unwrap());
    for (charset, body) in [
        ("utf-16", utf_16.collect::<Vec<u8>>()),
        ("iso-8859-1", latin_1.collect()),
    ] {
        let header = format!("Content-Type: text/xml; charset={charset}\r\n");
        let answer = served.raw(post("/RPC2", &header, body)).await;
        assert!(answer.contains("<string>é</string>"), "{charset}: {answer}");
    }
}

#[tokio::test]
async fn point_4_answers_have_nil_only_if_the_call_had() {
    let nothing = |EchoStruct(_)| async { Ok(Value::Nil) };
    let served = Served::start(Endpoint::new().method(nothing)).await;
    let with = |value| {
        format!(
            "<methodCall><methodName>validator1.echoStructTest</methodName><params><param><value>{value}</value></param>\
             </params></methodCall>"
        )
    };
    assert_fault(&served.post(with("<int>1</int>")).await, Fault::INTERNAL);
    let answer = served.post(with("<nil/>")).await;
    assert!(answer.contains("<nil"), "{answer}");
}

#[tokio::test]
async fn point_4_who_writes_nil_and_i8_in_apaches_namespace_is_answered_so() {
    let first = |EchoStruct(values)| async move {
        Ok(Value::Array(vec![
            Value::Array(values),
            Value::String("<i8>".into()),
        ]))
    };
    let served = Served::start(Endpoint::new().method(first)).await;
    let namespace = "xmlns:ex=\"http://ws.apache.org/xmlrpc/namespaces/extensions\"";
    let with = |values: &str| {
        format!(
            "<methodCall {namespace}><methodName>validator1.echoStructTest</methodName><params><param><value>\
             <array><data>{values}</data></array></value></param></params></methodCall>"
        )
    };
    let values = "<value><ex:nil></ex:nil></value><value><ex:i8>4294967296</ex:i8></value>";
    let answer = served.post(with(values)).await;
    for part in [
        format!("<methodResponse {namespace}>"),
        values.to_owned(),
        "<string>&lt;i8&gt;</string>".to_owned(),
    ] {
        assert!(answer.contains(&part), "{part} is missing in {answer}");
    }
    let plain = "<value><nil></nil></value><value><i8>4294967296</i8></value>";
    let answer = served.post(with(plain)).await;
    assert!(
        answer.contains(plain) && !answer.contains("ex:"),
        "{answer}"
    );
}

/// The body, compressed with gzip.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn point_2_bodies_may_be_gzip_and_no_other_coding() {
    let served = Served::start(echo()).await;
    let plain = call("echo", "small");
    // A file of gzip may have several members.
    let (first, second) = plain.split_at(50);
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    for (coding, body, status) in [
        ("gzip", gzip(plain.as_bytes()), 200),
        ("GZip", members, 200),
        ("x-gzip", gzip(plain.as_bytes()), 200),
        ("identity", plain.clone().into_bytes(), 200),
        ("deflate", plain.clone().into_bytes(), 415),
        ("gzip, gzip", gzip(&gzip(plain.as_bytes())), 415),
        (
            "gzip\r\nContent-Encoding: gzip",
            gzip(plain.as_bytes()),
            415,
        ),
    ] {
        let header = format!("Content-Encoding: {coding}\r\n");
        let answer = served.raw(post("/RPC2", &header, body)).await;
        assert_status(&answer, status);
        if status == 200 {
            assert!(answer.contains("<string>small</string>"), "{answer}");
        } else {
            assert!(answer.contains("accept-encoding: gzip\r\n"), "{answer}");
        }
    }
    let header = "Content-Encoding: gzip\r\n";
    let half = gzip(plain.as_bytes());
    for broken in [plain.as_bytes(), &half[..half.len() / 2], b""] {
        let answer = served.raw(post("/RPC2", header, broken)).await;
        assert_status(&answer, 200);
        assert_fault(&answer, Fault::TRANSPORT);
    }
}

#[tokio::test]
async fn point_2_a_body_over_the_cap_once_inflated_is_413() {
    let served = Served::start(echo().limits(Limits {
        body: 100_000,
        ..Limits::default()
    }))
    .await;
    let header = "Content-Encoding: gzip\r\n";
    let body = |text| call("echo", &"x".repeat(text));
    let most = 100_000 - body(0).len();
    for (text, status) in [(most, 200), (most + 1, 413), (50_000_000, 413)] {
        let answer = served
            .raw(post("/RPC2", header, gzip(body(text).as_bytes())))
            .await;
        assert_status(&answer, status);
    }
}

#[tokio::test]
async fn point_7_bodies_that_are_too_large_together_are_a_fast_fault() {
    let served = Served::start(echo().limits(Limits {
        bodies: 100_000,
        body_time: 3 * LONG,
        ..Limits::default()
    }))
    .await;
    let large = call("echo", &"x".repeat(80_000));
    let request = post("/RPC2", "", &large);
    let (most, rest) = request.split_at(request.len() - 1);
    let mut first = served.connect().await;
    first.write_all(most).await.unwrap();
    // There is room until the endpoint has read that body.
    let refused = async {
        loop {
            let answer = served.post(&large).await;
            if !answer.contains("<params>") {
                return answer;
            }
        }
    };
    let refused = tokio::time::timeout(LONG, refused).await.unwrap();
    assert_status(&refused, 503);
    assert_fault(&refused, Fault::OVERLOADED);
    let packed = post(
        "/RPC2",
        "Content-Encoding: gzip\r\n",
        gzip(large.as_bytes()),
    );
    assert_status(&served.raw(&packed).await, 503);
    assert!(served.post(call("echo", "small")).await.contains("small"));

    first.write_all(rest).await.unwrap();
    assert_status(&read_all(&mut first).await, 200);
    assert_status(&served.post(&large).await, 200);
    assert_status(&served.raw(packed).await, 200);
}

#[tokio::test]
async fn point_4_an_answer_over_the_cap_is_a_fault() {
    let served = Served::start(echo()).await;
    for (text, passes) in [
        ("x".repeat(524_000), true),
        ("x".repeat(524_288), false),
        // Each is written as five characters.
        ("&#13;".repeat(104_000), true),
        ("&#13;".repeat(105_000), false),
    ] {
        let answer = served.post(call("echo", &text)).await;
        assert_status(&answer, 200);
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(body.len() <= 512 * 1024, "{}", body.len());
        if passes {
            assert!(body.contains("<string>"));
        } else {
            assert_fault(&answer, Fault::TRANSPORT);
        }
    }
}

#[tokio::test]
async fn point_6_a_multicalls_answer_stays_under_the_cap_and_has_a_place_for_each_call() {
    let answer = 40_000;
    let served = Served::start(echo().limits(Limits {
        answer,
        ..Limits::default()
    }))
    .await;
    // From texts whose answers all fit to texts whose answers do not fit at all. Carriage returns grow when they are
    // written.
    for text in [
        "",
        "x",
        &"x".repeat(550),
        &"&#13;".repeat(120),
        &"x".repeat(50_000),
    ] {
        let whole = served.post(multicall("echo", &[text; 64])).await;
        let body = whole.split_once("\r\n\r\n").unwrap().1;
        assert!(body.len() <= answer, "{}", body.len());
        let (answers, faults) = (
            body.matches("<value><array>").count() - 1,
            body.matches("<i4>-32300</i4>").count(),
        );
        assert_eq!((answers + faults, body.contains("<fault>")), (64, false));
        assert_eq!(faults == 0, text.len() < 2, "{faults}");
        assert_eq!(answers == 0, text.len() >= 50_000, "{answers}");
    }
}

#[tokio::test]
async fn point_6_a_late_multicall_begins_no_further_call() {
    let (endpoint, _may_end, mut heard) = waiting();
    let served = Served::start(endpoint.limits(Limits {
        call: Duration::from_millis(20),
        ..Limits::default()
    }))
    .await;
    let answer = served
        .post(multicall("wait", &["one", "two", "three"]))
        .await;
    assert_eq!(answer.matches("<i4>-32400</i4>").count(), 3, "{answer}");
    assert_eq!(heard.recv().await, Some("began"));
    assert!(heard.is_empty());
}

#[tokio::test]
async fn calls_of_a_multicall_that_change_nothing_run_at_the_same_time_and_are_answered_in_order() {
    let keys: Vec<String> = (10..26).map(|number| format!("key{number}")).collect();
    let all = Arc::new(Barrier::new(keys.len()));
    let endpoint = Endpoint::new().method(move |read: Read| {
        let all = Arc::clone(&all);
        async move {
            all.wait().await;
            Ok(read.key)
        }
    });
    let served = Served::start(endpoint).await;
    let texts: Vec<&str> = keys.iter().map(String::as_str).collect();
    let answer = served.post(multicall("read", &texts)).await;
    let places: Vec<_> = texts.iter().map(|text| answer.find(text)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{answer}");
}

#[tokio::test]
async fn calls_of_a_multicall_that_may_change_something_run_one_after_another() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&log);
    let endpoint = Endpoint::new().method(move |submit: Submit| {
        let heard = Arc::clone(&heard);
        async move {
            heard
                .lock()
                .unwrap()
                .push(format!("{} begins", submit.operation));
            tokio::task::yield_now().await;
            heard
                .lock()
                .unwrap()
                .push(format!("{} ends", submit.operation));
            Ok(Submitted {
                sequence_number: 1,
                view: 0,
                done: true,
                result: String::new(),
            })
        }
    });
    let served = Served::start(endpoint).await;
    served.post(multicall("submit", &["a", "b"])).await;
    assert_eq!(
        *log.lock().unwrap(),
        ["a begins", "a ends", "b begins", "b ends"]
    );
}

#[tokio::test]
async fn deep_nesting_and_floods_of_elements_are_faults() {
    let served = Served::start(echo()).await;
    for depth in [100, 150_000] {
        let deep = "<value><array><data>".repeat(depth) + &"</data></array></value>".repeat(depth);
        let body = format!(
            "<methodCall><methodName>echo</methodName><params><param>{deep}</param></params></methodCall>"
        );
        assert_fault(&served.post(body).await, Fault::NOT_XML_RPC);
    }
    let flood = "<param><value/></param>".repeat(200_000);
    let body =
        format!("<methodCall><methodName>echo</methodName><params>{flood}</params></methodCall>");
    assert_fault(&served.post(body).await, Fault::NOT_XML_RPC);

    let nested = "<value><array><data>".repeat(19) + &"</data></array></value>".repeat(19);
    let body = format!(
        "<methodCall><methodName>echo</methodName><params><param>{nested}</param></params></methodCall>"
    );
    assert_fault(&served.post(body).await, Fault::WRONG_PARAMETERS);
}

#[tokio::test]
async fn method_names_are_trimmed_and_unknown_ones_a_fault() {
    let served = Served::start(echo()).await;
    assert!(
        served
            .post(call("\n  echo ", "x"))
            .await
            .contains("<string>x</string>")
    );
    assert_fault(&served.post(call("ech", "x")).await, Fault::NO_SUCH_METHOD);
}

#[tokio::test]
async fn forbidden_characters_are_replaced_in_answers_and_faults() {
    let served = Served::start(echo()).await;
    for method in ["echo", "refuse"] {
        let answer = served.post(call(method, "a\u{1}b\u{FFFF}c\td")).await;
        assert!(answer.contains("a\u{FFFD}b\u{FFFD}c\td"), "{answer}");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_fault_and_the_connection_stays_open() {
    let served = Served::start(echo()).await;
    let mut stream = served.connect().await;
    for (method, expected) in [("panic", "<i4>-32603</i4>"), ("echo", "<string>x</string>")] {
        let body = call(method, "x");
        let request = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        assert!(answer.contains(expected), "{answer}");
    }
}

/// An endpoint with the method `wait`. It reports when a call begins and ends, and a call ends when the test allows it.
fn waiting() -> (Endpoint, Arc<Notify>, mpsc::UnboundedReceiver<&'static str>) {
    let may_end = Arc::new(Notify::new());
    let (told, heard) = mpsc::unbounded_channel();
    let ending = Arc::clone(&may_end);
    let endpoint = echo().method(move |Wait(text)| {
        let (told, ending) = (told.clone(), Arc::clone(&ending));
        async move {
            told.send("began").unwrap();
            ending.notified().await;
            told.send("ended").unwrap();
            Ok(text)
        }
    });
    (endpoint, may_end, heard)
}

#[tokio::test]
async fn a_call_runs_to_its_end_even_if_its_connection_is_ended() {
    let (endpoint, may_end, mut heard) = waiting();
    let grace = Duration::from_millis(20);
    let served = Served::start(endpoint.limits(Limits {
        grace,
        ..Limits::default()
    }))
    .await;
    let mut stream = served.connect().await;
    stream
        .write_all(&post("/RPC2", "", call("wait", "x")))
        .await
        .unwrap();
    assert_eq!(heard.recv().await, Some("began"));
    tokio::time::timeout(LONG, served.end())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(read_all(&mut stream).await, "");
    may_end.notify_one();
    assert_eq!(
        tokio::time::timeout(LONG, heard.recv()).await.unwrap(),
        Some("ended")
    );
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_a_fault() {
    let (endpoint, _may_end, _heard) = waiting();
    let served = Served::start(endpoint.limits(Limits {
        call: Duration::from_millis(20),
        ..Limits::default()
    }))
    .await;
    assert_fault(&served.post(call("wait", "x")).await, Fault::SYSTEM);
}

#[tokio::test]
async fn calls_over_the_cap_are_a_fast_fault() {
    let (endpoint, may_end, mut heard) = waiting();
    let served = Served::start(endpoint.limits(Limits {
        calls: 1,
        ..Limits::default()
    }))
    .await;
    let mut first = served.connect().await;
    first
        .write_all(&post("/RPC2", "", call("wait", "x")))
        .await
        .unwrap();
    assert_eq!(heard.recv().await, Some("began"));
    assert_fault(&served.post(call("echo", "x")).await, Fault::OVERLOADED);
    may_end.notify_one();
    assert!(read_all(&mut first).await.contains("<string>x</string>"));
}

#[tokio::test]
async fn other_nodes_are_heard_when_callers_fill_the_endpoint() {
    let (endpoint, may_end, mut heard) = waiting();
    let endpoint = endpoint.method(|call: GatherTell| async move { Ok(call.packet.len() == 3) });
    let served = Served::start(endpoint.limits(Limits {
        calls: 1,
        reserved_calls: 1,
        ..Limits::default()
    }))
    .await;
    let mut first = served.connect().await;
    first
        .write_all(&post("/RPC2", "", call("wait", "x")))
        .await
        .unwrap();
    assert_eq!(heard.recv().await, Some("began"));

    let tell = "<?xml version=\"1.0\"?><methodCall><methodName>gather.tell</methodName><params><param><value>\
        <base64>AAAA</base64></value></param></params></methodCall>";
    let answer = served.post(tell).await;
    assert!(
        answer.contains("<value><boolean>1</boolean></value>"),
        "{answer}"
    );
    assert_fault(&served.post(call("echo", "x")).await, Fault::OVERLOADED);
    may_end.notify_one();
    assert!(read_all(&mut first).await.contains("<string>x</string>"));
}

#[tokio::test]
async fn connections_over_the_cap_are_told_so() {
    let served = Served::start(echo().limits(Limits {
        connections: 1,
        ..Limits::default()
    }))
    .await;
    let mut first = served.connect().await;
    let unfinished = request("POST", "/RPC2", "Content-Length: 10\r\n");
    first.write_all(unfinished.as_bytes()).await.unwrap();
    assert_status(&served.post(call("echo", "x")).await, 503);
}

#[tokio::test]
async fn point_7_many_connections_may_wait_to_be_accepted() {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    if most.is_ok_and(|most| most.trim().parse::<usize>().unwrap() < 600) {
        return eprintln!("skipped: the operating system has no longer queues");
    }
    let served = Served::start(echo()).await;
    served.post(call("echo", "it listens")).await;
    // Nothing is accepted meanwhile, because the endpoint runs on this thread.
    let waiting: Vec<_> = (0..600)
        .map(|_| std::net::TcpStream::connect_timeout(&served.address, SECOND).unwrap())
        .collect();
    assert!(served.post(call("echo", "x")).await.contains("<params>"));
    drop(waiting);
}

#[tokio::test]
async fn point_7_the_connection_that_is_idle_longest_gives_way_to_a_new_one() {
    let served = Served::start(echo().limits(Limits {
        connections: 3,
        header_time: 3 * LONG,
        idle: 3 * LONG,
        ..Limits::default()
    }))
    .await;
    let body = call("echo", "x");
    let length = body.len();
    let request =
        format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut streams = [
        served.connect().await,
        served.connect().await,
        served.connect().await,
    ];
    // Each connection is known to wait before the next one opens. Then the first calls once more.
    for index in [0, 1, 2, 0] {
        streams[index].write_all(request.as_bytes()).await.unwrap();
        assert_status(&read_answer(&mut streams[index]).await, 200);
    }
    let [mut used, mut silent, mut slow] = streams;
    slow.write_all(b"POST / HTTP/1.1\r\nHost:").await.unwrap();
    assert_status(&served.post(&body).await, 200);
    assert_eq!(read_all(&mut silent).await, "");
    // The connection of that call has ended. So there is room for one connection that stays, and then no more.
    let mut new = served.connect().await;
    new.write_all(request.as_bytes()).await.unwrap();
    assert_status(&read_answer(&mut new).await, 200);
    assert_status(&served.post(&body).await, 200);
    assert_eq!(read_all(&mut used).await, "");
    let rest = &request["POST / HTTP/1.1\r\nHost:".len()..];
    slow.write_all(rest.as_bytes()).await.unwrap();
    assert_status(&read_answer(&mut slow).await, 200);
}

#[tokio::test]
async fn slow_headers_and_slow_bodies_are_ended() {
    let short = Duration::from_millis(20);
    let limits = Limits {
        header_time: short,
        body_time: short,
        ..Limits::default()
    };
    let served = Served::start(echo().limits(limits)).await;
    assert_eq!(served.raw("POST / HTTP/1.1\r\nHost:").await, "");
    let unfinished = request("POST", "/RPC2", "Content-Length: 10\r\n");
    assert_status(&served.raw(unfinished).await, 408);
}

#[tokio::test]
async fn idle_connections_are_ended() {
    let limits = Limits {
        idle: Duration::from_millis(20),
        ..Limits::default()
    };
    let served = Served::start(echo().limits(limits)).await;
    let body = call("echo", "x");
    let kept_alive = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_status(&served.raw(kept_alive).await, 200);
}

#[tokio::test]
async fn shutdown_lets_calls_in_progress_end_and_closes_the_rest() {
    let (endpoint, may_end, mut heard) = waiting();
    let served = Served::start(endpoint.limits(Limits {
        grace: LONG,
        ..Limits::default()
    }))
    .await;
    let address = served.address;
    let mut idle = served.connect().await;
    let mut busy = served.connect().await;
    busy.write_all(&post("/RPC2", "", call("wait", "in time")))
        .await
        .unwrap();
    assert_eq!(heard.recv().await, Some("began"));
    let ended = served.end();
    assert_eq!(read_all(&mut idle).await, "");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    may_end.notify_one();
    assert!(read_all(&mut busy).await.contains("in time"));
    tokio::time::timeout(LONG, ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn shutdown_waits_no_longer_than_the_grace() {
    let (endpoint, _may_end, mut heard) = waiting();
    let grace = Duration::from_millis(20);
    let served = Served::start(endpoint.limits(Limits {
        grace,
        ..Limits::default()
    }))
    .await;
    let mut busy = served.connect().await;
    busy.write_all(&post("/RPC2", "", call("wait", "x")))
        .await
        .unwrap();
    assert_eq!(heard.recv().await, Some("began"));
    tokio::time::timeout(LONG, served.end())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_handler_may_be_told_who_calls() {
    let endpoint = Endpoint::new().method_from(|_: Echo, from| async move {
        Ok(from.map_or_else(|| "nobody".to_owned(), |from| from.to_string()))
    });
    let served = Served::start(endpoint).await;
    let answer = served.caller().call(Echo(String::new())).await;
    assert_eq!(answer, Ok("127.0.0.1".to_owned()));
}

#[tokio::test]
async fn an_endpoint_may_say_why_it_lacks_a_method() {
    let endpoint = echo().otherwise(|| Fault::new(Fault::NOT_FOUNDED, "not yet"));
    let served = Served::start(endpoint).await;
    let answer = served.caller().call(Heap(String::new())).await;
    let not_yet = Fault::new(Fault::NOT_FOUNDED, "not yet");
    assert_eq!(answer, Err(not_yet.into()));
    let answer = served.caller().call(Echo("here".to_owned())).await;
    assert_eq!(answer, Ok("here".to_owned()));
}
