//! The component's exports.

use crate::Isolation;

cordon_policy_sdk::export_policy!(Isolation);
