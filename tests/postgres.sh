#!/usr/bin/env bash
# Starts a PostgreSQL of its own for tests: a fresh cluster in a temporary folder, on a free port of 127.0.0.1.
# Prints its URL and waits: `stop` on the input stops it at once as a crash would and keeps its data, `start` starts it
# again, `freeze` and `thaw` hold it up; each is answered by a line. The end of the input removes everything.
set -euo pipefail

# Debian keeps the server's programs outside the path, a folder for each version.
find_programs() {
    local folder
    for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) $(dirname "$(command -v postgres || echo /nowhere/x)"); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return
        fi
    done
}

programs="$(find_programs)"
if [ -z "$programs" ]; then
    echo "missing: install Debian's package postgresql (apt-get install postgresql)" >&2
    exit 3
fi

folder="$(mktemp -d /tmp/cordon-postgres.XXXXXX)"
server=""

# PostgreSQL refuses to run as root. `exec`, so that the process is the server itself and can be told to stop.
as_owner() {
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        exec "$@"
    fi
}
[ "$(id -u)" != 0 ] || chown postgres "$folder"

end() {
    if [ -n "$server" ]; then
        kill -CONT "$server" 2>/dev/null || true
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 1' INT TERM

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start() {
    # Durability is what the tests are about: nothing of it is switched off.
    (cd "$folder" && as_owner "$programs/postgres" -D "$folder/data" -p "$port" -k "$folder" \
        -c listen_addresses=127.0.0.1 -c max_connections=100 >>"$folder/log" 2>&1 </dev/null) &
    server=$!
    for _ in $(seq 600); do
        if "$programs/pg_isready" -q -h 127.0.0.1 -p "$port" -d postgres; then return; fi
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    echo "PostgreSQL did not start:" >&2
    cat "$folder/log" >&2
    exit 1
}

# Postmaster and children, killed as by a loss of power of this one machine: SIGKILL for all of them.
crash() {
    local children
    children="$(pgrep -P "$server" || true)"
    kill -KILL "$server" $children 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=""
    rm -f "$folder/data/postmaster.pid"
}

(as_owner "$programs/initdb" -D "$folder/data" -U cordon -A trust -E UTF8 --no-sync >/dev/null)
port="$(free_port)"
start
echo "postgres://cordon@127.0.0.1:$port/postgres"

while read -r command; do
    case "$command" in
        stop) crash ;;
        start) start ;;
        freeze) kill -STOP "$server" $(pgrep -P "$server" || true) ;;
        thaw) kill -CONT "$server" $(pgrep -P "$server" || true) ;;
        *) echo "unknown: $command" >&2; exit 2 ;;
    esac
    echo "done: $command"
done
