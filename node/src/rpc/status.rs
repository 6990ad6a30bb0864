//! `status`: how far this process is.

use quorate_protocol::Sequence;
use quorate_wire::Fault;
use quorate_wire::method::{Phase, ProcessStatus, SlotStatus, Status, StatusAnswer};

use super::Handle;
use crate::question::Question;

pub(super) async fn answer(handle: Handle, call: Status) -> Result<StatusAnswer, Fault> {
    if let Some(sequence) = call.sequence_number {
        let slot = handle
            .ask(|answer| Question::Slot(Sequence(sequence), answer))
            .await?;
        return Ok(StatusAnswer::Slot(slot_status(sequence, slot)));
    }
    let (status, round, traffic) = handle.ask(Question::Status).await?;
    Ok(StatusAnswer::Process(ProcessStatus {
        process: handle.inner.own.to_string(),
        processes: handle.inner.callers.len() as u64,
        port: handle.inner.port,
        fault: handle.fault().await?,
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

fn slot_status(sequence_number: u64, slot: quorate_protocol::SlotStatus) -> SlotStatus {
    use quorate_protocol::Phase as Station;
    let phase = match slot.phase {
        Station::Unknown => Phase::Unknown,
        Station::PrePrepared => Phase::PrePrepared,
        Station::Prepared => Phase::Prepared,
        Station::Committed => Phase::Committed,
        Station::Executed => Phase::Executed,
        Station::Stable => Phase::Stable,
    };
    SlotStatus {
        sequence_number,
        phase,
        prepares_received: slot.prepares as u64,
        commits_received: slot.commits as u64,
        executed: slot.phase >= Station::Executed,
    }
}
