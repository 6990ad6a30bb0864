//! The names under which clients outside ask.

use quorate_host::RequestName;
use quorate_protocol::{ClientId, ClientKey, ClusterId, Digest, ReplicaId, Sequence, Timestamp};
use quorate_service::Operation;

use crate::plan::{Call, Plan};

/// The name under which a client asks a process for an operation to be ordered. `None`: the process lends it a session. One
/// with a key signs that the operation executes after this slot.
pub(super) fn name(
    plan: &Plan,
    cluster: ClusterId,
    asked: ReplicaId,
    call: usize,
    after: Sequence,
) -> Option<RequestName> {
    let planned = plan.calls.get(call)?;
    let timestamp = Timestamp(planned.timestamp.unwrap_or(call as u64 + 1));
    if let Some(name) = &planned.name {
        return Some(RequestName {
            client: ClientId::named(asked, name),
            timestamp,
            seal: None,
        });
    }
    let name = key_name(planned, call)?;
    let key = if plan.real_keys {
        ClientKey::new(&Digest::of(&[name.as_bytes()]).0)
    } else {
        ClientKey::simulated(&name)
    };
    let operation = Operation::KeyValue(planned.operation.clone()).encode();
    let seal = key.seal(cluster, timestamp, after, &operation);
    Some(RequestName {
        client: key.client(),
        timestamp,
        seal: Some((Box::new(seal), after)),
    })
}

/// What the key of a call is made from, if its client has one.
fn key_name(planned: &Call, call: usize) -> Option<String> {
    let own = || (!planned.also.is_empty()).then(|| format!("call {call}"));
    planned.key.clone().or_else(own)
}
