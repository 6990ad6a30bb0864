//! `submit`: orders operations of the store or the gathering, and answers their results.

use quorate_host::{Ask, Outcome, RequestName};
use quorate_protocol::{ClientId, ReplicaId, Seal, Sequence, Timestamp};
use quorate_service::{Answer, Operation, gathering, kv};
use quorate_wire::Fault;
use quorate_wire::method::{
    self, Client, Submission, SubmissionAnswer, Submit, SubmitAll, Submitted, SubmittedAll,
};

use super::{Handle, shutting_down};

pub(super) async fn answer(handle: Handle, call: Submission) -> Result<SubmissionAnswer, Fault> {
    match call {
        Submission::One(call) => one(handle, call).await.map(SubmissionAnswer::One),
        Submission::All(call) => all(handle, call).await.map(SubmissionAnswer::All),
    }
}

async fn one(handle: Handle, call: Submit) -> Result<Submitted, Fault> {
    let Submit { operation, request } = call;
    let operation = read(operation)?;
    let name = request.map(|name| name_in(handle.own(), name));
    let outcome = handle.ask_all(Ask::Submit { operation, name }).await?;
    Ok(submitted(outcome))
}

/// Orders all operations at once. One that is not an operation, or gets no result, does not keep the results of the others
/// back.
async fn all(handle: Handle, call: SubmitAll) -> Result<SubmittedAll, Fault> {
    let operations: Vec<_> = call.operations.into_iter().map(read).collect();
    let asks = operations.iter().flatten().map(|operation| Ask::Submit {
        operation: operation.clone(),
        name: None,
    });
    let mut outcomes = handle.ask_all_at_once(asks.collect()).await?.into_iter();
    let answers = operations.into_iter().map(|operation| {
        operation?;
        let outcome = outcomes.next().ok_or_else(shutting_down)?;
        outcome.map(submitted)
    });
    Ok(answers.collect())
}

fn submitted(outcome: Outcome) -> Submitted {
    let Outcome { ordered, answer } = outcome;
    let (sequence, view) = ordered.unwrap_or_default();
    Submitted {
        sequence_number: sequence.0,
        view: view.0,
        done: is_done(&answer),
        result: answer.to_string(),
    }
}

/// The operation that a text means. Commands of the gathering begin with `found`, or with the number of an epoch.
fn read(text: String) -> Result<Operation, Fault> {
    let bad = |refusal: String| Fault::new(Fault::BAD_OPERATION, refusal);
    let gathers =
        text.starts_with("found ") || text.starts_with(|first: char| first.is_ascii_digit());
    if gathers {
        gathering::Command::parse(&text).map_err(|refusal| bad(refusal.to_string()))?;
        return Ok(Operation::Gathering(text));
    }
    kv::Command::parse(&text).map_err(|refusal| bad(refusal.to_string()))?;
    Ok(Operation::KeyValue(text))
}

fn is_done(answer: &Answer) -> bool {
    match answer {
        Answer::KeyValue(answer) => answer.is_done(),
        Answer::Gathering(answer) => answer.is_done(),
        _ => false,
    }
}

/// The name of a request that the called process may speak for, or carries.
fn name_in(own: ReplicaId, name: method::RequestName) -> RequestName {
    let (client, seal) = match name.client {
        Client::Name(name) => (ClientId::named(own, &name), None),
        Client::Key {
            public_key,
            signature,
            after,
        } => {
            let seal = (Box::new(Seal(signature)), Sequence(after));
            (ClientId::Key(public_key), Some(seal))
        }
    };
    RequestName {
        client,
        timestamp: Timestamp(name.timestamp),
        seal,
    }
}
