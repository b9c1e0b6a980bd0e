//! What `wit-bindgen` makes of `wit/policy.wit`. Policies use [`crate::types`] and [`crate::export_policy`] instead.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::cast_possible_truncation,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::unwrap_used,
    clippy::undocumented_unsafe_blocks,
    reason = "generated: the canonical ABI moves values through linear memory by hand"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "policy",
    pub_export_macro: true,
    export_macro_name: "export_bindings",
    default_bindings_module: "cordon_policy_sdk::bindings",
    additional_derives: [PartialEq, Eq, Hash],
    generate_unused_types: true,
});
