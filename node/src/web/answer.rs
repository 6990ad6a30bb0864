//! The answers to requests over HTTP, all in JSON.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use quorate_wire::endpoint::body::{AnswerBody, whole};
use serde_json::{Value, json};

pub(super) type Answer = Response<AnswerBody>;

/// A refusal, with its reason.
pub(super) fn refuse(status: StatusCode, words: &str) -> Answer {
    respond(status, &json!({"error": words}))
}

/// An answer that is a JSON value.
pub(super) fn respond(status: StatusCode, body: &Value) -> Answer {
    json_answer(status, whole(format!("{body}\n")))
}

/// An answer whose body is JSON.
pub(super) fn json_answer(status: StatusCode, body: AnswerBody) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}
