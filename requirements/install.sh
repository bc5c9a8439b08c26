#!/usr/bin/env bash
# install.sh PIP WHAT PIP-ARGUMENTS...: pip install, told in one line: what it is, how long it took, or why it failed.
set -euo pipefail
pip=$1 what=$2
shift 2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '  Installing %s ...' "$what"
if "$pip" --disable-pip-version-check --quiet --retries 2 install "$@" >"$log" 2>&1; then
    echo " done in $SECONDS s."
elif grep -qE 'NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError|Network is unreachable' "$log"; then
    echo
    echo "There is no way to the package index: connect to the network, or set pip's" >&2
    echo "proxy or index, then type the same again." >&2
    exit 1
else
    echo
    grep -v '^WARNING' "$log" | tail -n 15 >&2
    exit 1
fi
