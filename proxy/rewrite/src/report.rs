//! What an editor did, for audit, metrics and `cordon see`. Nothing in it holds a value of the body but
//! [`Report::differences`], which is filled on request only.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::spec::Mask;

/// Distinct paths that [`PathCounts`] tells apart.
const PATHS: usize = 1000;
/// The path under which everything beyond is counted.
const REST: &str = "…";
/// Differences remembered at the most; the counts go on.
const DIFFERENCES: usize = 100_000;

/// What was done to a body so far; final after [`crate::Editor::finish`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// A sole record was dropped or never came: the caller must get the answer for a missing record (H36). Nothing
    /// came out of the editor.
    pub missing: bool,
    /// What became of the records of each set, by the set's index. Records inside dropped ones are not counted.
    pub sets: Vec<SetCount>,
    /// Values that an edit removed.
    pub removed: PathCounts,
    /// Values that an edit masked.
    pub masked: PathCounts,
    /// Values removed because nothing in the plan names them.
    pub unlisted: PathCounts,
    /// Each difference between body and output in the body's order, up to 100,000 of them. Empty without
    /// [`crate::Options::trace`].
    pub differences: Vec<Difference>,
    /// Whether the names in the body are those of markup, which are no values whatever marks they have.
    pub(crate) is_markup: bool,
}

/// What became of the records of one set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetCount {
    /// Records that passed.
    pub kept: u64,
    /// Records that did not.
    pub dropped: u64,
}

/// One difference between body and output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where in the body, such as `$.data[3].phone`.
    pub path: String,
    /// What happened there.
    pub kind: DifferenceKind,
}

/// What happened at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// A record was dropped.
    Dropped {
        /// Its set.
        set: u32,
        /// Its keys as the judge saw them, for people to read.
        values: Vec<String>,
    },
    /// An edit removed it.
    Removed,
    /// An edit masked it.
    Masked {
        /// What took its place. Two masks may show more and less of a value.
        by: Mask,
    },
    /// Nothing in the plan names it.
    Unlisted,
    /// A total was replaced.
    Recounted,
}

/// Counts by path pattern.
///
/// Array indices are `[*]`. A member name that does not look like an identifier (a letter or `_`, then letters,
/// digits, `_` and `-`, 64 at the most) is `*`, since such names are often values. After 1000 distinct paths the rest
/// is counted under `…`.
#[derive(Clone, Debug, Default)]
pub struct PathCounts {
    counts: SmallVec<[(Arc<str>, u64); 4]>,
    /// Where paths are in `counts`, once there are many of them.
    places: HashMap<Arc<str>, usize>,
}

/// Up to so many paths are looked through.
const FEW: usize = 16;

impl PathCounts {
    /// Paths and counts, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let mut counts: Vec<(&str, u64)> =
            self.counts.iter().map(|(path, count)| (&**path, *count)).collect();
        counts.sort_unstable();
        counts.into_iter()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The sum over all paths.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// The count of one path.
    #[must_use]
    pub fn get(&self, path: &str) -> u64 {
        self.find(path).map_or(0, |place| self.counts[place].1)
    }

    pub(crate) fn add(&mut self, path: &str) {
        let place = self.place(path);
        self.add_several_at(place, 1);
    }

    /// Counts several values of a path, whose text is not copied.
    pub(crate) fn add_shared(&mut self, path: &Arc<str>, count: u64) {
        let place = self.find(path).unwrap_or_else(|| self.insert(|| Arc::clone(path)));
        self.add_several_at(place, count);
    }

    /// The place at which a path is counted.
    pub(crate) fn place(&mut self, path: &str) -> usize {
        self.find(path).unwrap_or_else(|| self.insert(|| path.into()))
    }

    fn find(&self, path: &str) -> Option<usize> {
        if self.places.is_empty() {
            return self.counts.iter().position(|(other, _)| **other == *path);
        }
        self.places.get(path).copied()
    }

    /// The place of a path that has none yet.
    fn insert(&mut self, path: impl FnOnce() -> Arc<str>) -> usize {
        let path = if self.counts.len() < PATHS { path() } else { REST.into() };
        if let Some(rest) = self.find(&path) {
            return rest;
        }
        self.counts.push((path, 0));
        let place = self.counts.len() - 1;
        if place >= FEW {
            let from = if self.places.is_empty() { 0 } else { place };
            self.places.extend(
                (from..).zip(&self.counts[from..]).map(|(place, (path, _))| (Arc::clone(path), place)),
            );
        }
        place
    }

    /// Counts several values at a place.
    pub(crate) fn add_several_at(&mut self, place: usize, count: u64) {
        self.counts[place].1 += count;
    }
}

impl PartialEq for PathCounts {
    fn eq(&self, other: &PathCounts) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for PathCounts {}

impl Report {
    /// A total that was to be replaced was removed instead.
    pub(crate) fn give_up_total(&mut self, path: &str) {
        let total = |difference: &&mut Difference| {
            difference.kind == DifferenceKind::Recounted && difference.path == path
        };
        if let Some(difference) = self.differences.iter_mut().rev().find(total) {
            difference.kind = DifferenceKind::Removed;
        }
    }

    pub(crate) fn new(sets: usize) -> Report {
        Report { sets: vec![SetCount::default(); sets], ..Report::default() }
    }

    /// Whether all differences are remembered.
    pub(crate) fn is_whole(&self) -> bool {
        self.differences.len() < DIFFERENCES
    }

    pub(crate) fn difference(&mut self, path: &str, kind: DifferenceKind) {
        if self.differences.len() < DIFFERENCES {
            self.differences.push(Difference { path: path.to_owned(), kind });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_bounded() {
        let mut counts = PathCounts::default();
        for number in 0..3 * PATHS {
            counts.add(&format!("$.a{number}"));
        }
        assert_eq!(counts.iter().count(), PATHS + 1);
        assert_eq!(counts.get(REST), 2 * PATHS as u64);
        assert_eq!(counts.total(), 3 * PATHS as u64);
    }
}
