//! What is measured: rounds of the exchange, or operations on the store.

use crate::bench::operations::Load;
use crate::bench::round::Rounds;
use crate::options::BenchOptions;
use crate::target::Target;

/// What is measured.
pub(crate) enum Work<'a> {
    /// Whole exchanges.
    Rounds(Rounds<'a>),
    /// Operations on the store.
    Operations(Load<'a>),
}

impl<'a> Work<'a> {
    pub(crate) fn new(target: &'a Target, options: &BenchOptions) -> Self {
        match options.operations {
            None => Self::Rounds(Rounds::new(target)),
            Some(_) => Self::Operations(Load::new(target, options)),
        }
    }

    /// One call or round of one client, counted from 0.
    pub(crate) async fn step(&self, client: u64, number: u64) -> anyhow::Result<()> {
        match self {
            Self::Rounds(rounds) => rounds
                .run_next()
                .await
                .map_err(|failed| failed.into_error()),
            Self::Operations(load) => load.run(client, number).await,
        }
    }

    /// Whether what was acknowledged is there, once nothing is under way.
    ///
    /// # Errors
    /// Something is lost.
    pub(crate) async fn check(&self) -> anyhow::Result<()> {
        match self {
            // Each round judges itself.
            Self::Rounds(_) => Ok(()),
            Self::Operations(load) => load.check().await,
        }
    }

    /// One that is not measured. The store gets the key that the client will read and write.
    pub(crate) async fn prepare(&self, client: u64) -> anyhow::Result<()> {
        match self {
            Self::Rounds(_) => self.step(client, 0).await,
            Self::Operations(load) => load.write(client).await,
        }
    }
}
