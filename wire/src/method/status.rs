use dxr::Value;

use super::Method;
use super::answer::{Members, from_members, from_number};
use super::parameters::Parameters;
use crate::Fault;

/// Asks a process how it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Status;

/// How a process is.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessStatus {
    /// The process's name.
    pub process: String,
    /// The port that it listens on.
    pub port: u16,
    /// The behaviour that it is configured with; `none` if it is correct.
    pub fault: String,
    /// The view that it is in.
    pub view: u64,
    /// Whether that view is active, not still being changed to.
    pub view_active: bool,
    /// The primary of the view.
    pub primary: String,
    /// The low watermark: the sequence number of the last stable checkpoint.
    pub low_watermark: u64,
    /// The high watermark: the last sequence number that may be proposed.
    pub high_watermark: u64,
    /// The last sequence number that was executed.
    pub executed: u64,
    /// The latest round.
    pub round: RoundStatus,
    /// What it sent and checked since it started.
    pub traffic: Traffic,
}

/// How far a round is.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundStatus {
    /// The round; 0 before the first.
    pub round: u64,
    /// The sequence number of its Close; 0 while it is open.
    pub close_sequence_number: u64,
    /// The ballots that have executed.
    pub ballots: Vec<BallotStatus>,
    /// The decision; empty while undecided.
    pub decision: String,
}

/// One executed ballot.
#[derive(Clone, Debug, PartialEq)]
pub struct BallotStatus {
    /// The process whose ballot it is.
    pub process: String,
    /// The sequence number at which it executed.
    pub sequence_number: u64,
    /// The decision that it votes for.
    pub decision: String,
}

/// What a process sent and checked since it started.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// Protocol messages sent.
    pub messages_sent: u64,
    /// Bytes of protocol messages sent.
    pub bytes_sent: u64,
    /// Signatures checked.
    pub signatures_checked: u64,
}

impl Method for Status {
    const NAME: &'static str = "status";
    const HELP: &'static str = "status(): a struct that says how this process is: process, port, fault, view, \
        view_active, primary, low_watermark, high_watermark, executed, round, traffic. Numbers over 31 bits are \
        decimal strings.";
    const SIGNATURES: &'static [&'static [&'static str]] = &[&["struct"]];
    type Answer = ProcessStatus;

    fn from_params(params: Vec<Value>) -> Result<Self, Fault> {
        Parameters::of::<Self>(params, 0..=0, "").map(|_| Self)
    }

    fn into_params(self) -> Vec<Value> {
        Vec::new()
    }

    fn answer_into_value(answer: ProcessStatus) -> Value {
        answer.into_value()
    }

    fn answer_from_value(value: Value) -> Result<ProcessStatus, String> {
        ProcessStatus::from_value(value)
    }
}

impl ProcessStatus {
    fn into_value(self) -> Value {
        from_members([
            ("process", Value::String(self.process)),
            ("port", Value::Integer(self.port.into())),
            ("fault", Value::String(self.fault)),
            ("view", from_number(self.view)),
            ("view_active", Value::Boolean(self.view_active)),
            ("primary", Value::String(self.primary)),
            ("low_watermark", from_number(self.low_watermark)),
            ("high_watermark", from_number(self.high_watermark)),
            ("executed", from_number(self.executed)),
            ("round", self.round.into_value()),
            ("traffic", self.traffic.into_value()),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            process: members.text("process")?,
            port: u16::try_from(members.number("port")?).map_err(|_| "member port: over 65535")?,
            fault: members.text("fault")?,
            view: members.number("view")?,
            view_active: members.boolean("view_active")?,
            primary: members.text("primary")?,
            low_watermark: members.number("low_watermark")?,
            high_watermark: members.number("high_watermark")?,
            executed: members.number("executed")?,
            round: RoundStatus::from_value(members.value("round")?)?,
            traffic: Traffic::from_value(members.value("traffic")?)?,
        })
    }
}

impl RoundStatus {
    fn into_value(self) -> Value {
        from_members([
            ("round", from_number(self.round)),
            (
                "close_sequence_number",
                from_number(self.close_sequence_number),
            ),
            (
                "ballots",
                Value::Array(
                    self.ballots
                        .into_iter()
                        .map(BallotStatus::into_value)
                        .collect(),
                ),
            ),
            ("decision", Value::String(self.decision)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            round: members.number("round")?,
            close_sequence_number: members.number("close_sequence_number")?,
            ballots: members
                .array("ballots")?
                .into_iter()
                .map(BallotStatus::from_value)
                .collect::<Result<_, _>>()?,
            decision: members.text("decision")?,
        })
    }
}

impl BallotStatus {
    fn into_value(self) -> Value {
        from_members([
            ("process", Value::String(self.process)),
            ("sequence_number", from_number(self.sequence_number)),
            ("decision", Value::String(self.decision)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            process: members.text("process")?,
            sequence_number: members.number("sequence_number")?,
            decision: members.text("decision")?,
        })
    }
}

impl Traffic {
    fn into_value(self) -> Value {
        from_members([
            ("messages_sent", from_number(self.messages_sent)),
            ("bytes_sent", from_number(self.bytes_sent)),
            ("signatures_checked", from_number(self.signatures_checked)),
        ])
    }

    fn from_value(value: Value) -> Result<Self, String> {
        let mut members = Members::of(value)?;
        Ok(Self {
            messages_sent: members.number("messages_sent")?,
            bytes_sent: members.number("bytes_sent")?,
            signatures_checked: members.number("signatures_checked")?,
        })
    }
}
