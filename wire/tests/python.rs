//! Python's own client against the endpoint.

#![allow(clippy::unwrap_used, clippy::wildcard_imports)]

mod common;

use common::{Served, echo};
use quorate_wire::Limits;

const SCRIPT: &str = r#"
import sys
from xmlrpc.client import Fault, MultiCall, ProtocolError, ServerProxy

base = sys.argv[1]

def fault(code, call, *arguments):
    try:
        call(*arguments)
    except Fault as error:
        assert error.faultCode == code, error
        return error.faultString
    raise AssertionError("no fault")

for address in (base, base + "/", base + "/RPC2"):
    server = ServerProxy(address)
    assert server.echo("<é> & 'ü' \U0001F600\n\t ") == "<é> & 'ü' \U0001F600\n\t "
    # Python sends carriage returns raw, and XML reads them as line ends.
    assert server.echo("a\r\nb") == "a\nb", server.echo("a\r\nb")
    assert server.echo("") == ""
    assert server.echo("a\x01b") == "a\ufffdb"
    assert fault(3, server.refuse, "not\x02 yet") == "not\ufffd yet"
    fault(-32601, server.nothing)
    fault(-32602, server.echo, 1)
    fault(-32603, server.panic, "x")

names = server.system.listMethods()
assert "echo" in names and "system.multicall" in names and names == sorted(names), names
assert server.system.methodHelp("echo").startswith("echo(text)")
assert server.system.methodSignature("echo") == [["string", "string"]]
assert server.system.getCapabilities()["faults_interop"]["specVersion"] == 20010516
fault(-32601, server.system.methodHelp, "nothing")

many = MultiCall(server)
many.echo("one")
many.refuse("two")
many.panic("three")
many.system.multicall([])
many.echo("five")
answers = many()
assert answers[0] == "one" and answers[4] == "five"
for index, code in ((1, 3), (2, -32603), (3, -32602)):
    try:
        answers[index]
    except Fault as error:
        assert error.faultCode == code, error
    else:
        raise AssertionError(index)

one = {"methodName": "echo", "params": ["x"]}
assert server.system.multicall([one] * 64) == [["x"]] * 64
assert server.system.multicall([1, {"methodName": "echo"}])[0]["faultCode"] == -32602
fault(-32602, server.system.multicall, [one] * 65)
fault(-32602, server.system.multicall, "x")
large = {"methodName": "echo", "params": ["x" * 200_000]}
results = server.system.multicall([large] * 4)
assert [isinstance(result, list) for result in results] == [True, True, False, False], results
assert results[2]["faultCode"] == -32300

try:
    server.echo("x" * 3_000_000)
except ProtocolError as error:
    assert error.errcode == 413, error
else:
    raise AssertionError("no 413")
assert server.echo("still there") == "still there"
try:
    ServerProxy(base + "/other").echo("x")
except ProtocolError as error:
    assert error.errcode == 404, error
print("done")
"#;

#[tokio::test]
async fn pythons_xmlrpc_client_can_use_every_method() {
    let served = Served::start(echo().limits(Limits {
        body: 2_000_000,
        ..Limits::default()
    }))
    .await;
    let url = format!("http://{}", served.address);
    let run = tokio::process::Command::new("python3")
        .args(["-c", SCRIPT, &url])
        .output();
    let output = tokio::time::timeout(common::LONG, run)
        .await
        .expect("python ends")
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "done\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
