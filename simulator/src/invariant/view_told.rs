//! The view told: a process tells its callers of no view that only liars claim.

use quorate_protocol::{ReplicaId, View};

/// The rule.
pub const RULE: &str =
    "rule 21: the view that a caller is told is one that a correct process has reached";

/// A caller was told of a view that no correct process has reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{by} tells a caller of view {}, and no correct process has reached more than view {}", .told.0, .reached.0)]
pub struct NobodysView {
    /// Who.
    pub by: ReplicaId,
    /// The view that it tells of.
    pub told: View,
    /// The highest view that a correct process has asked for or started.
    pub reached: View,
}

/// The highest view that a correct process has asked for or started.
#[derive(Debug, Default)]
pub struct ViewTold {
    reached: View,
}

impl ViewTold {
    /// A correct process asks for a view, or starts it.
    pub fn reached(&mut self, view: View) {
        self.reached = self.reached.max(view);
    }

    /// A correct process tells a caller of a view.
    ///
    /// # Errors
    /// No correct process has reached it.
    pub fn told(&self, by: ReplicaId, told: View) -> Result<(), NobodysView> {
        let reached = self.reached;
        if told <= reached {
            return Ok(());
        }
        Err(NobodysView { by, told, reached })
    }
}

#[cfg(test)]
mod tests {
    use quorate_protocol::{ReplicaId, View};

    use super::ViewTold;

    #[test]
    fn a_view_that_no_correct_process_has_reached_is_found() {
        let mut views = ViewTold::default();
        let own = ReplicaId(1);
        assert_eq!(views.told(own, View(0)), Ok(()));
        assert!(views.told(own, View(1)).is_err());
        views.reached(View(2));
        views.reached(View(1));
        assert_eq!(views.told(own, View(2)), Ok(()));
        assert!(views.told(own, View(3)).is_err());
    }
}
