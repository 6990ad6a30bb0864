//! Medians, shares, and how sure they are.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// How many samples are drawn for an interval.
const SAMPLES: usize = 2000;
/// 97.5 % of a normal distribution lie below so many standard deviations.
const Z: f64 = 1.959_963_985;

/// A value with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Where the interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

/// The value below which this share (0 to 1) of the values lies, interpolated between neighbours. `None` if there are none.
#[must_use]
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    of_sorted(&sorted, share)
}

/// The median. `None` if there are no values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The arithmetic mean. `None` if there are no values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values.len()))
}

/// The median with its bootstrap interval (Efron 1979, percentiles): what the medians of 2000 samples with replacement come to.
/// The dice are always the same, so that the same values have the same interval. `None` if there are no values.
#[must_use]
pub fn median_interval(values: &[f64]) -> Option<Estimate> {
    bootstrap(values, median)
}

/// The mean with its bootstrap interval. `None` if there are no values.
#[must_use]
pub fn mean_interval(values: &[f64]) -> Option<Estimate> {
    bootstrap(values, mean)
}

fn bootstrap(values: &[f64], of: fn(&[f64]) -> Option<f64>) -> Option<Estimate> {
    let value = of(values)?;
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    let mut sample = vec![0.0; values.len()];
    let mut seen: Vec<f64> = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        for one in &mut sample {
            *one = values[below(&mut dice, values.len())];
        }
        seen.extend(of(&sample));
    }
    seen.sort_by(f64::total_cmp);
    Some(Estimate {
        value,
        low: of_sorted(&seen, 0.025)?,
        high: of_sorted(&seen, 0.975)?,
    })
}

/// A share with its Wilson interval (Wilson 1927): right for few runs and for shares near 0 and 1 too. `None` if there are none at all.
#[must_use]
pub fn share(of: usize, all: usize) -> Option<Estimate> {
    if all == 0 {
        return None;
    }
    let (n, value) = (count(all), count(of) / count(all));
    let middle = value + Z * Z / (2.0 * n);
    let width = Z * (value * (1.0 - value) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    Some(Estimate {
        value,
        low: ((middle - width) / whole).clamp(0.0, value),
        high: ((middle + width) / whole).clamp(value, 1.0),
    })
}

/// The slope of the straight line that is nearest to the points (least squares). `None` if all have one x.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let xs: Vec<f64> = points.iter().map(|point| point.0).collect();
    let ys: Vec<f64> = points.iter().map(|point| point.1).collect();
    let (x, y) = (mean(&xs)?, mean(&ys)?);
    let spread: f64 = xs.iter().map(|one| (one - x) * (one - x)).sum();
    let together: f64 = points
        .iter()
        .map(|(one, other)| (one - x) * (other - y))
        .sum();
    (spread > 0.0).then(|| together / spread)
}

fn of_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * count(last);
    let below = index(place.floor(), last);
    let above = index(place.ceil(), last);
    let (low, high) = (sorted[below], sorted[above]);
    Some((high - low).mul_add(place - place.floor(), low))
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 runs")]
const fn count(number: usize) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the place is between 0 and the last index"
)]
fn index(place: f64, last: usize) -> usize {
    (place.max(0.0) as usize).min(last)
}

fn below(dice: &mut ChaCha8Rng, limit: usize) -> usize {
    let wide = u128::from(dice.next_u64()) * limit as u128;
    usize::try_from(wide >> 64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{mean, median, median_interval, quantile, share, slope};

    #[test]
    fn quantiles_lie_between_neighbours_and_nothing_has_none() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(median(&values), Some(2.5));
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 1.0), Some(4.0));
        assert_eq!(mean(&values), Some(2.5));
        assert_eq!((median(&[]), mean(&[])), (None, None));
    }

    #[test]
    fn an_interval_of_the_median_holds_it_is_narrow_for_like_values_and_is_the_same_each_time() {
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        let interval = median_interval(&values).unwrap();
        assert!((interval.value - 19.5).abs() < 1e-9);
        assert!(
            interval.low < interval.value && interval.value < interval.high,
            "{interval:?}"
        );
        assert!(
            interval.low > 10.0 && interval.high < 30.0,
            "order statistics 13 and 26 bound it: {interval:?}"
        );
        assert_eq!(median_interval(&values), Some(interval));
        let same = median_interval(&[7.0; 10]).unwrap();
        assert_eq!((same.low, same.high), (7.0, 7.0));
    }

    #[test]
    fn wilson_intervals_are_as_in_the_tables() {
        let half = share(5, 10).unwrap();
        assert!(
            (half.low - 0.2366).abs() < 1e-4 && (half.high - 0.7634).abs() < 1e-4,
            "{half:?}"
        );
        let none = share(0, 10).unwrap();
        assert_eq!((none.value, none.low), (0.0, 0.0));
        assert!((none.high - 0.2775).abs() < 1e-4, "{none:?}");
        assert_eq!(share(10, 10).unwrap().high, 1.0);
        assert_eq!(share(0, 0), None);
    }

    #[test]
    fn the_slope_of_a_line_is_found() {
        let points = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)];
        assert!((slope(&points).unwrap() - 2.0).abs() < 1e-9);
        assert_eq!(slope(&[(1.0, 1.0), (1.0, 2.0)]), None);
    }
}
