//! `submit` and `read`: what is done, what is not, and who is asked.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Processes, complained, printed};

#[test]
fn what_the_store_does_not_do_ends_with_1_and_its_reason() {
    let processes = Processes::start(4, "none");
    processes.client(&["submit", "set x=3"]);
    for (arguments, reason) in [
        (&["submit", "cas x 1 2"][..], "error: cas failed: x is 3\n"),
        (&["submit", "cas y 1 2"], "error: no such key\n"),
        (&["submit", "get y"], "error: no such key\n"),
        (&["submit", "delete y"], "error: no such key\n"),
        (
            &["read", "y"],
            "error: no such key: nobody has set 'y', or it was deleted\n",
        ),
    ] {
        let output = processes.client(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(complained(&output), reason, "{arguments:?}");
        assert_eq!(printed(&output), "", "{arguments:?}");
    }
    for (arguments, answer) in [
        (&["submit", "cas x 3 4"][..], "ok\n"),
        (&["submit", "get", "x"], "4\n"),
        (&["read", "x"], "4\n"),
    ] {
        let output = processes.client(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(printed(&output), answer);
    }
}

#[test]
fn objects_say_whether_it_was_done() {
    let processes = Processes::start(4, "none");
    let object = |arguments: &[&str], status| -> Value {
        let output = processes.client(&[arguments, &["--format", "json"]].concat());
        assert_eq!(
            output.status.code(),
            Some(status),
            "{}",
            complained(&output)
        );
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let submitted = object(&["submit", "set x=3"], 0);
    assert_eq!(
        (&submitted["done"], &submitted["result"]),
        (&json!(true), &json!("ok"))
    );
    let failed = object(&["submit", "cas x 1 2"], 1);
    assert_eq!(
        (&failed["done"], &failed["result"]),
        (&json!(false), &json!("cas failed: x is 3"))
    );
    let read = object(&["read", "x"], 0);
    assert_eq!(
        read,
        json!({"v": 1, "process": "P", "key": "x", "value": "3"})
    );
    let missing = object(&["read", "y"], 1);
    assert_eq!(
        missing,
        json!({"v": 1, "process": "P", "key": "y", "value": null})
    );
    let refused = object(&["submit", "sing"], 2);
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains("write 'set KEY=VALUE'"), "{refused}");
}
