//! Bodies, read as calls and as answers.

use http::HeaderMap;
use quorate_wire::caller::read_body;
use quorate_wire::endpoint::read_call;
use quorate_wire::method::{GatherTell, Method, ReceiveMessage, SendMessage, Status, Submit};
use quorate_wire::{Limits, Value};

/// Reads a body as a call and as an answer. Returns what it was.
pub(crate) fn read(body: &[u8]) -> String {
    let headers = HeaderMap::new();
    let answer = match read_body(&headers, body) {
        Ok(Ok(value)) => {
            let _ = Submit::answer_from_value(value.clone());
            let _ = Status::answer_from_value(value);
            return "an answer".to_owned();
        }
        Ok(Err(_)) => return "a fault".to_owned(),
        Err(wrong) => wrong,
    };
    assert!(answer.chars().count() <= 300, "{answer}");
    match read_call(body, None, &Limits::default()) {
        Ok((_, params)) => {
            let methods = [
                takes::<Submit>(&params),
                takes::<SendMessage>(&params),
                takes::<ReceiveMessage>(&params),
                takes::<GatherTell>(&params),
                takes::<Status>(&params),
            ];
            let taken = methods.contains(&true);
            if taken {
                "a call of a method of ours"
            } else {
                "a call"
            }
            .to_owned()
        }
        Err(fault) => {
            assert!(fault.message().chars().count() <= 200, "{fault}");
            format!("refused with {}", fault.code())
        }
    }
}

/// Whether a method accepts the parameters. If it writes them again, it must accept those too.
fn takes<M: Method>(params: &[Value]) -> bool {
    let Ok(method) = M::from_params(params.to_vec()) else {
        return false;
    };
    assert!(M::from_params(method.into_params()).is_ok(), "{params:?}");
    true
}
