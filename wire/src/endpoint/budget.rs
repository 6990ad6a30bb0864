//! Limits the memory of all bodies together. Each body may be large, and there are many connections.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The budget counts pieces of this many bytes.
const PIECE: usize = 1024;

/// The budget of all bodies of an endpoint.
#[derive(Clone)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        let pieces = bytes.div_ceil(PIECE).min(Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(pieces)))
    }

    /// A share for one body. It begins empty.
    pub(super) fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            taken: None,
        }
    }
}

/// The memory of one body. Dropping it returns the memory to the budget.
pub(super) struct Share {
    budget: Budget,
    taken: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Grows the share to this many bytes. Returns false if the budget is used up.
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        let taken = self
            .taken
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.div_ceil(PIECE).saturating_sub(taken);
        let Ok(missing) = u32::try_from(missing) else {
            return false;
        };
        let Ok(more) = Arc::clone(&self.budget.0).try_acquire_many_owned(missing) else {
            return false;
        };
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, PIECE};

    #[test]
    fn shares_use_the_budget_until_they_are_dropped() {
        let budget = Budget::new(3 * PIECE);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(first.grow(1) && first.grow(PIECE) && first.grow(PIECE + 1));
        assert!(second.grow(PIECE) && !second.grow(PIECE + 1) && !second.grow(usize::MAX));
        assert!(!first.grow(2 * PIECE + 1));
        drop(first);
        assert!(second.grow(3 * PIECE) && !budget.share().grow(1));
    }
}
