#!/usr/bin/env bash
# Builds the policy: bash build.sh [COMPONENT]. Needs Rust; the target for Wasm is installed if rustup is there.
# The component is made by an example of policy-wasm/builder; CORDON_COMPONENT names it where it has been built.
set -euo pipefail
component="$(realpath -m "${1:-policy.wasm}")"
cd "$(dirname "$0")"
if [ -z "${CORDON_COMPONENT:-}" ]; then
    cargo build --quiet --locked --package cordon-policy-builder --example component --target-dir ../../../target
fi
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-../../../target}"
"${CORDON_COMPONENT:-../../../target/debug/examples/component}" crate . "$component"
