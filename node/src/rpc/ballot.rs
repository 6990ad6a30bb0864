//! `ballot`: this process votes on a question.

use quorate_service::gathering::Wish;
use quorate_wire::Fault;
use quorate_wire::method::Ballot;

use super::Handle;
use super::gathering::{self, word, words};

pub(super) async fn answer(handle: Handle, call: Ballot) -> Result<String, Fault> {
    let (question, options) = (word(&call.question)?, words(&call.options)?);
    let sentence = format!("votes on '{question}'");
    gathering::wish(&handle, Wish::Ballot(question, options), &sentence).await
}
