//! `vote`: the questions, or one of them.

use quorate_wire::method::Vote;
use quorate_wire::{Fault, View};

use super::{Handle, gathering};

pub(super) async fn answer(handle: Handle, call: Vote) -> Result<View, Fault> {
    let question = call
        .question
        .map_or_else(|| "votes".to_owned(), |question| format!("vote {question}"));
    gathering::view(&handle, question).await
}
