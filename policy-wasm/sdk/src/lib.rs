//! What the author of a policy links against: bindings, types, and a harness to test a policy natively.
