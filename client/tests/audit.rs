//! An audit among processes of which one lies to it: that one hides nothing, and blames nobody.
#![allow(clippy::unwrap_used)]

mod support;

use std::net::TcpListener;

use quorate_wire::method::{Audit, AuditItem};
use quorate_wire::{Caller, Endpoint, Fault, View};
use serde_json::{Value, json};
use support::{Processes, complained, eventually, printed};
use tokio::runtime::Runtime;

/// An endpoint that lists what another process lists, with lies before it: certificates of other batches, and proofs that are none.
fn liar(runtime: &Runtime, listing: &Value) -> String {
    let mut lies = listing.clone();
    for one in lies["certificates"].as_array_mut().unwrap() {
        one["digest"] = "00".repeat(32).into();
    }
    lies["proofs"] = ["Q", "R", "S", "P"]
        .map(|accused| json!({"item": format!("E1-{accused}"), "accused": accused, "kind": "E1"}))
        .to_vec()
        .into();
    let items = |call: AuditItem| async move {
        match call.item.as_str() {
            "E1-P" => Err(Fault::new(Fault::INTERNAL, "not today")),
            _ if call.offset.unwrap_or_default() > 0 => Ok(Vec::new()),
            _ => Ok(vec![7; 100]),
        }
    };
    let endpoint = Endpoint::new()
        .method(move |_: Audit| {
            let lies = View::of(lies.clone());
            async { Ok(lies) }
        })
        .method(items);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        endpoint.serve(listener, std::future::pending()).await
    });
    address
}

#[test]
fn a_process_that_lies_to_an_audit_hides_no_proof_and_makes_no_disagreement() {
    let processes = Processes::start(4, "P=equivocate");
    let honest = || processes.client(&["audit"]);
    eventually("P is proved faulty", || {
        processes.client(&["--format", "lines"]);
        printed(&honest()).contains("Proved faulty: P.")
    });
    let runtime = Runtime::new().unwrap();
    let all = processes.endpoints();
    let (_, others) = all.split_once(',').unwrap();
    let q = others.split(',').next().unwrap().parse().unwrap();
    let listing = runtime.block_on(async {
        let caller = Caller::new(q, std::time::Duration::from_secs(40));
        caller.call(Audit).await.unwrap().read::<Value>().unwrap()
    });
    assert!(!listing["certificates"].as_array().unwrap().is_empty());
    let with_liar = format!("{},{others}", liar(&runtime, &listing));
    let audit = support::client(&["audit", "--endpoint", &with_liar]);
    let (said, told) = (printed(&audit), complained(&audit));
    assert_eq!(audit.status.code(), Some(0), "{said}{told}");
    assert!(said.contains("Proved faulty: P."), "{said}{told}");
    assert!(!said.contains("Disagreement"), "{said}");
    assert!(told.contains("hands out what is not valid"), "{told}");
    assert!(told.contains("not today"), "{told}");
}
