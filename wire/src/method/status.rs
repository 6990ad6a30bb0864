use std::fmt;

use dxr::Value;

use super::Method;
use super::answer::{Members, from_each, from_members, from_number, from_texts};
use super::parameters::Parameters;
use super::round::RoundSummary;
use super::view_change::{ProofStatus, RefusedStatus, ViewChangeStatus};
use crate::Fault;

/// Asks a process for its own status, or for the status of one slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The slot, from 1. `None` asks for the status of the process.
    pub sequence_number: Option<u64>,
}

/// The answer to a call of `status`.
#[derive(Clone, Debug, PartialEq)]
pub enum StatusAnswer {
    /// The process's status: the answer to a call without a sequence number.
    Process(Box<ProcessStatus>),
    /// The slot's status: the answer to a call with one.
    Slot(SlotStatus),
}

impl StatusAnswer {
    /// The process's status, if the call asked for it.
    pub fn into_process(self) -> Option<ProcessStatus> {
        match self {
            Self::Process(process) => Some(*process),
            Self::Slot(_) => None,
        }
    }

    /// The slot's status, if the call asked for it.
    pub fn into_slot(self) -> Option<SlotStatus> {
        match self {
            Self::Slot(slot) => Some(slot),
            Self::Process(_) => None,
        }
    }
}

/// The status of a process.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessStatus {
    /// The process's name.
    pub process: String,
    /// The cluster's id, in 64 hexadecimal digits. Clients with a key sign it with each request.
    pub cluster: String,
    /// How many processes there are, this one included.
    pub processes: u64,
    /// The port that it listens on.
    pub port: u16,
    /// How often it had started before. Another number than before: it has started again.
    pub life: u64,
    /// The behaviour that it is configured with; `none` if it is correct.
    pub fault: String,
    /// The seed of a fault that acts at random. The process's index is mixed into it.
    pub seed: u64,
    /// The view that it is in.
    pub view: u64,
    /// Whether that view has started here. If not, the process is still changing to it.
    pub view_active: bool,
    /// The primary of the view.
    pub primary: String,
    /// The low watermark: the sequence number of the last stable checkpoint.
    pub low_watermark: u64,
    /// The high watermark: the last sequence number that may be proposed.
    pub high_watermark: u64,
    /// The last executed sequence number.
    pub executed: u64,
    /// The last sequence number of which it knows anything. While it is correct it signs nothing about later ones.
    pub last_slot: u64,
    /// The latest round. [`Round`](super::Round) has its votes.
    pub round: RoundSummary,
    /// The processes that it can prove faulty.
    pub proofs: Vec<ProofStatus>,
    /// What it refused before it counted, one entry for each sender.
    pub refused: Vec<RefusedStatus>,
    /// The last views that it asked for or took over, oldest first.
    pub view_changes: Vec<ViewChangeStatus>,
    /// What it sent and checked since it started, and what waits at the moment.
    pub traffic: Traffic,
}

/// What a process sent and checked since it started, and what waits at the moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Protocol messages sent.
    pub messages_sent: u64,
    /// Bytes of protocol messages sent.
    pub bytes_sent: u64,
    /// Signatures checked.
    pub signatures_checked: u64,
    /// Messages that rules of the process's links have lost.
    pub messages_lost: u64,
    /// Bytes that wait for all peers to take them.
    pub outbox_bytes: u64,
    /// Bytes from all peers that wait for the process to take them.
    pub inbox_bytes: u64,
}

/// The status of one slot at a process, in the view that the process is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotStatus {
    /// The slot.
    pub sequence_number: u64,
    /// The phase that it has reached.
    pub phase: Phase,
    /// How many backups' matching PREPAREs the process has; 0 once the slot is stable.
    pub prepares_received: u64,
    /// How many matching COMMITs it has, its own included; 0 once the slot is stable.
    pub commits_received: u64,
    /// The processes of those PREPAREs.
    pub prepared_by: Vec<String>,
    /// The processes of those COMMITs.
    pub committed_by: Vec<String>,
    /// Whether it has executed the slot.
    pub executed: bool,
}

/// How far a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was proposed for it, as far as the process knows.
    Unknown,
    /// Its PRE-PREPARE was accepted.
    PrePrepared,
    /// It has a certificate of PREPAREs.
    Prepared,
    /// It has a quorum of COMMITs.
    Committed,
    /// It has executed.
    Executed,
    /// A stable checkpoint covers it, and its messages are gone.
    Stable,
}

impl Phase {
    const ALL: [Self; 6] = [
        Self::Unknown,
        Self::PrePrepared,
        Self::Prepared,
        Self::Committed,
        Self::Executed,
        Self::Stable,
    ];

