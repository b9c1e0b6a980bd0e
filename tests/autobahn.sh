#!/usr/bin/env bash
# Runs the Autobahn test suite (https://github.com/crossbario/autobahn-testsuite) through a `cordon serve`, from both
# sides: its fuzzing client asks an echo server behind Cordon, and a client asks its fuzzing server behind Cordon. Takes
# some ten minutes. What it needs of Python is set up in the folder that is named, `autobahn` if none is, and reports go
# there.
#
#   bash tests/autobahn.sh [FOLDER]        CORDON is the command to test, target/release/cordon if it is not set
#                                          PYTHON2 is Python 2.7, which the suite is written in
#                                          CASES are those that are run, all if it is not set, such as '1.* 2.*'
#
# Compression is not asked about: Cordon refuses the extension, so that those cases test nothing. Fails if a case fails,
# or none was run.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-autobahn}" && cd "${1:-autobahn}" && pwd)
cordon=$(realpath "${CORDON:-target/release/cordon}")
read -ra cases <<<"${CASES:-*}"
python2=${PYTHON2:-$(command -v python2.7 || true)}
[ -n "$python2" ] && "$python2" -c 'import sys; assert sys.version_info[:2] == (2, 7)' 2>/dev/null || {
    echo "Python 2.7 is missing: install it, by pyenv for example, and name it by PYTHON2"
    exit 1
}

# The last virtualenv that makes environments of Python 2 makes this one.
[ -x "$out/tools/bin/virtualenv" ] || {
    python3 -m venv "$out/tools"
    "$out/tools/bin/pip" install --quiet 'virtualenv==20.15.1' 'websockets>=14,<17'
}
[ -x "$out/suite/bin/wstest" ] || {
    "$out/tools/bin/virtualenv" --quiet --python "$python2" "$out/suite"
    "$out/suite/bin/pip" install --quiet --disable-pip-version-check 'autobahntestsuite==25.10.1' 2>/dev/null
}

work=$(mktemp -d)
started=()
stop() {
    for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
    started=()
}
trap 'stop; rm -rf "$work"' EXIT

# An echo for the suite's client, and what the suite's server asks its clients for.
{
    printf 'name = "autobahn"\nversion = "1"\nformat = "json"\n'
    for route in 'echo:[]:request = "pass"' 'runCase:["case", "agent"]:request = "pass"' 'getCaseCount:[]:' \
        'updateReports:["agent"]:'; do
        IFS=: read -r path query request <<<"$route"
        printf '[[route]]\nname = "%s"\npath = "/%s"\nsection = "any"\nquery = %s\nwebsocket = true\n%s\n' \
            "$path" "$path" "$query" "$request"
        printf 'response = "pass"\nunfiltered = "a server that tests"\n'
    done
} >"$work/rules.toml"
token=a-token-of-the-suite
hash=$(printf %s "$token" | sha256sum | cut -d' ' -f1)
cat >"$work/directory.toml" <<TOML
security = "enhanced"
[[project]]
id = "one"
name = "One"
[[role]]
name = "Operator"
sections = ["calls"]
[[user]]
login = "suite"
projects = ["one"]
roles = ["Operator"]
tokens = ["sha256:$hash"]
TOML

# before PORT: a Cordon on 18781 before what listens on PORT.
before() {
    cat >"$work/cordon.toml" <<TOML
[listen]
address = "127.0.0.1:18781"
[backend]
url = "http://127.0.0.1:$1"
[policy]
rules = "rules.toml"
[directory]
file = "directory.toml"
[identity]
query_parameter = "api_token"
[websocket]
client_message_bytes = 16777216
backend_message_bytes = 16777216
TOML
    (cd "$work" && exec "$cordon" serve) 2>"$out/cordon.log" &
    started+=($!)
    for _ in $(seq 300); do
        grep -q '"message":"serving"' "$out/cordon.log" && (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    echo "it does not serve: see $out/cordon.log"
    exit 1
}

listed=$(printf ', "%s"' "${cases[@]}")
listed="[${listed:2}]"
left_out='["12.*", "13.*"]'
rm -rf "$out/reports"

"$out/suite/bin/wstest" -m echoserver -w ws://127.0.0.1:18782 -u 0 >"$out/echoserver.log" 2>&1 &
started+=($!)
before 18782
cat >"$work/client.json" <<JSON
{"outdir": "$out/reports/requests", "cases": $listed, "exclude-cases": $left_out, "exclude-agent-cases": {},
 "servers": [{"agent": "Cordon", "url": "ws://127.0.0.1:18781/echo?api_token=$token"}]}
JSON
timeout 1800 "$out/suite/bin/wstest" -m fuzzingclient -s "$work/client.json" >"$out/fuzzingclient.log" 2>&1 ||
    echo "the suite's client ended early: see $out/fuzzingclient.log"
stop
sleep 1

cat >"$work/server.json" <<JSON
{"url": "ws://127.0.0.1:18783", "outdir": "$out/reports/answers", "cases": $listed, "exclude-cases": $left_out,
 "exclude-agent-cases": {}}
JSON
"$out/suite/bin/wstest" -m fuzzingserver -s "$work/server.json" -u 0 >"$out/fuzzingserver.log" 2>&1 &
started+=($!)
before 18783
timeout 1800 "$out/tools/bin/python" - "$token" >"$out/client.log" 2>&1 <<'PYTHON' || echo "the client ended early: see $out/client.log"
import asyncio, sys, websockets

def connect(path):
    return websockets.connect("ws://127.0.0.1:18781" + path, compression=None, max_size=None, ping_interval=None,
        additional_headers={"Authorization": "Bearer " + sys.argv[1]}, open_timeout=20, close_timeout=5)

async def main():
    async with connect("/getCaseCount") as socket:
        count = int(await socket.recv())
    for case in range(1, count + 1):
        try:
            async with connect(f"/runCase?case={case}&agent=Cordon") as socket:
                async for message in socket:
                    await socket.send(message)
        except websockets.exceptions.ConnectionClosed as closed:
            print(case, closed)
    async with connect("/updateReports?agent=Cordon") as socket:
        async for _ in socket:
            pass

asyncio.run(main())
PYTHON
stop

python3 - "$out/reports" <<'PYTHON' | tee "$out/summary.txt"
import collections, json, pathlib, sys
failed = False
for side in "requests", "answers":
    index = pathlib.Path(sys.argv[1], side, "index.json")
    cases = next(iter(json.loads(index.read_text()).values()), {}) if index.exists() else {}
    counts = collections.Counter(case["behavior"] for case in cases.values())
    closes = collections.Counter(case["behaviorClose"] for case in cases.values())
    print(f"{side}: {len(cases)} cases, {dict(counts)}; their ends {dict(closes)}")
    # Another word than OK is a remark, such as that what the standard leaves open was done.
    bad = sorted(name for name, case in cases.items() if {"FAILED", "WRONG CODE", "UNCLEAN"} &
        {case["behavior"], case["behaviorClose"]})
    for name in bad:
        print(f"  {name}: {cases[name]['behavior']}, its end {cases[name]['behaviorClose']}")
    failed = failed or bool(bad) or not cases
sys.exit(failed)
PYTHON
