//! What is explored.

use std::fmt;

use quorate_protocol::{ClusterId, Config, Quorum, ReplicaId};

/// The bounds of an exploration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    /// Who is Byzantine.
    pub(crate) byzantine: ReplicaId,
    /// The last view: how many view changes there can be.
    pub(crate) views: u64,
    /// Whether it has crashed before it said anything.
    pub(crate) crashed: bool,
    /// How many silent steps there can be before a loud one; none for an exploration without that reduction, where each
    /// step is a move.
    pub(crate) silent_steps: Option<usize>,
    /// The engine's bug.
    #[cfg(feature = "mutants")]
    pub(crate) mutant: Option<quorate_protocol::Mutant>,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.crashed { "crashed" } else { "Byzantine" };
        write!(f, "{} {how}, view changes: {}", self.byzantine, self.views)?;
        if self.silent_steps.is_none() {
            f.write_str(", step by step")?;
        }
        #[cfg(feature = "mutants")]
        if let Some(mutant) = self.mutant {
            write!(f, ", {mutant}")?;
        }
        Ok(())
    }
}

impl Scope {
    pub(crate) const fn new(byzantine: u32, views: u64) -> Self {
        Self {
            byzantine: ReplicaId(byzantine),
            views,
            crashed: false,
            silent_steps: Some(3),
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    /// The Byzantine replica says nothing at all.
    pub(crate) const fn crashed(mut self) -> Self {
        self.crashed = true;
        self
    }

    /// With at most so many silent steps before a loud one.
    pub(crate) const fn silent_steps(mut self, most: usize) -> Self {
        self.silent_steps = Some(most);
        self
    }

    /// Without that reduction.
    pub(crate) const fn step_by_step(mut self) -> Self {
        self.silent_steps = None;
        self
    }

    /// With a bug in the engine.
    #[cfg(feature = "mutants")]
    pub(crate) const fn with(mut self, mutant: quorate_protocol::Mutant) -> Self {
        self.mutant = Some(mutant);
        self
    }

    pub(crate) const fn cluster(self) -> ClusterId {
        ClusterId([5; 32])
    }

    pub(crate) fn config(self, replica: ReplicaId, quorum: Quorum) -> Config {
        #[cfg_attr(
            not(feature = "mutants"),
            expect(unused_mut, reason = "as with the feature")
        )]
        let mut config = Config::new(replica, quorum);
        #[cfg(feature = "mutants")]
        {
            config.mutant = self.mutant;
        }
        config
    }
}
