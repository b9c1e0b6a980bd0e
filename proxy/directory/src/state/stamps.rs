//! When what was last changed, so that what was made of it can be kept until then.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the changes of all directories of the process: two versions that went different ways must not share a number.
static STAMPS: AtomicU64 = AtomicU64::new(1);

/// A number that nothing had before, greater than all that there were.
pub(super) fn next() -> u64 {
    STAMPS.fetch_add(1, Ordering::Relaxed)
}

const SIDE: usize = 64;

/// When something of a name was last changed, for any number of names in 32 KiB: names share 4,096 places, so that a
/// stamp may be newer than the last change of its name, and never older. A copy shares what it does not change.
///
/// Stamps along the versions of one directory only grow, and no two changes have the same. So where two versions have
/// the same stamp for a name, both come from the change that it is of, and nothing of that name has changed since. The
/// same holds for the newest of several stamps.
#[derive(Clone)]
pub(super) struct Stamps(Arc<[Arc<[u64; SIDE]>; SIDE]>);

impl Stamps {
    /// All changed at once, now.
    pub(super) fn new() -> Stamps {
        let row = Arc::new([next(); SIDE]);
        Stamps(Arc::new(std::array::from_fn(|_| Arc::clone(&row))))
    }

    /// Of a name of a kind.
    pub(super) fn get(&self, kind: &str, name: &str) -> u64 {
        let (row, column) = place(kind, name);
        self.0[row][column]
    }

    /// The name of a kind changes with this stamp, the newest.
    pub(super) fn set(&mut self, kind: &str, name: &str, stamp: u64) {
        let (row, column) = place(kind, name);
        Arc::make_mut(&mut Arc::make_mut(&mut self.0)[row])[column] = stamp;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "which bits of a hash are taken does not matter")]
fn place(kind: &str, name: &str) -> (usize, usize) {
    let mut hasher = DefaultHasher::new();
    (kind, name).hash(&mut hasher);
    let hash = hasher.finish() as usize;
    (hash % SIDE, hash / SIDE % SIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_its_stamps_and_no_two_changes_share_one() {
        let before = Stamps::new();
        let (mut left, mut right) = (before.clone(), before.clone());
        left.set("queue", "7", next());
        right.set("queue", "7", next());
        assert!(before.get("queue", "7") < left.get("queue", "7"));
        assert!(left.get("queue", "7") < right.get("queue", "7"));
        let others = (0..10_000).map(|number| number.to_string());
        let same = others.filter(|name| before.get("list", name) == left.get("list", name)).count();
        assert!(same > 9_900, "{same}");
    }
}
