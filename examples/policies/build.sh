#!/usr/bin/env bash
# Builds the example policies into .tools/policies, those whose sources have changed: bash build.sh [LANGUAGE…]
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
root="$(cd "$here/../.." && pwd)"
kept="$root/.tools/policies"
mkdir -p "$kept"
[ $# -gt 0 ] || set -- rust c javascript python

# What a component is made from: the policy's own files, and the contract.
sources() {
    cd "$root"
    local also=(wit/policy.wit)
    case "$1" in
        rust) also+=(policy-wasm/sdk/src policy-wasm/builder/src Cargo.lock) ;;
        c) also+=(policy-wasm/builder/src policy-wasm/builder/examples) ;;
    esac
    find "examples/policies/$1" "${also[@]}" -type f ! -path '*/node_modules/*' ! -path '*/.venv/*' \
        ! -path '*/generated/*' ! -path '*/__pycache__/*' ! -name '*.wasm' -print0 |
        sort -z | xargs -0 sha256sum | sha256sum
}

for language in "$@"; do
    now="$(sources "$language")"
    if [ ! -f "$kept/$language.wasm" ] || [ "$(cat "$kept/$language.sources" 2>/dev/null)" != "$now" ]; then
        bash "$here/$language/build.sh" "$kept/$language.wasm"
        echo "$now" >"$kept/$language.sources"
    fi
done
