//! Bodies that are large, or hard for the parser.

use std::net::TcpListener;
use std::time::Instant;

use quorate_wire::Fault;

use crate::SOON;
use crate::endpoint::Process;

/// The size of a large body that is still accepted.
const LARGE: usize = 2 << 20;

/// A call of a method with one parameter.
fn with(method: &str, value: &str) -> String {
    format!(
        "<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params><param>{value}</param></params></methodCall>"
    )
}

/// The part, repeated until it makes a large body.
fn large(part: &str) -> String {
    part.repeat(LARGE / part.len())
}

pub(super) fn nested_values(process: &Process) {
    let array = ("<value><array><data>", "</data></array></value>");
    let member = (
        "<value><struct><member><name>a</name>",
        "</member></struct></value>",
    );
    for (open, close) in [array, member] {
        let depth = LARGE / (open.len() + close.len());
        let closed = open.repeat(depth) + "<value/>" + &close.repeat(depth);
        for deep in [closed, large(open), large(close)] {
            let answer = process.post(with("echo", &deep));
            assert!(answer.body.contains("<fault>"), "{}", answer.body);
        }
        // As deep as the limit allows, and as wide as the size allows.
        let nested = open.repeat(17) + "<value/>" + &close.repeat(17);
        let wide = format!(
            "<value><array><data>{}</data></array></value>",
            large(&nested)
        );
        let answer = process.post(with("echo", &wide));
        answer.is_fault(Fault::WRONG_PARAMETERS);
        // The answer would be just as large.
        let answer = process.post(with("validator1.echoStructTest", &wide));
        answer.is_fault(Fault::TRANSPORT);
    }
}

/// Large amounts of every construct of XML.
pub(super) fn floods(process: &Process) {
    let comments = large("<!-- -- x -->").replace("-- x", "x");
    for (body, code) in [
        (with("echo", &large("<value/>")), Fault::NOT_XML_RPC),
        (
            with("echo", &(large("<value/></param><param>") + "<value/>")),
            Fault::WRONG_PARAMETERS,
        ),
        (with("echo", &large("<")), Fault::PARSE),
        (with("echo", &large("</")), Fault::PARSE),
        (with("echo", &large("&")), Fault::PARSE),
        (with("echo", &large("<![CDATA[")), Fault::PARSE),
        (with("echo", &large("<!--")), Fault::PARSE),
        (with("echo", &large("<?")), Fault::PARSE),
        (with("echo", &format!("<value {}/>", large("a='b' "))), 0),
        (
            with("echo", &format!("<{}/>", large("x"))),
            Fault::NOT_XML_RPC,
        ),
        (
            with("echo", &format!("<value><int>{}</int></value>", large("9"))),
            Fault::NOT_XML_RPC,
        ),
        (
            with(
                "echo",
                &format!("<value><double>{}</double></value>", large("9")),
            ),
            Fault::WRONG_PARAMETERS,
        ),
        (
            with(
                "echo",
                &format!(
                    "<value><dateTime.iso8601>{}</dateTime.iso8601></value>",
                    large("-:")
                ),
            ),
            Fault::NOT_XML_RPC,
        ),
        (
            with(
                "echo",
                &format!("<value><base64>{}</base64></value>", large(" \n")),
            ),
            Fault::WRONG_PARAMETERS,
        ),
        (
            with("echo", &format!("<value>{}</value>", large("&amp;"))),
            Fault::TRANSPORT,
        ),
        (with("echo", &format!("{comments}<value/>")), 0),
        (with(&large("x"), ""), Fault::NOT_XML_RPC),
        (with(&large("x"), "<value/>"), Fault::NO_SUCH_METHOD),
    ] {
        let answer = process.post(&body);
        if code == 0 {
            answer.is_text("");
        } else {
            answer.is_fault(code);
            assert!(answer.body.len() < 2000, "{}", answer.body);
        }
    }
}

/// A document whose DOCTYPE has these declarations.
fn declared(declarations: &str, text: &str) -> String {
    let call = with("echo", &format!("<value>{text}</value>"));
    call.replace(
        "<methodCall>",
        &format!("<!DOCTYPE methodCall [{declarations}]><methodCall>"),
    )
}

pub(super) fn entities(process: &Process) {
    let laughs: String = (1..20)
        .map(|n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let long = "x".repeat(100_000);
    for bomb in [
        declared(&format!("<!ENTITY l0 'lol'>{laughs}"), "&l19;"),
        declared(&format!("<!ENTITY l '{long}'>"), &"&l;".repeat(100_000)),
        declared("<!ENTITY a '&b;'><!ENTITY b '&a;'>", "&a;"),
        declared("<!ENTITY % p '&#37;p;'> %p;", ""),
        declared(&"<!ENTITY a ''>".repeat(100_000), ""),
        declared(&"<!ATTLIST value a CDATA 'x'>".repeat(50_000), ""),
        with("echo", &format!("<value>{}</value>", "&l;".repeat(100_000))),
        "<!DOCTYPE ".to_owned() + &"[<".repeat(500_000),
    ] {
        let began = Instant::now();
        process.post(&bomb).is_fault(Fault::PARSE);
        assert!(began.elapsed() <= SOON, "{:?}", began.elapsed());
    }
}

/// The endpoint fetches nothing, neither a file nor over the network.
pub(super) fn external_entities(process: &Process) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let there = format!("http://{}/x", listener.local_addr().unwrap());
    for url in [&there, "file:///etc/passwd", "/etc/passwd", "/dev/zero"] {
        for body in [
            declared(&format!("<!ENTITY e SYSTEM '{url}'>"), "&e;"),
            declared(&format!("<!ENTITY e PUBLIC 'p' '{url}'>"), "&e;"),
            declared(&format!("<!ENTITY % e SYSTEM '{url}'> %e;"), "&x;"),
            declared("", "&x;").replace("[]", &format!("SYSTEM '{url}'")),
        ] {
            process.post(body).is_fault(Fault::PARSE);
        }
        let include = format!(
            "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{url}' parse='text'/>"
        );
        let answer = process.post(with("echo", &format!("<value>{include}</value>")));
        answer.is_fault(Fault::NOT_XML_RPC);
        let style = format!("<?xml-stylesheet href='{url}'?>");
        let schema = format!(
            "<value xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='{url}'>x</value>"
        );
        process
            .post(with("echo", &format!("{style}{schema}")))
            .is_text("x");
    }
    let called = listener.accept().map(|_| ()).map_err(|error| error.kind());
    assert_eq!(called, Err(std::io::ErrorKind::WouldBlock));
}
