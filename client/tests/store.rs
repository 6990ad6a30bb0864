//! `submit` and `read`: what is done, what is not, and who is asked.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{KeyFile, Processes, client, complained, printed};

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

/// Calls of `submit` at one process.
struct At<'a> {
    processes: &'a Processes,
    index: usize,
}

impl At<'_> {
    /// The result and the exit status.
    fn submit(&self, arguments: &[&str]) -> (String, Option<i32>) {
        let address = self.processes.all()[self.index].address.to_string();
        let output = client(&[&["submit"], arguments, &["--endpoint", &address]].concat());
        let said = printed(&output) + &complained(&output);
        (said.trim_end().to_owned(), output.status.code())
    }

    fn named(&self, operation: &str, client: &str, timestamp: u64) -> (String, Option<i32>) {
        let timestamp = timestamp.to_string();
        self.submit(&[operation, "--client", client, "--timestamp", &timestamp])
    }

    fn signed(&self, operation: &str, key: &KeyFile, timestamp: &str) -> (String, Option<i32>) {
        self.submit(&[operation, "--key", key.path(), "--timestamp", timestamp])
    }
}

fn done(result: &str) -> (String, Option<i32>) {
    (result.to_owned(), Some(0))
}

#[test]
fn a_session_that_a_process_lends_cannot_be_taken_by_a_name() {
    let processes = Processes::start(4, "none");
    let [q, r] = [1, 2].map(|index| At {
        processes: &processes,
        index,
    });
    for lent in ["R/0/1", "R/1", "R"] {
        assert_eq!(q.named("set other=1", lent, 1), done("ok"));
    }
    assert_eq!(r.submit(&["set w=42"]), done("ok"));
    assert_eq!(q.submit(&["get w"]), done("42"));
}

#[test]
fn a_far_timestamp_locks_nobody_out_but_its_own_client() {
    let processes = Processes::start(4, "none");
    let [p, q] = [0, 1].map(|index| At {
        processes: &processes,
        index,
    });
    p.submit(&["set x=1"]);
    let far = u64::MAX - 1;
    for name in ["P/0/1", "P/0/2", "P/1", "http/7", "anna"] {
        assert_eq!(q.named("get x", name, far), done("1"));
    }
    for index in 0..4 {
        let at = At {
            processes: &processes,
            index,
        };
        assert_eq!(at.submit(&["set y=1"]), done("ok"));
    }
    // The same name at another process is another client.
    assert_eq!(p.named("set x=2", "anna", 1), done("ok"));
    let (refused, status) = q.named("set x=3", "anna", 1);
    assert!(refused.contains("with timestamp 18446744073709551614 already"));
    assert_eq!(status, Some(2), "{refused}");
}

#[test]
fn another_operation_with_the_same_timestamp_is_refused_and_not_answered_with_the_first() {
    let processes = Processes::start(4, "none");
    let p = At {
        processes: &processes,
        index: 0,
    };
    assert_eq!(p.named("set a=1", "anna", 1), done("ok"));
    let (refused, status) = p.named("set a=2", "anna", 1);
    assert!(refused.contains("fault 16"), "{refused}");
    assert!(refused.contains("another operation with timestamp 1"));
    assert_eq!(status, Some(2), "{refused}");
    // The same operation again is the same request.
    assert_eq!(p.named("set a=1", "anna", 1), done("ok"));
    assert_eq!(p.submit(&["get a"]), done("1"));
}

#[test]
fn a_client_with_a_key_is_the_same_at_every_process() {
    let processes = Processes::start(4, "none");
    let [p, q] = [0, 1].map(|index| At {
        processes: &processes,
        index,
    });
    let anna = KeyFile::new("anna", &"0a".repeat(32));
    let other = KeyFile::new("other", &"0b".repeat(32));
    p.submit(&["set x=1"]);
    assert_eq!(p.signed("cas x 1 2", &anna, "5"), done("ok"));
    // Executed a second time, it would find another value.
    assert_eq!(q.signed("cas x 1 2", &anna, "5"), done("ok"));
    let (refused, status) = q.signed("set x=3", &anna, "5");
    assert!(refused.contains("fault 16"), "{refused}");
    assert_eq!(status, Some(2));
    assert!(q.signed("set x=3", &anna, "4").0.contains("fault 14"));
    assert_eq!(q.signed("set x=3", &other, "4"), done("ok"));
}

#[test]
fn a_file_without_a_key_is_told_without_its_contents_and_a_readable_one_is_warned_of() {
    let processes = Processes::start(4, "none");
    let p = At {
        processes: &processes,
        index: 0,
    };
    let bad = KeyFile::new("bad", "0a0a secret");
    let (refused, status) = p.signed("set x=1", &bad, "1");
    assert!(refused.contains("64 hexadecimal digits"), "{refused}");
    assert!(!refused.contains("0a0a"), "{refused}");
    assert_eq!(status, Some(2));
    let missing = ["set x=1", "--key", "/nowhere/anna.key", "--timestamp", "1"];
    let (refused, status) = p.submit(&missing);
    assert!(refused.contains("openssl rand -hex 32"), "{refused}");
    assert_eq!(status, Some(2));
    let readable = KeyFile::new("readable", &"0c".repeat(32));
    readable.expose();
    let (warned, status) = p.signed("set x=1", &readable, "1");
    assert!(warned.contains("run `chmod 600"), "{warned}");
    assert_eq!(status, Some(0));
}
