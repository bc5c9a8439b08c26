#!/usr/bin/env bash
# Every figure of this folder in one run, half an hour on two cores that do nothing else.
# usage: benchmarks/all.sh PHOTOS VALIDATION    photos to calibrate and resize, and others to judge by
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
photos=${1:?which folder of photos?} validation=${2:?which folder of validation photos?}
"$python" serving/benchmark.py
"$python" benchmarks/readme.py
"$python" benchmarks/photo.py "$(find "$photos" -name '*.jpg' | sort | head -n 1)"
"$python" benchmarks/transport.py
"$python" benchmarks/tiles.py "$validation"
"$python" benchmarks/gpu.py
# nncf, for eight bits, lives in an environment of its own: see int8.py.
if [ -n "${NNCF_PYTHON:-}" ]; then "$NNCF_PYTHON" benchmarks/int8.py "$photos" "$validation"; fi
