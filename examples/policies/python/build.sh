#!/usr/bin/env bash
# Builds the policy: bash build.sh [COMPONENT]. Needs Python 3.10 or later with venv; the rest is installed here.
# With WASI=none the component imports nothing but the directory, and no operator has to allow anything.
set -euo pipefail
component="$(realpath -m "${1:-policy.wasm}")"
cd "$(dirname "$0")"
if [ ! -x .venv/bin/componentize-py ]; then
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check componentize-py==0.25.1
fi
without=()
[ "${WASI:-}" = none ] && without=(--stub-wasi)
.venv/bin/componentize-py --quiet --wit-path ../../../wit --world policy componentize "${without[@]}" \
    --python-path src --output "$component" policy
