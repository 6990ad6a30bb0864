//! `open_vote`: this process asks all members a question.

use quorate_service::gathering::{Rule, Wish};
use quorate_wire::Fault;
use quorate_wire::method::OpenVote;

use super::Handle;
use super::gathering::{self, word, words};

pub(super) async fn answer(handle: Handle, call: OpenVote) -> Result<String, Fault> {
    let (question, rule) = (word(&call.question)?, word::<Rule>(&call.rule)?);
    let options = words(&call.options)?;
    let sentence = format!("asks '{question}' ({rule})");
    gathering::wish(&handle, Wish::Question(question, rule, options), &sentence).await
}
