//! Clients in other languages call the `validator1` methods of our endpoint. Our caller calls those of servers in other
//! languages.
//!
//! A script that succeeds ends with status 0 and prints one line with the client's name. It ends with 77 if its library
//! is not installed.

#![allow(clippy::unwrap_used)]

#[path = "common/abyss.rs"]
mod abyss;
mod common;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use common::{LONG, Served, validator};
use quorate_wire::{CallError, Caller, Value};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// The most time for a whole script, which includes starting a virtual machine on a busy machine.
const SCRIPT_TIME: Duration = Duration::from_secs(120);
/// The exit status of a script whose library is not installed.
const NO_LIBRARY: i32 = 77;
/// The folder of the libraries' headers.
const HEADERS: &str = "/usr/include";

/// A test in which a program is the client.
macro_rules! clients {
    ($($test:ident: $program:literal $($argument:literal)*;)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                plays(script($program, &[$($argument),*])).await;
            }
        )*
    };
}

clients! {
    python: "python3" "python.py";
    perl_rpc_xml: "perl" "rpc-xml.pl";
    perl_frontier: "perl" "frontier.pl";
    perl_xmlrpc_lite: "perl" "xmlrpc-lite.pl";
    perl_xml_rpc_fast: "perl" "rpc-fast.pl";
    ruby: "ruby" "ruby.rb";
    node_xmlrpc: "node" "node-xmlrpc.js";
    node_davexmlrpc: "node" "node-davexmlrpc.js";
    php: "php" "php.php";
    lua: "lua5.1" "lua.lua";
    emacs: "emacs" "--batch" "-l" "emacs.el";
    tcl: "tclsh" "tcl.tcl";
    xmlrpc_c_command: "sh" "xmlrpc-command.sh";
}

#[tokio::test]
async fn java() {
    const LIBRARY: &str = "/usr/share/java/axmlrpc.jar";
    if exists(LIBRARY) {
        plays(script("java", &["-cp", LIBRARY, "Validator.java"])).await;
    }
}

#[tokio::test]
async fn go_kolo() {
    go("go-kolo.go", "kolo/xmlrpc").await;
}

#[tokio::test]
async fn go_mattn() {
    go("go-mattn.go", "mattn/go-xmlrpc").await;
}

/// Runs a program in Go that uses a library from Debian.
async fn go(source: &str, library: &str) {
    const LIBRARIES: &str = "/usr/share/gocode";
    if exists(&format!("{LIBRARIES}/src/github.com/{library}")) {
        let mut command = script("go", &["run", source]);
        command.env("GOPATH", LIBRARIES).env("GO111MODULE", "off");
        plays(command).await;
    }
}

#[tokio::test]
async fn python_aio() {
    let python = std::env::var("QUORATE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    plays(script(&python, &["python-aio.py"])).await;
}

#[tokio::test]
async fn xmlrpc_c() {
    let libraries = ["-lxmlrpc_client", "-lxmlrpc", "-lxmlrpc_util"];
    let source = "clients/xmlrpc-c.c";
    if let Some(program) = built("cc", "xmlrpc-c/client.h", source, &libraries).await {
        plays(program).await;
    }
}

#[tokio::test]
async fn xmlrpc_plus_plus_of_robot_os() {
    xmlrpc_plus_plus("xmlrpcpp").await;
}

#[tokio::test]
async fn xmlrpc_plus_plus_of_fldigi() {
    xmlrpc_plus_plus("flxmlrpc").await;
}

async fn xmlrpc_plus_plus(library: &str) {
    let arguments = [
        &format!("-I{HEADERS}/{library}"),
        &format!("-I{HEADERS}"),
        &format!("-l{library}"),
    ];
    let header = format!("{library}/XmlRpc.h");
    if let Some(program) = built("c++", &header, "clients/xmlrpc++.cpp", &arguments).await {
        plays(program).await;
    }
}

#[tokio::test]
async fn our_caller_at_pythons_server() {
    let mut command = Command::new("python3");
    command.arg(tests().join("servers/python.py"));
    served_by(command).await;
}

#[tokio::test]
async fn our_caller_at_xmlrpc_cs_server() {
    let source = "servers/xmlrpc-c.c";
    if let Some(program) = built("cc", "xmlrpc-c/server_abyss.h", source, &abyss::LIBRARIES).await {
        served_by(program).await;
    }
}

/// Calls the methods of a server. The server prints its port and its name, and serves until its standard input ends.
async fn served_by(mut command: Command) {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut server = match command.spawn() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let program = command.as_std().get_program();
            return skip(&format!("there is no {}", program.display()));
        }
        server => server.unwrap(),
    };
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(SCRIPT_TIME, lines.next_line())
        .await
        .expect("the server starts in time")
        .unwrap()
        .expect("the server says its port");
    let (port, name) = line.split_once(' ').unwrap();
    let caller = Caller::new(([127, 0, 0, 1], port.parse().unwrap()).into(), LONG);
    all_of_the_suite(&caller).await;
    println!("{name}");

    drop(server.stdin.take());
    tokio::time::timeout(SCRIPT_TIME, server.wait())
        .await
        .expect("the server ends in time")
        .unwrap();
}

