//! What is left out of a diagram that has too much.

use std::time::Duration;

use crate::item::Arrow;

/// Arrows left out, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// When the first of them was sent.
    pub(crate) at: Duration,
    /// How many there are.
    pub(crate) arrows: usize,
}

/// The important arrows and, up to `most` in all, the first of the others, by the time at which they are sent; and what
/// is left out between them.
pub(crate) fn cut(mut arrows: Vec<Arrow>, most: usize) -> (Vec<Arrow>, Vec<Gap>) {
    arrows.sort_by_key(|arrow| arrow.sent);
    let important = arrows.iter().filter(|arrow| arrow.important).count();
    let mut room = most.saturating_sub(important);
    let (mut kept, mut gaps) = (Vec::new(), Vec::<Gap>::new());
    let mut in_gap = false;
    for arrow in arrows {
        let keep = arrow.important || room > 0;
        if keep {
            room -= usize::from(!arrow.important);
            kept.push(arrow);
        } else if let Some(gap) = gaps.last_mut().filter(|_| in_gap) {
            gap.arrows += 1;
        } else {
            gaps.push(Gap {
                at: arrow.sent,
                arrows: 1,
            });
        }
        in_gap = !keep;
    }
    (kept, gaps)
}

#[cfg(test)]
mod tests {
    use super::{Gap, cut};
    use crate::item::Arrow;
    use std::time::Duration;

    fn arrow(sent: u64) -> Arrow {
        Arrow::new("a", "b", sent.to_string(), Duration::from_millis(sent))
    }

    fn labels(arrows: &[Arrow]) -> Vec<&str> {
        arrows.iter().map(|arrow| arrow.label.as_str()).collect()
    }

    #[test]
    fn the_first_arrows_and_all_important_ones_are_kept_and_the_gaps_are_told() {
        let mut arrows: Vec<Arrow> = (0..8).map(arrow).collect();
        arrows[5].important = true;
        arrows.reverse();
        let (kept, gaps) = cut(arrows, 3);
        assert_eq!(labels(&kept), ["0", "1", "5"]);
        let gap = |at, arrows| Gap {
            at: Duration::from_millis(at),
            arrows,
        };
        assert_eq!(gaps, [gap(2, 3), gap(6, 2)]);
    }

    #[test]
    fn important_arrows_are_kept_beyond_the_limit() {
        let arrows: Vec<Arrow> = (0..4).map(|at| arrow(at).important(true)).collect();
        let (kept, gaps) = cut(arrows, 1);
        assert_eq!((kept.len(), gaps.len()), (4, 0));
    }
}
