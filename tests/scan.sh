#!/usr/bin/env bash
# Scans a `cordon serve` from outside: its TLS by sslyze (PyPI) and testssl.sh, how it takes slow clients by slowhttptest
# (both Debian). Takes some ten minutes. Summaries go to the folder that is named, `scan` if none is; what is left out
# because a tool is not there is told.
#
#   bash tests/scan.sh [FOLDER]        CORDON is the command to scan, target/release/cordon if it is not set
#
# Fails if a version before 1.2, a weak cipher or a vulnerability is found, or if others are not served while a slow
# client holds 200 connections.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:-scan}" && cd "${1:-scan}" && pwd)
cordon=$(realpath "${CORDON:-target/release/cordon}")
work=$(mktemp -d)
serving=
backend=
trap 'kill $serving $backend 2>/dev/null || true; rm -rf "$work"' EXIT
failed=0

cp -r examples/demo/. "$work"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/chain.pem" 2>/dev/null
python3 - "$work/cordon.toml" <<'PYTHON'
import sys
path = sys.argv[1]
text = open(path).read()
first = '[[listen]]\naddress = "127.0.0.1:18443"\ncertificate = "chain.pem"\nkey = "key.pem"\n'
second = '[[listen]]\naddress = "127.0.0.1:18080"\n'
limits = '\n[limits]\nrequest_head_timeout = "10s"\nleast_rate = { bytes = 1000, every = "10s" }\n'
assert '[listen]\naddress = "127.0.0.1:8080"\n' in text
assert 'url = "http://127.0.0.1:9000"\n' in text
text = text.replace('[listen]\naddress = "127.0.0.1:8080"\n', first + second)
text = text.replace('url = "http://127.0.0.1:9000"\n', 'url = "http://127.0.0.1:19000"\n')
open(path, "w").write(text + limits)
PYTHON
# A route that takes a body, and a backend that reads it.
cat >>"$work/rules.toml" <<'TOML'

[[route]]
name = "scan"
methods = ["POST"]
path = "/api/scan"
section = "any"
changes = false
request = "pass"
records = [{ path = "$[*]", kind = "call" }]
TOML
python3 - >"$out/backend.log" 2>&1 <<'PYTHON' &
import http.server

class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    do_POST = do_GET

http.server.ThreadingHTTPServer(("127.0.0.1", 19000), Answers).serve_forever()
PYTHON
backend=$!
(cd "$work" && exec "$cordon" serve) 2>"$out/cordon.log" &
serving=$!
for _ in $(seq 100); do grep -q '"message":"serving"' "$out/cordon.log" && break; sleep 0.1; done
grep -q '"message":"serving"' "$out/cordon.log" || { echo "cordon does not serve: see $out/cordon.log"; exit 1; }

if command -v sslyze >/dev/null; then
    # Whether nobody signed the certificate, which is made for this scan, is not asked.
    sslyze --mozilla_config=disable --sslv2 --sslv3 --tlsv1 --tlsv1_1 --tlsv1_2 --tlsv1_3 --heartbleed --openssl_ccs \
        --robot --reneg --fallback --compression --elliptic_curves --early_data --resum --ems \
        localhost:18443 >"$out/sslyze.txt" 2>&1 || true
    rejected=$(grep -c "the server rejected all cipher suites" "$out/sslyze.txt" || true)
    wrong=$(grep -cE "VULNERABLE|Error when running|NOT SECURE" "$out/sslyze.txt" || true)
    echo "sslyze: $rejected of 4 old versions refused, $wrong findings"
    [ "$rejected" = 4 ] && [ "$wrong" = 0 ] || failed=1
else
    echo "sslyze is left out: pip install sslyze"
fi

testssl=$(command -v testssl || command -v testssl.sh || true)
if [ -n "$testssl" ]; then
    "$testssl" --quiet --color 0 --warnings off --jsonfile "$work/testssl.json" localhost:18443 >"$out/testssl.txt" 2>&1 || true
    python3 - "$work/testssl.json" <<'PYTHON' | tee "$out/testssl-findings.txt" || failed=1
import json, sys
# Of a certificate that is made for this scan: that nobody signed it, and nobody can take it back. All ciphers are strong,
# so that the client may choose.
expected = {"cert_chain_of_trust", "cert_revocation", "overall_grade", "grade_cap_reason_1", "cipher_order"}
found = [entry for entry in json.load(open(sys.argv[1]))
         if entry["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL") or entry["id"] == "overall_grade"]
bad = [entry for entry in found if entry["id"] not in expected and entry["severity"] != "LOW"]
for entry in found:
    print(f'{entry["severity"]:9} {entry["id"]}: {entry["finding"]}')
print(f"testssl.sh: {len(bad)} findings that count")
sys.exit(1 if bad else 0)
PYTHON
else
    echo "testssl.sh is left out: apt-get install testssl.sh"
fi

if command -v slowhttptest >/dev/null; then
    # Slow heads, slow bodies, overlapping ranges, slow readers; those who ask are let in.
    for mode in "-H -i 5" "-B -i 5" "-R" "-X -w 1 -y 8 -n 5 -z 1 -k 3"; do
        name=slowhttptest$(echo "$mode" | cut -c1-2)
        path=calls
        [ "$name" = slowhttptest-B ] && path=scan
        # shellcheck disable=SC2086
        slowhttptest $mode -c 200 -r 100 -l 45 -p 3 \
            -u "http://127.0.0.1:18080/api/$path?api_token=demo-token-of-adam" >"$out/$name.txt" 2>&1 || true
        if grep -q "service available: *YES" <(sed 's/\x1b\[[0-9;]*m//g' "$out/$name.txt" | tail -40); then
            echo "$name: others are served"
        else
            echo "$name: others are not served"
            failed=1
        fi
    done
else
    echo "slowhttptest is left out: apt-get install slowhttptest"
fi
exit $failed