/// Calls all methods, and one of them with wrong parameters.
async fn all_of_the_suite(caller: &Caller) {
    use validator::{
        ArrayOfStructs, CountTheEntities, EasyStruct, EchoStruct, ManyTypes, ModerateSizeArray,
        NestedStruct, SimpleStructReturn,
    };

    // xmlrpc-c has only characters of 16 bits.
    let hard = "<&>\"' ]]> &amp; é Ω 中\ttab\nline ";
    let text = |text: &str| Value::String(text.to_owned());
    let stooges = || ints([("moe", -7), ("larry", i32::MAX), ("curly", -2_147_483_640)]);
    let date = || Value::DateTime("20260228T23:59:58".parse().unwrap());
    let octets = || Value::Base64((0..=u8::MAX).collect());

    let structs = vec![stooges(), ints([("moe", 1), ("larry", 2), ("curly", 41)])];
    let sum = caller
        .call(ArrayOfStructs(vec![Value::Array(structs)]))
        .await;
    assert_eq!(sum, Ok(Value::Integer(-2_147_483_599)));

    let counts = caller
        .call(CountTheEntities(vec![text(&hard.repeat(3))]))
        .await;
    let expected = ints([
        ("ctLeftAngleBrackets", 3),
        ("ctRightAngleBrackets", 6),
        ("ctAmpersands", 6),
        ("ctApostrophes", 3),
        ("ctQuotes", 3),
    ]);
    assert_eq!(counts, Ok(expected));

    let sum = caller.call(EasyStruct(vec![stooges()])).await;
    assert_eq!(sum, Ok(Value::Integer(0)));

    let everything = structure([
        (hard, text(hard)),
        ("", text("")),
        (" ", text(" ")),
        ("yes", Value::Boolean(true)),
        ("no", Value::Boolean(false)),
        ("minus", Value::Integer(i32::MIN)),
        ("pi", Value::Double(-3.125)),
        ("date", date()),
        ("octets", octets()),
        ("list", Value::Array(vec![Value::Array(vec![]), stooges()])),
        ("void", structure([])),
    ]);
    let echo = caller.call(EchoStruct(vec![everything.clone()])).await;
    assert_eq!(echo, Ok(everything));

    let many = vec![
        Value::Integer(-42),
        Value::Boolean(true),
        text(hard),
        Value::Double(2.5),
        date(),
        octets(),
    ];
    let answer = caller.call(ManyTypes(many.clone())).await;
    assert_eq!(answer, Ok(Value::Array(many)));

    let mut texts = vec![text("x"); 180];
    texts[0] = text(hard);
    texts[179] = text("é");
    let joined = caller
        .call(ModerateSizeArray(vec![Value::Array(texts)]))
        .await;
    assert_eq!(joined, Ok(text(&format!("{hard}é"))));

    let april = structure([("01", stooges()), ("02", structure([]))]);
    let year = structure([("03", structure([])), ("04", april)]);
    let calendar = structure([("1999", structure([])), ("2000", year)]);
    let sum = caller.call(NestedStruct(vec![calendar])).await;
    assert_eq!(sum, Ok(Value::Integer(0)));

    let times = caller
        .call(SimpleStructReturn(vec![Value::Integer(-213)]))
        .await;
    let expected = ints([
        ("times10", -2130),
        ("times100", -21_300),
        ("times1000", -213_000),
    ]);
    assert_eq!(times, Ok(expected));

    let names = caller.methods().await.unwrap();
    assert!(names.iter().any(|name| name == "validator1.easyStructTest"));
    let wrong = caller.call(EasyStruct(vec![text("a string")])).await;
    assert!(matches!(wrong, Err(CallError::Fault(_))), "{wrong:?}");
}

fn structure<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.map(|(name, value)| (name.to_owned(), value));
    Value::Struct(BTreeMap::from(members))
}

fn ints<const N: usize>(members: [(&str, i32); N]) -> Value {
    structure(members.map(|(name, number)| (name, Value::Integer(number))))
}

/// The command that runs a script from the folder of clients.
fn script(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(tests().join("clients"));
    command
}

/// Compiles a program in a folder of its own. `None` if the compiler or the library's header is missing.
async fn built(
    compiler: &str,
    header: &str,
    source: &str,
    arguments: &[impl AsRef<OsStr>],
) -> Option<Command> {
    if !exists(&format!("{HEADERS}/{header}")) {
        return None;
    }
    let name = header.replace(['/', '.'], "-");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let mut command = Command::new(compiler);
    command
        .arg(tests().join(source))
        .arg("-o")
        .arg(&program)
        .args(arguments);
    let Some(output) = run(command).await else {
        skip(&format!("there is no {compiler}"));
        return None;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{compiler} {source}: {said}");
    Some(Command::new(program))
}

/// Runs a client. Its last argument is the endpoint's URL.
async fn plays(mut client: Command) {
    let served = Served::start(validator::endpoint()).await;
    client.arg(format!("http://{}/RPC2", served.address));
    let program = client.as_std().get_program().to_owned();
    let called = format!("{:?}", client.as_std());
    let Some(output) = run(client).await else {
        return skip(&format!("there is no {}", program.display()));
    };
    let said = String::from_utf8_lossy(&output.stdout);
    match output.status.code() {
        Some(0) => println!("{}", said.trim_end()),
        Some(NO_LIBRARY) => skip(said.trim_end()),
        _ => panic!(
            "{called}: {}\n{said}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

/// Whether this file exists. If not, the test is skipped.
fn exists(path: &str) -> bool {
    let exists = Path::new(path).exists();
    if !exists {
        skip(&format!("there is no {path}"));
    }
    exists
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// The output of a program; `None` if there is no program of that name.
async fn run(mut command: Command) -> Option<Output> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(SCRIPT_TIME, command.output())
        .await
        .expect("the program ends in time");
    match output {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        output => Some(output.unwrap()),
    }
}

fn skip(reason: &str) {
    assert!(
        std::env::var_os("QUORATE_ALL_TESTS").is_none(),
        "required, but {reason}"
    );
    eprintln!("skipped: {reason}");
}
