//! `submit`: orders an operation on the store and answers its result.

use quorate_host::{Ask, Outcome, RequestName};
use quorate_protocol::{ClientId, ReplicaId, Seal, Sequence, Timestamp};
use quorate_service::{Answer, Operation, kv};
use quorate_wire::Fault;
use quorate_wire::method::{self, Client, Submit, Submitted};

use super::Handle;

pub(super) async fn answer(handle: Handle, call: Submit) -> Result<Submitted, Fault> {
    let Submit { operation, request } = call;
    kv::Command::parse(&operation)
        .map_err(|refusal| Fault::new(Fault::BAD_OPERATION, refusal.to_string()))?;
    let name = request.map(|name| name_in(handle.own(), name));
    let operation = Operation::KeyValue(operation);
    let Outcome { ordered, answer } = handle.ask_all(Ask::Submit { operation, name }).await?;
    let (sequence, view) = ordered.unwrap_or_default();
    Ok(Submitted {
        sequence_number: sequence.0,
        view: view.0,
        done: matches!(&answer, Answer::KeyValue(answer) if answer.is_done()),
        result: answer.to_string(),
    })
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
