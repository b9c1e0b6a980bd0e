#!/usr/bin/env bash
# Builds the policy: bash build.sh [COMPONENT]. Needs Node.js 20 or later and npm; the rest is installed here.
# With WASI=none the component imports nothing but the directory, and no operator has to allow anything.
set -euo pipefail
component="$(realpath -m "${1:-policy.wasm}")"
cd "$(dirname "$0")"
if [ ! -x node_modules/.bin/componentize-js ]; then
    npm install --no-audit --no-fund --no-package-lock --loglevel=error
fi
without=()
[ "${WASI:-}" = none ] && without=(--disable stdio random clocks http fetch-event)
node_modules/.bin/componentize-js policy.js --wit ../../../wit --world-name policy --out "$component" "${without[@]}"
