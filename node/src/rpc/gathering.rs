//! What the methods of the gathering share.

use std::fmt::Display;
use std::str::FromStr;

use quorate_host::Ask;
use quorate_service::gathering::{Answer as Gathered, Name, Wish};
use quorate_service::{Answer, Operation};
use quorate_wire::{Fault, View};

use super::{Handle, mismatch};

/// The answer to a question, which a quorum of replicas gives.
pub(super) async fn view(handle: &Handle, question: String) -> Result<View, Fault> {
    let asked = handle.ask_all(Ask::Read(Operation::Gathering(question)));
    match asked.await?.answer {
        Answer::Gathering(Gathered::View(json)) => match serde_json::from_str(&json) {
            Ok(json) => Ok(View::of(json)),
            Err(bad) => {
                tracing::error!(%bad, "the answer of a quorum is no JSON");
                Err(Fault::new(
                    Fault::INTERNAL,
                    "the answer of a quorum cannot be read",
                ))
            }
        },
        Answer::Gathering(Gathered::Refused(refusal)) => Err(refused(refusal)),
        other => Err(Fault::new(Fault::INTERNAL, other.to_string())),
    }
}

/// Takes a wish of this process. The answer is a sentence that says what the process does, and when.
pub(super) async fn wish(handle: &Handle, wish: Wish, does: &str) -> Result<String, Fault> {
    match handle.ask_process(Ask::Wish(wish)).await? {
        quorate_host::Answer::Wished => {
            Ok(format!("{} {does} as soon as it is time", handle.own()))
        }
        other => Err(mismatch(&other)),
    }
}

/// A word of a call, as the gathering reads it.
pub(super) fn word<T: FromStr<Err: Display>>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(refused)
}

/// A list of names, as the gathering reads it.
pub(super) fn words(texts: &[String]) -> Result<Vec<Name>, Fault> {
    texts.iter().map(|text| word(text)).collect()
}

pub(super) fn refused(why: impl Display) -> Fault {
    Fault::new(Fault::GATHERING, why.to_string())
}
