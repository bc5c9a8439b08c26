#!/usr/bin/env bash
# Locks every dependency group of pyproject.toml into requirements/GROUP.txt, with hashes and without any index address.
# PyTorch stays out of the locks: which build fits (CPU, or one of several CUDA versions) is the machine's affair; see torch.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() {
    uv pip compile pyproject.toml --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 \
        --excludes <(echo torch) "$@"
}
# All groups agree on every version, because the largest is locked first and binds the others.
lock --group dev --output-file requirements/dev.txt
for group in bot play serve train export; do
    lock --group "$group" --constraint requirements/dev.txt --output-file "requirements/$group.txt"
done
