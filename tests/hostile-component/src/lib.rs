//! The misbehaving policy of `tests/hostile` as a component.

/// The component; its rules are the name of a behaviour.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"));
