//! Forged messages of a script, and the certificates in them. This file reads their words; `make` makes them.

mod make;

use quorate_protocol::ReplicaId;

use super::cursor::Cursor;
use super::order::Order;

pub(super) use make::Forge;

/// View, slot and batch of a proposal or a vote: `view 0 slot 1 [P/1]`.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) view: u64,
    pub(super) slot: u64,
    pub(super) batch: Vec<Order>,
}

/// PREPAREs in a certificate: `prepares Q,R`, or with another batch than the certificate's `prepares R [P/2]`.
#[derive(Clone, Debug)]
pub(super) struct Preparers {
    by: Vec<ReplicaId>,
    batch: Option<Vec<Order>>,
}

/// `view V by P [stable N CHECKPOINTS] [carrying CERTIFICATES]`.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    view: u64,
    by: ReplicaId,
    stable: Option<(u64, String)>,
    carrying: Vec<String>,
}

/// The kinds of things that `let` gives a name.
#[derive(Clone, Debug)]
pub(super) enum Made {
    /// `certificate view 0 slot 1 [P/1] [proposer Q] prepares Q,R`.
    Certificate {
        subject: Subject,
        proposer: Option<ReplicaId>,
        preparers: Vec<Preparers>,
    },
    /// `checkpoints slot 4 state WORD by P,Q [state WORD by R]`.
    Checkpoints(u64, Vec<(String, Vec<ReplicaId>)>),
    /// `view-change view 1 by P ...`.
    ViewChange(Wish),
}

/// A message.
#[derive(Clone, Debug)]
pub(super) enum Forged {
    /// `request c/1@Q`.
    Request(Order),
    /// `pre-prepare view 0 slot 1 [P/1] by P`; after `bare`, with no body beside it.
    PrePrepare(Subject, ReplicaId, bool),
    /// `prepare view 0 slot 1 [P/1] by Q`.
    Prepare(Subject, ReplicaId),
    /// `commit view 0 slot 1 [P/1] by Q`.
    Commit(Subject, ReplicaId),
    /// `checkpoint slot 4 state WORD by P`.
    Checkpoint {
        slot: u64,
        state: String,
        by: ReplicaId,
    },
    /// `view-change NAME` or `view-change view 1 by P ...`.
    ViewChange(Option<String>, Option<Wish>),
    /// `new-view view 1 by Q from WISHES [choosing slot 1 [P/1] ...]`; the name of a process stands for its VIEW-CHANGE
    /// without certificates.
    NewView {
        view: u64,
        by: ReplicaId,
        from: Vec<String>,
        choosing: Vec<(u64, Vec<Order>)>,
    },
    /// `state slot 8 manifest 4 by P`: the manifest that a process sent for slot 4, as that of slot 8.
    Manifest { slot: u64, of: u64, by: ReplicaId },
    /// `state slot 8 part WORD by P`.
    Part {
        slot: u64,
        part: String,
        by: ReplicaId,
    },
}

impl Subject {
    fn read(cursor: &mut Cursor) -> Result<Self, String> {
        cursor.expect("view")?;
        let view = cursor.number("a view")?;
        cursor.expect("slot")?;
        let slot = cursor.number("a slot")?;
        let batch = cursor.batch()?;
        Ok(Self { view, slot, batch })
    }

    fn read_by(cursor: &mut Cursor) -> Result<(Self, ReplicaId), String> {
        let subject = Self::read(cursor)?;
        cursor.expect("by")?;
        Ok((subject, cursor.process()?))
    }
}

impl Wish {
    fn read(cursor: &mut Cursor) -> Result<Self, String> {
        cursor.expect("view")?;
        let view = cursor.number("a view")?;
        cursor.expect("by")?;
        let by = cursor.process()?;
        let mut wish = Self {
            view,
            by,
            stable: None,
            carrying: Vec::new(),
        };
        if cursor.takes("stable") {
            let slot = cursor.number("a slot")?;
            wish.stable = Some((slot, cursor.word("the name of checkpoints")?));
        }
        if cursor.takes("carrying") {
            wish.carrying = names(cursor, &["to"])?;
        }
        Ok(wish)
    }
}

