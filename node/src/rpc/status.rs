//! `status`: how far this process is.

use quorate_protocol::Sequence;
use quorate_wire::Fault;
use quorate_wire::method::{Phase, ProcessStatus, SlotStatus, Status, StatusAnswer};

use super::Handle;
use crate::question::{Question, SlotVotes, Standing};

pub(super) async fn answer(handle: Handle, call: Status) -> Result<StatusAnswer, Fault> {
    if let Some(sequence) = call.sequence_number {
        let slot = handle
            .ask(|answer| Question::Slot(Sequence(sequence), answer))
            .await?;
        return Ok(StatusAnswer::Slot(slot_status(sequence, slot)));
    }
    let Standing {
        status,
        round,
        proofs,
        refused,
        view_changes,
        traffic,
    } = handle.ask(Question::Status).await?;
    Ok(StatusAnswer::Process(Box::new(ProcessStatus {
        process: handle.inner.own.to_string(),
        cluster: quorate_wire::hex::of(&handle.inner.cluster.0),
        processes: handle.processes() as u64,
        port: handle.inner.port,
        life: handle.inner.life,
        fault: handle.fault().await?,
        seed: handle.inner.seed,
        view: status.view.0,
        view_active: status.active,
        primary: status.primary.to_string(),
        low_watermark: status.low_watermark.0,
        high_watermark: status.high_watermark.0,
        executed: status.executed.0,
        last_slot: status.last_slot.0,
        round,
        proofs,
        refused,
        view_changes,
        traffic,
    })))
}

fn slot_status(sequence_number: u64, slot: SlotVotes) -> SlotStatus {
    use quorate_protocol::Phase as Station;
    let phase = match slot.status.phase {
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
        prepares_received: slot.status.prepares as u64,
        commits_received: slot.status.commits as u64,
        prepared_by: slot.prepared_by,
        committed_by: slot.committed_by,
        executed: slot.status.phase >= Station::Executed,
    }
}
