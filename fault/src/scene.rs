//! What a process takes part in. A behaviour needs one of these.

use std::fmt;

/// What a process takes part in, each with all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scene {
    /// The order of requests, as every process of every cluster.
    Order,
    /// A gathering: offers, an agreement, and what was agreed.
    Gathering,
    /// The founding: it looks for others, and has no cluster yet.
    Founding,
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Order => "orders requests",
            Self::Gathering => "makes offers and bids by itself",
            Self::Founding => "looks for others when it starts",
        })
    }
}
