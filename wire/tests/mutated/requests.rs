//! Whole requests, served without sockets and without waiting.

use quorate_wire::Limits;

use crate::common::{call, echo, post};
use crate::converse::{ROOM, converse, first_status, runtime};
use crate::mutate::Mutator;

pub(crate) fn play(seed: u64, inputs: u64) {
    // Do not print the panics of the methods that panic on purpose.
    std::panic::set_hook(Box::new(|panic| {
        if panic.payload().downcast_ref() != Some(&"as the test wants") {
            eprintln!("{panic}");
        }
    }));
    let limits = Limits {
        body: ROOM,
        ..Limits::default()
    };
    let connections = echo().limits(limits).connections();
    let runtime = runtime();
    let mut count = 0;
    crate::play(seed, inputs, Mutator::requests, |requests| {
        let answers = converse(&runtime, &connections, requests);
        count += 1;
        if count % 1000 == 0 {
            let answers = converse(&runtime, &connections, &post("/", "", call("echo", "well")));
            let text = String::from_utf8(answers).unwrap();
            assert!(text.contains("<string>well</string>"), "{text}");
        }
        // The answer to HEAD has no body.
        let heads = requests.windows(5).any(|verb| verb == b"HEAD ");
        first_status(&answers, heads)
    });
}
