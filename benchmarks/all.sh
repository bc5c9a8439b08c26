#!/usr/bin/env bash
# Every figure of this folder in one run, an hour on two cores that do nothing else.
# usage: benchmarks/all.sh PHOTOS VALIDATION    photos to resize, and others to judge by
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
photos=${1:?which folder of photos?} validation=${2:?which folder of validation photos?}
"$python" -m benchmarks.serving
"$python" -m benchmarks.photo "$(find "$photos" -name '*.jpg' | sort | head -n 1)"
"$python" -m benchmarks.steps
"$python" -m benchmarks.bulk
"$python" -m benchmarks.start
"$python" -m benchmarks.transport
"$python" -m benchmarks.tiles "$validation"
"$python" -m benchmarks.gpu
# PEERS is a folder of networks that packages carry: see peers.py.
"$python" -m benchmarks.peers ${PEERS:+"$PEERS"}
"$python" -m benchmarks.int8 "$validation" # on a CPU with VNNI
