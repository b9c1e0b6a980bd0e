//! End to end: harness, corpora, real backends, hostile policies.
