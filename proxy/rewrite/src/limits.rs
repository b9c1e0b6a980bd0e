//! What an editor may hold and how much it may be asked to read at once (H26).

/// Limits enforced while a body streams, each with its own [`crate::Limit`]. Sizes are in bytes of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nesting depth of containers.
    pub depth: usize,
    /// Length of a member name, as it stands between its quotes.
    pub name: usize,
    /// Length of a string, as it stands between its quotes.
    pub string: usize,
    /// Length of a number.
    pub number: usize,
    /// Size of a record, which is held until it is judged (H27).
    pub record: usize,
    /// Bytes held back for a total that stands before its records, for a sole record, or for a mask outside records.
    /// White space between two tokens may not be longer either.
    pub held: usize,
    /// Member names remembered at one time to find duplicates (H22), over all objects that are open.
    pub members: usize,
    /// Bytes that masks may make for each byte of the body that has been read, beside 64 KiB: what a body can grow by.
    pub expansion: usize,
    /// Records judged in one call.
    pub batch_records: usize,
    /// Size of the records that wait for one call.
    pub batch_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth: 128,
            name: 64 << 10,
            string: 1 << 20,
            number: 1 << 10,
            record: 1 << 20,
            held: 1 << 20,
            members: 100_000,
            expansion: 16,
            batch_records: 256,
            batch_bytes: 64 << 10,
        }
    }
}

/// What an editor needs beside its plan.
#[derive(Clone, Default)]
pub struct Options {
    /// What may be held and read.
    pub limits: Limits,
    /// The key of [`crate::Mask::Hash`]: one for each scope, so that hashes cannot be compared between scopes (H37).
    pub hash_key: [u8; 32],
    /// Whether [`crate::Report::differences`] is filled. It costs memory for every difference.
    pub trace: bool,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key stays out of logs (H42).
        formatter
            .debug_struct("Options")
            .field("limits", &self.limits)
            .field("trace", &self.trace)
            .finish_non_exhaustive()
    }
}
