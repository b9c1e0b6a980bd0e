//! The default policy as a component, built with the host.

/// The component of `policy-wasm/isolation`: `cordon:policy@0.2`, without its rules.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"));
