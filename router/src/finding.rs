//! The faults that were found, each kind once per node.

use std::collections::BTreeMap;
use std::fmt;

/// A fault of one node, or of all nodes together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The node; `None` if no single node can be blamed.
    pub node: Option<String>,
    /// The kind of fault, in a few words.
    pub kind: &'static str,
    /// What happened, and what was expected.
    pub text: String,
    /// How many more faults of this kind the node had.
    pub more: u64,
}

/// Correct nodes hold different contents for one slot.
pub(super) const DISAGREEMENT: &str = "disagreement";
/// Correct nodes say that one slot belongs to two requests.
pub(super) const ONE_SLOT: &str = "one slot for two requests";
/// No order of the operations explains what clients were told.
pub(super) const NOT_LINEARIZABLE: &str = "not linearizable";
/// A node has executed an operation that no client had sent.
pub(super) const NOT_ASKED_FOR: &str = "not asked for";

impl Finding {
    /// Whether the finding shows that correct nodes did not decide alike.
    #[must_use]
    pub fn breaks_agreement(&self) -> bool {
        [DISAGREEMENT, ONE_SLOT, NOT_LINEARIZABLE].contains(&self.kind)
    }

    /// Whether the finding shows that an operation was decided that no client had sent.
    #[must_use]
    pub fn breaks_validity(&self) -> bool {
        self.kind == NOT_ASKED_FOR
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = &self.node {
            write!(f, "{node}: ")?;
        }
        write!(f, "{}: {}", self.kind, self.text)?;
        if self.more > 0 {
            write!(f, " (and {} more of this kind)", self.more)?;
        }
        Ok(())
    }
}

/// The findings so far. Of each node and kind only the first is kept, with a count of the others.
#[derive(Debug, Default)]
pub(super) struct Findings {
    all: Vec<Finding>,
    places: BTreeMap<(Option<String>, &'static str), usize>,
    notes: BTreeMap<&'static str, String>,
}

impl Findings {
    /// A node did something wrong.
    pub(super) fn blame(&mut self, node: &str, kind: &'static str, text: impl Into<String>) {
        self.add(Some(node.to_owned()), kind, text.into());
    }

    /// The nodes together did something wrong.
    pub(super) fn blame_all(&mut self, kind: &'static str, text: impl Into<String>) {
        self.add(None, kind, text.into());
    }

    fn add(&mut self, node: Option<String>, kind: &'static str, text: String) {
        let key = (node, kind);
        if let Some(known) = self.places.get(&key).and_then(|at| self.all.get_mut(*at)) {
            known.more += 1;
            return;
        }
        let node = key.0.clone();
        self.places.insert(key, self.all.len());
        self.all.push(Finding {
            node,
            kind,
            text,
            more: 0,
        });
    }

    /// Adds a remark that is not a fault. The first of each kind is kept.
    pub(super) fn note(&mut self, kind: &'static str, text: impl Into<String>) {
        self.notes.entry(kind).or_insert_with(|| text.into());
    }

    /// Whether nothing was found.
    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The findings so far.
    pub(super) fn all(&self) -> &[Finding] {
        &self.all
    }

    /// The remarks, one of each kind.
    pub(super) fn notes(&self) -> Vec<String> {
        let words = |(kind, text): (&&str, &String)| format!("{kind}: {text}");
        self.notes.iter().map(words).collect()
    }

    /// All findings.
    pub(super) fn into_all(self) -> Vec<Finding> {
        self.all
    }
}
