//! Votes that decide nothing.

use super::{Commit, Prepare};
use crate::signature::Signed;

/// A vote that would decide nothing, as [`Replica::surplus`](crate::Replica::surplus) has found. Its signature may be false.
#[derive(Clone, Debug)]
pub struct Surplus(pub(crate) Unchecked);

/// A vote whose signature nobody has checked.
#[derive(Clone, Debug)]
pub(crate) enum Unchecked {
    Prepare(Signed<Prepare>),
    Commit(Signed<Commit>),
}
