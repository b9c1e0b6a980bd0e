//! The call logs that everybody is measured on: those of 3, 30, 300 and 3000 entries.

use cordon_editor_bench::calls;

/// A call log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// How it is called in tables.
    pub name: &'static str,
    /// The file that the backend serves.
    pub file: &'static str,
    /// How many entries it has.
    pub entries: u32,
}

/// Choices by which one of the three entries of the smallest log is kept.
const SEED: u64 = 8;

/// From small to large.
pub const SIZES: [Size; 4] = [
    Size { name: "1.7 KB", file: "calls-3", entries: 3 },
    Size { name: "17 KB", file: "calls-30", entries: 30 },
    Size { name: "171 KB", file: "calls-300", entries: 300 },
    Size { name: "1.7 MB", file: "calls-3000", entries: 3000 },
];

impl Size {
    /// The document, the same in every run.
    pub fn body(self) -> Vec<u8> {
        calls::json_from(SEED, self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_have_the_sizes_that_they_are_called_by() {
        let lengths = SIZES.map(|size| size.body().len());
        for (length, about) in lengths.into_iter().zip([1_700, 17_000, 171_000, 1_720_000]) {
            assert!(length.abs_diff(about) * 20 < about, "{length} is not about {about}");
        }
    }
}
