//! `status`: where this process stands.

use quorate_wire::Fault;
use quorate_wire::method::{ProcessStatus, Status, StatusAnswer};

use super::Handle;
use crate::runtime::Question;

pub(super) async fn answer(handle: Handle, call: Status) -> Result<StatusAnswer, Fault> {
    if call.sequence_number.is_some() {
        return Err(Fault::wrong_parameters(
            "status: this process does not tell about single slots; call it without a sequence number",
        ));
    }
    let (status, round, traffic) = handle.ask(Question::Status).await?;
    Ok(StatusAnswer::Process(ProcessStatus {
        process: handle.inner.own.to_string(),
        port: handle.inner.port,
        fault: handle
            .inner
            .fault
            .clone()
            .unwrap_or_else(|| "none".to_owned()),
        view: status.view.0,
        view_active: status.active,
        primary: status.primary.to_string(),
        low_watermark: status.low_watermark.0,
        high_watermark: status.high_watermark.0,
        executed: status.executed.0,
        round,
        traffic,
    }))
}
