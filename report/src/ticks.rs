//! Where an axis has its numbers.

use crate::chart::Scale;

/// How many numbers an axis has, about.
const WANTED: f64 = 6.0;

/// Round numbers from a little below the least to a little above the most. With a logarithmic scale they are powers of ten and, where
/// these are few, their doubles and fivefolds.
pub(crate) fn ticks(least: f64, most: f64, scale: Scale) -> Vec<f64> {
    match scale {
        Scale::Linear => linear(least, most),
        Scale::Log => logarithmic(least, most),
    }
}

fn linear(least: f64, most: f64) -> Vec<f64> {
    let span = if most > least {
        most - least
    } else {
        most.abs().max(1.0)
    };
    let rough = span / WANTED;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps
        .into_iter()
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    let (first, last) = ((least / step).floor(), (most / step).ceil());
    let mut all = Vec::new();
    let mut place = first;
    while place <= last {
        all.push(place * step);
        place += 1.0;
    }
    if all.len() < 2 {
        all.push((last + 1.0) * step);
    }
    all
}

fn logarithmic(least: f64, most: f64) -> Vec<f64> {
    let (first, last) = (least.log10().floor(), most.log10().ceil());
    let factors: &[f64] = if last - first <= 3.0 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let mut all = Vec::new();
    let mut power = first;
    while power <= last {
        all.extend(factors.iter().map(|factor| factor * 10_f64.powf(power)));
        power += 1.0;
    }
    // One below the least and one above the most are enough.
    let below = all.iter().filter(|tick| **tick <= least).count();
    all.drain(..below.saturating_sub(1));
    let above = all
        .iter()
        .position(|tick| *tick >= most)
        .unwrap_or(all.len());
    all.truncate((above + 1).max(2));
    all
}

/// A number as an axis shows it.
pub(crate) fn label(number: f64) -> String {
    let size = number.abs();
    if size >= 1e6 {
        format!("{} M", plain(number / 1e6))
    } else if size >= 1e4 {
        format!("{} k", plain(number / 1e3))
    } else {
        plain(number)
    }
}

fn plain(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{label, ticks};
    use crate::chart::Scale;

    #[test]
    fn ticks_are_round_and_hold_all() {
        assert_eq!(
            ticks(0.0, 23.0, Scale::Linear),
            [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
        );
        assert_eq!(ticks(5.0, 5.0, Scale::Linear).len(), 2);
        let log = ticks(3.0, 900.0, Scale::Log);
        assert_eq!(log.first(), Some(&2.0));
        assert_eq!(log.last(), Some(&1000.0));
        let decades = ticks(1.0, 1e6, Scale::Log);
        assert_eq!(decades.len(), 7);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [0.0, 0.5, 24.0, 9300.0, 12_000.0, 2.5e6].map(label),
            ["0", "0.5", "24", "9300", "12 k", "2.5 M"]
        );
    }
}
