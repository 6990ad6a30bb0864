//! `read`: a key's value, confirmed by a quorum of replicas.

use quorate_host::Ask;
use quorate_service::{Answer, Operation, kv};
use quorate_wire::Fault;
use quorate_wire::method::Read;

use super::Handle;

pub(super) async fn answer(handle: Handle, call: Read) -> Result<String, Fault> {
    let operation = format!("get {}", call.key);
    kv::Command::parse(&operation)
        .map_err(|refusal| Fault::new(Fault::BAD_OPERATION, refusal.to_string()))?;
    let ask = Ask::Read(Operation::KeyValue(operation));
    match handle.ask_all(ask).await?.answer {
        Answer::KeyValue(kv::Answer::Value(value)) => Ok(value),
        Answer::KeyValue(kv::Answer::NoSuchKey) => Err(Fault::new(
            Fault::NO_SUCH_KEY,
            "no such key: nobody has set it, or it was deleted",
        )),
        other => Err(Fault::new(Fault::BAD_OPERATION, other.to_string())),
    }
}