    /// The phase's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::PrePrepared => "pre-prepared",
            Self::Prepared => "prepared",
            Self::Committed => "committed",
            Self::Executed => "executed",
            Self::Stable => "stable",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Method for Status {
    const NAME: &'static str = "status";
    const HELP: &'static str = "status([sequence_number]): answers a struct. Without a sequence number, it \
        describes this process: process, cluster, processes, port, life (how often it had started before), fault, seed, view, view_active, primary, \
        low_watermark, high_watermark, executed, last_slot, round (round, close_sequence_number, ballots, decision), proofs, refused, \
        view_changes, traffic. With a sequence number, \
        it describes this slot at this process: sequence_number, phase (unknown, pre-prepared, prepared, \
        committed, executed or stable), prepares_received, commits_received, prepared_by, committed_by, \
        executed. Numbers over 31 bits are decimal strings.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"], &["struct", "int"]];
    const CHANGES_NOTHING: bool = true;
    type Answer = StatusAnswer;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        let mut params = Parameters::of::<Self>(params, 0..=1, "[sequence_number]")?;
        Ok(Self {
            sequence_number: params.at_least_1("sequence_number")?,
        })
    }

    fn into_params(self) -> Vec<Value> {
        self.sequence_number.map(from_number).into_iter().collect()
    }

    fn answer_into_value(answer: StatusAnswer) -> Value {
        match answer {
            StatusAnswer::Process(process) => process.into_value(),
            StatusAnswer::Slot(slot) => slot.into_value(),
        }
    }

    fn answer_from_value(value: Value) -> Result<StatusAnswer, String> {
        // Only a slot has a phase.
        match &value {
            Value::Struct(members) if members.contains_key("phase") => {
                SlotStatus::from_value(value).map(StatusAnswer::Slot)
            }
            _ => ProcessStatus::from_value(value)
                .map(Box::new)
                .map(StatusAnswer::Process),
        }
    }
}

impl SlotStatus {
    fn into_value(self) -> Value {
        from_members([
            ("sequence_number", from_number(self.sequence_number)),
            ("phase", Value::String(self.phase.to_string())),
            ("prepares_received", from_number(self.prepares_received)),
            ("commits_received", from_number(self.commits_received)),
            ("prepared_by", from_texts(self.prepared_by)),
            ("committed_by", from_texts(self.committed_by)),
            ("executed", Value::Boolean(self.executed)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            sequence_number: members.number("sequence_number")?,
            phase: Phase::of_name(&members.text("phase")?)
                .ok_or("member phase: not the name of a phase")?,
            prepares_received: members.number("prepares_received")?,
            commits_received: members.number("commits_received")?,
            prepared_by: members.texts("prepared_by")?,
            committed_by: members.texts("committed_by")?,
            executed: members.boolean("executed")?,
        })
    }
}

impl ProcessStatus {
    fn into_value(self) -> Value {
        from_members([
            ("process", Value::String(self.process)),
            ("cluster", Value::String(self.cluster)),
            ("processes", from_number(self.processes)),
            ("port", Value::Integer(self.port.into())),
            ("life", from_number(self.life)),
            ("fault", Value::String(self.fault)),
            ("seed", from_number(self.seed)),
            ("view", from_number(self.view)),
            ("view_active", Value::Boolean(self.view_active)),
            ("primary", Value::String(self.primary)),
            ("low_watermark", from_number(self.low_watermark)),
            ("high_watermark", from_number(self.high_watermark)),
            ("executed", from_number(self.executed)),
            ("last_slot", from_number(self.last_slot)),
            ("round", self.round.into_value()),
            ("proofs", from_each(self.proofs, ProofStatus::into_value)),
            (
                "refused",
                from_each(self.refused, RefusedStatus::into_value),
            ),
            (
                "view_changes",
                from_each(self.view_changes, ViewChangeStatus::into_value),
            ),
            ("traffic", self.traffic.into_value()),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            process: members.text("process")?,
            cluster: members.text("cluster")?,
            processes: members.number("processes")?,
            port: u16::try_from(members.number("port")?).map_err(|_| "member port: over 65535")?,
            life: members.number("life")?,
            fault: members.text("fault")?,
            seed: members.number("seed")?,
            view: members.number("view")?,
            view_active: members.boolean("view_active")?,
            primary: members.text("primary")?,
            low_watermark: members.number("low_watermark")?,
            high_watermark: members.number("high_watermark")?,
            executed: members.number("executed")?,
            last_slot: members.number("last_slot")?,
            round: RoundSummary::from_value(members.value("round")?)?,
            proofs: members.each("proofs", ProofStatus::from_value)?,
            refused: members.each("refused", RefusedStatus::from_value)?,
            view_changes: members.each("view_changes", ViewChangeStatus::from_value)?,
            traffic: Traffic::from_value(members.value("traffic")?)?,
        })
    }
}

impl Traffic {
    fn into_value(self) -> Value {
        from_members([
            ("messages_sent", from_number(self.messages_sent)),
            ("bytes_sent", from_number(self.bytes_sent)),
            ("signatures_checked", from_number(self.signatures_checked)),
            ("messages_lost", from_number(self.messages_lost)),
            ("outbox_bytes", from_number(self.outbox_bytes)),
            ("inbox_bytes", from_number(self.inbox_bytes)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            messages_sent: members.number("messages_sent")?,
            bytes_sent: members.number("bytes_sent")?,
            signatures_checked: members.number("signatures_checked")?,
            messages_lost: members.number("messages_lost")?,
            outbox_bytes: members.number("outbox_bytes")?,
            inbox_bytes: members.number("inbox_bytes")?,
        })
    }
}
