#!/usr/bin/env bash
# Lets schemathesis make up requests from the admin API's own OpenAPI document and send them to a real server over a
# SQLite directory. Any server error, any answer that the document does not have, and any request that is against the
# document and accepted all the same, is a failure.
# CORDON_SCHEMATHESIS_EXAMPLES is how many requests an operation gets in the phase that makes them up; without it 10.
set -euo pipefail
cd "$(dirname "$0")/.."

tool="$PWD/.tools/schemathesis/bin/schemathesis"
if [ ! -x "$tool" ]; then
    if [ -n "${CI:-}" ]; then
        echo "schemathesis is missing: bash tests/install-tools.sh installs it" >&2
        exit 1
    fi
    echo "skipped: bash tests/install-tools.sh installs schemathesis"
    exit 0
fi

cargo build --locked --quiet --workspace --example sample
server="${CARGO_TARGET_DIR:-$PWD/target}/debug/examples/sample"
folder="$(mktemp -d)"
"$server" "$folder" &
process=$!
trap 'cd /; kill "$process" 2>/dev/null || true; wait "$process" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 200); do
    [ -f "$folder/address" ] && break
    kill -0 "$process" || exit 1
    sleep 0.1
done
address="http://$(cat "$folder/address")"
token="$(cat "$folder/token")"

# What it notes for later goes where nobody looks for it.
cd "$folder"
"$tool" run "$address/openapi.json" \
    --header "Authorization: Bearer $token" \
    --phases coverage,fuzzing,stateful \
    --checks all \
    --exclude-checks positive_data_acceptance,ignored_auth,missing_required_header \
    --max-examples "${CORDON_SCHEMATHESIS_EXAMPLES:-10}" \
    --seed 1 --generation-deterministic --no-shrink --continue-on-failure \
    --suppress-health-check all --warnings off

# All of that is worth something only if the caller was somebody until the end.
python3 - "$address" "$token" <<'PYTHON'
import json, sys, urllib.request
request = urllib.request.Request(sys.argv[1] + "/me", headers={"Authorization": "Bearer " + sys.argv[2]})
me = json.load(urllib.request.urlopen(request))
assert me["login"] == "adam" and me["administrator"], me
PYTHON
