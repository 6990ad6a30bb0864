//! What is drawn.

use std::time::Duration;

/// A participant: a vertical line with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    pub(crate) name: String,
    pub(crate) mark: Option<String>,
}

impl Lane {
    /// A participant with nothing special about it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mark: None,
        }
    }

    /// Marks the participant, in red, with a word such as "faulty".
    #[must_use]
    pub fn marked(mut self, mark: impl Into<String>) -> Self {
        self.mark = Some(mark.into());
        self
    }
}

/// What the sender did to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// Nothing: blue.
    #[default]
    Plain,
    /// The message is not what a correct sender would send: red.
    Altered,
    /// The receiver, or an answer, denies something: orange.
    Denied,
}

/// What the legend explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Arrows of this style.
    Style(Style),
    /// Messages that did not arrive: dashed, with a cross.
    Lost,
    /// Nothing in the picture: a remark.
    Remark,
}

/// A message from one lane to another, or from a lane to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) label: String,
    pub(crate) sent: Duration,
    /// When it arrives, or why it does not.
    pub(crate) end: Result<Duration, String>,
    pub(crate) style: Style,
    pub(crate) tooltip: String,
    pub(crate) important: bool,
}

impl Arrow {
    /// A message that arrives at once.
    #[must_use]
    pub fn new(from: &str, to: &str, label: impl Into<String>, sent: Duration) -> Self {
        Self {
            from: from.to_owned(),
            to: to.to_owned(),
            label: label.into(),
            sent,
            end: Ok(sent),
            style: Style::Plain,
            tooltip: String::new(),
            important: false,
        }
    }

    /// It arrives at this time, and not before it is sent.
    #[must_use]
    pub fn arrives(mut self, at: Duration) -> Self {
        self.end = Ok(at.max(self.sent));
        self
    }

    /// It does not arrive, for this reason.
    #[must_use]
    pub fn lost(mut self, reason: impl Into<String>) -> Self {
        self.end = Err(reason.into());
        self
    }

    /// Its style.
    #[must_use]
    pub fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// What is shown when the mouse rests on it, after sender, receiver and label.
    #[must_use]
    pub fn tooltip(mut self, text: impl Into<String>) -> Self {
        self.tooltip = text.into();
        self
    }

    /// It is never left out.
    #[must_use]
    pub fn important(mut self, important: bool) -> Self {
        self.important = important;
        self
    }
}

/// A text on a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) lane: String,
    pub(crate) at: Duration,
    pub(crate) text: String,
}

/// A text over all lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) at: Duration,
    pub(crate) text: String,
    pub(crate) kind: BandKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BandKind {
    /// The caller's.
    Told,
    /// Arrows are left out here.
    Gap,
}
