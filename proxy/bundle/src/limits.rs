//! How large a bundle may be. What is larger is refused before it is looked at, and while it is downloaded.

/// Of the manifest, in bytes.
pub const MANIFEST: usize = 64 << 10;

/// Of the component, in bytes.
pub const COMPONENT: usize = 64 << 20;

/// Of the rules, in bytes.
pub const RULES: usize = 4 << 20;

/// How many cases there may be.
pub const CASES: usize = 1_000;

/// Of one case, in bytes.
pub const CASE: usize = 1 << 20;

/// Of a case's file name, in bytes.
pub const CASE_NAME: usize = 90;

/// Of the whole archive, in bytes: a thousand cases may not all be as large as one may be.
pub const ARCHIVE: usize = 128 << 20;
