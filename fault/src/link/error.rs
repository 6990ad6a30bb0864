//! What is wrong with the words of `--link` and `--partition`.

use quorate_protocol::ReplicaId;

use crate::error::ParseError;

/// Why a rule for links cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} '{text}': {cause}")]
pub struct LinkError {
    /// What the text was to be.
    pub what: &'static str,
    /// Its first characters.
    pub text: String,
    /// What is wrong with it.
    pub cause: LinkCause,
}

/// What is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the error messages describe the variants")]
pub enum LinkCause {
    #[error(
        "a colon is missing: write whose messages, a colon and what happens, as in 'P->Q: delay 10ms'"
    )]
    NoColon,
    #[error("an arrow is missing: write P->Q for what P sends to Q, or P<->Q for both ways")]
    NoArrow,
    #[error(transparent)]
    Process(#[from] ParseError),
    #[error("a name is missing: write names on both sides, such as P+Q, or * for all processes")]
    NoName,
    #[error("process {0} is named twice: name it once")]
    Twice(ReplicaId),
    #[error("a process sends itself nothing: name another one on one side")]
    Itself,
    #[error("unknown kind of message '{word}': {instead}")]
    UnknownKind { word: String, instead: String },
    #[error("unknown effect '{word}': {instead}")]
    UnknownEffect { word: String, instead: String },
    #[error("'{effect}' is no effect: {expected}")]
    BadEffect {
        effect: String,
        expected: &'static str,
    },
    #[error("'{0}' is given twice: write it once")]
    EffectTwice(&'static str),
    #[error("'{0}' stands alone: leave it out, or leave the others out")]
    Alone(&'static str),
    #[error(
        "'@{0}' is no window of time: write times with their units, the earlier first, as in @2s-6s, @2s- or @-6s"
    )]
    BadWindow(String),
    #[error("a side is missing: write at least two sides, such as P+Q/R+S")]
    OneSide,
    #[error("there are {0} rules: use at most {most}", most = super::rule::MOST)]
    TooMany(usize),
}

impl LinkCause {
    /// The error of this text.
    pub(super) fn of(self, what: &'static str, text: &str) -> LinkError {
        LinkError {
            what,
            text: text.chars().take(80).collect(),
            cause: self,
        }
    }
}