impl Made {
    /// Reads the words after the `=` of `let`.
    ///
    /// # Errors
    /// The words describe nothing that can be made.
    pub(super) fn read(cursor: &mut Cursor) -> Result<Self, String> {
        match cursor.word("what it is")?.as_str() {
            "certificate" => {
                let subject = Subject::read(cursor)?;
                let proposer = cursor.takes("proposer").then(|| cursor.process());
                let mut preparers = Vec::new();
                while cursor.takes("prepares") {
                    let by = cursor.processes()?;
                    let batch = cursor.sees("[").then(|| cursor.batch()).transpose()?;
                    preparers.push(Preparers { by, batch });
                }
                Ok(Self::Certificate {
                    subject,
                    proposer: proposer.transpose()?,
                    preparers,
                })
            }
            "checkpoints" => {
                cursor.expect("slot")?;
                let slot = cursor.number("a slot")?;
                let mut states = Vec::new();
                while cursor.takes("state") {
                    let state = cursor.word("a state")?;
                    cursor.expect("by")?;
                    states.push((state, cursor.processes()?));
                }
                Ok(Self::Checkpoints(slot, states))
            }
            "view-change" => Ok(Self::ViewChange(Wish::read(cursor)?)),
            other => Err(format!(
                "'{other}' has no name: certificate, checkpoints and view-change can have one"
            )),
        }
    }
}

impl Forged {
    /// Reads a message.
    ///
    /// # Errors
    /// The words do not describe a message that can be forged.
    pub(super) fn read(cursor: &mut Cursor) -> Result<Self, String> {
        let bare = cursor.takes("bare");
        match cursor.word("a kind of message")?.as_str() {
            "pre-prepare" => {
                let (subject, by) = Subject::read_by(cursor)?;
                Ok(Self::PrePrepare(subject, by, bare))
            }
            _ if bare => Err("only a pre-prepare can be bare".to_owned()),
            "request" => {
                let orders = Order::read(&cursor.word("a request")?)?;
                let [order] = &orders[..] else {
                    return Err("one request at a time".to_owned());
                };
                Ok(Self::Request(order.clone()))
            }
            "prepare" => {
                let (subject, by) = Subject::read_by(cursor)?;
                Ok(Self::Prepare(subject, by))
            }
            "commit" => {
                let (subject, by) = Subject::read_by(cursor)?;
                Ok(Self::Commit(subject, by))
            }
            "checkpoint" => {
                cursor.expect("slot")?;
                let slot = cursor.number("a slot")?;
                cursor.expect("state")?;
                let state = cursor.word("a state")?;
                cursor.expect("by")?;
                let by = cursor.process()?;
                Ok(Self::Checkpoint { slot, state, by })
            }
            "view-change" if cursor.sees("view") => {
                Ok(Self::ViewChange(None, Some(Wish::read(cursor)?)))
            }
            "view-change" => Ok(Self::ViewChange(Some(cursor.word("a name")?), None)),
            "new-view" => Self::read_new_view(cursor),
            "state" => Self::read_state(cursor),
            other => Err(format!("'{other}' cannot be forged")),
        }
    }

    fn read_new_view(cursor: &mut Cursor) -> Result<Self, String> {
        cursor.expect("view")?;
        let view = cursor.number("a view")?;
        cursor.expect("by")?;
        let by = cursor.process()?;
        cursor.expect("from")?;
        let from = names(cursor, &["choosing", "to"])?;
        let mut choosing = Vec::new();
        if cursor.takes("choosing") {
            while cursor.takes("slot") {
                choosing.push((cursor.number("a slot")?, cursor.batch()?));
            }
        }
        Ok(Self::NewView {
            view,
            by,
            from,
            choosing,
        })
    }

    fn read_state(cursor: &mut Cursor) -> Result<Self, String> {
        cursor.expect("slot")?;
        let slot = cursor.number("a slot")?;
        if cursor.takes("manifest") {
            let of = cursor.number("a slot")?;
            cursor.expect("by")?;
            let by = cursor.process()?;
            return Ok(Self::Manifest { slot, of, by });
        }
        cursor.expect("part")?;
        let part = cursor.word("what is in it")?;
        cursor.expect("by")?;
        let by = cursor.process()?;
        Ok(Self::Part { slot, part, by })
    }
}

/// Words up to one of these, or to the end.
fn names(cursor: &mut Cursor, ends: &[&str]) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    while !cursor.is_empty() && !ends.iter().any(|end| cursor.sees(end)) {
        names.push(cursor.word("a name")?);
    }
    Ok(names)
}
