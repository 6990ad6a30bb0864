//! The messages that a command applies to.

use quorate_protocol::ReplicaId;
use quorate_protocol::message::{Kind, place};

use super::cursor::Cursor;
use super::parcel::Parcel;

/// Words for several kinds.
const GROUPS: [(&str, &[Kind]); 3] = [
    ("anything", &Kind::ALL),
    ("normal", &[Kind::PRE_PREPARE, Kind::PREPARE, Kind::COMMIT]),
    ("votes", &[Kind::PREPARE, Kind::COMMIT]),
];

/// Messages by kind, sender, recipient, slot and view. A part that is not given matches every message.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    kinds: Vec<Kind>,
    from: Option<Vec<ReplicaId>>,
    to: Option<Vec<ReplicaId>>,
    slot: Option<u64>,
    below_view: Option<u64>,
}

impl Filter {
    /// Reads `prepare,commit [except KINDS] [from P] [to Q,R] [slot N] [below view N]`, up to the first other word.
    ///
    /// # Errors
    /// There is no such kind, process or number.
    pub(super) fn read(cursor: &mut Cursor) -> Result<Self, String> {
        let mut filter = Self {
            kinds: kinds(&cursor.word("a kind of message")?)?,
            ..Self::default()
        };
        loop {
            if cursor.takes("except") {
                let without = kinds(&cursor.word("a kind of message")?)?;
                filter.kinds.retain(|kind| !without.contains(kind));
            } else if cursor.takes("from") {
                filter.from = Some(cursor.processes()?);
            } else if cursor.takes("to") {
                filter.to = Some(cursor.processes()?);
            } else if cursor.takes("slot") {
                filter.slot = Some(cursor.number("a slot")?);
            } else if cursor.takes("below") {
                cursor.expect("view")?;
                filter.below_view = Some(cursor.number("a view")?);
            } else {
                return Ok(filter);
            }
        }
    }

    /// Whether this message matches.
    pub(super) fn matches(&self, parcel: &Parcel) -> bool {
        let (view, slot) = place(&parcel.message);
        self.kinds.contains(&Kind::of(&parcel.message))
            && self
                .from
                .as_ref()
                .is_none_or(|from| from.contains(&parcel.from))
            && self.to.as_ref().is_none_or(|to| to.contains(&parcel.to))
            && self.slot.is_none_or(|wanted| slot == Some(wanted))
            && self
                .below_view
                .is_none_or(|end| view.is_some_and(|view| view < end))
    }
}

fn kinds(words: &str) -> Result<Vec<Kind>, String> {
    let mut kinds = Vec::new();
    for word in words.split(',') {
        if let Some((_, members)) = GROUPS.iter().find(|(name, _)| *name == word) {
            kinds.extend_from_slice(members);
        } else if let Some(kind) = Kind::named(word) {
            kinds.push(kind);
        } else {
            return Err(format!(
                "'{word}' is not a kind of message: the kinds are {}, and anything, normal and votes",
                Kind::names()
            ));
        }
    }
    Ok(kinds)
}
