//! Compiles a policy crate to a WebAssembly component.
