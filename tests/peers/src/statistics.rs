//! Medians and spreads of a few rounds.

use serde::Serialize;

/// A figure over the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The smallest.
    pub least: f64,
    /// The one in the middle; of an even number the mean of two.
    pub median: f64,
    /// The largest.
    pub most: f64,
}

impl Spread {
    /// Of figures in any order; none of none.
    pub fn of(figures: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let median = if figures.len().is_multiple_of(2) {
            f64::midpoint(*figures.get(middle.checked_sub(1)?)?, *figures.get(middle)?)
        } else {
            figures[middle]
        };
        Some(Spread { least: *figures.first()?, median, most: *figures.last()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found_in_any_order() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[3.0]), Some(Spread { least: 3.0, median: 3.0, most: 3.0 }));
        assert_eq!(spread(&[9.0, 1.0, 4.0]), Some(Spread { least: 1.0, median: 4.0, most: 9.0 }));
        assert_eq!(spread(&[9.0, 1.0, 4.0, 2.0]), Some(Spread { least: 1.0, median: 3.0, most: 9.0 }));
    }
}
