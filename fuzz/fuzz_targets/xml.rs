//! Reads arbitrary bytes as the body of an XML-RPC call and of an answer. If it is a call, every method tries to read
//! its parameters.
#![no_main]

use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use quorate_wire::caller::read_body;
use quorate_wire::endpoint::read_call;
use quorate_wire::method::{
    FinalizeDecision, GatherTell, Method, Read, ReceiveMessage, SendMessage, Submit,
};
use quorate_wire::{Limits, Value};

fuzz_target!(|body: &[u8]| {
    let limits = Limits {
        depth: 16,
        elements: 1000,
        ..Limits::default()
    };
    for charset in [None, Some("latin-1")] {
        if let Ok((_, params)) = read_call(body, charset, &limits) {
            method::<GatherTell>(&params);
            method::<FinalizeDecision>(&params);
            method::<Read>(&params);
            method::<ReceiveMessage>(&params);
            method::<SendMessage>(&params);
            method::<Submit>(&params);
        }
    }
    let _ = read_body(&HeaderMap::new(), body);
});

/// If a method accepts parameters and writes them again, it must accept those too.
fn method<M: Method>(params: &[Value]) {
    if let Ok(call) = M::from_params(params.to_vec()) {
        assert!(M::from_params(call.into_params()).is_ok(), "{params:?}");
    }
}
