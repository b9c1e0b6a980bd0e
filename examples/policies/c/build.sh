#!/usr/bin/env bash
# Builds the policy: bash build.sh [COMPONENT]. Needs clang and wasm-ld (Debian: clang lld); no C library.
# Bindings and component are made by an example of policy-wasm/builder, which needs Rust; CORDON_COMPONENT names it where
# it has been built. `wit-bindgen c` and `wasm-tools component new` do the same.
set -euo pipefail
component="$(realpath -m "${1:-policy.wasm}")"
tool() { "${CORDON_COMPONENT:-../../../target/debug/examples/component}" "$@"; }
cd "$(dirname "$0")"
if [ -z "${CORDON_COMPONENT:-}" ]; then
    cargo build --quiet --locked --package cordon-policy-builder --example component --target-dir ../../../target
fi
mkdir -p generated
tool bindings ../../../wit generated
# The second line's warnings would be of generated code.
clang --target=wasm32 -std=c11 -O2 -ffreestanding -Wall -Wextra -Werror -Ilibc -Igenerated -c call_log.c -o generated/call_log.o
clang --target=wasm32 -std=c11 -O2 -ffreestanding -nostdlib -Ilibc -Igenerated -Wl,--no-entry -Wl,--strip-debug \
    json.c libc/libc.c generated/policy.c generated/call_log.o generated/policy_component_type.o -o generated/module.wasm
tool encode generated/module.wasm "$component"
