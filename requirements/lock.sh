#!/usr/bin/env bash
# Locks what pyproject.toml names into requirements/*.txt, with hashes and without any index address: the project's own
# dependencies into bot.txt, each dependency group into GROUP.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() {
    uv pip compile --quiet --no-header --no-annotate --generate-hashes --python-version 3.11 "$@"
}
group() {
    lock --excludes <(echo torch) --group "$1" --output-file "requirements/$1.txt" "${@:2}"
}
# All files agree on every version, because the largest is locked first and binds the others.
group dev pyproject.toml
lock pyproject.toml --constraint requirements/dev.txt --output-file requirements/bot.txt
for name in build play serve train export docs tools; do
    group "$name" --constraint requirements/dev.txt
done
# For Linux alone; numpy is there already, since serve.txt has it.
lock --excludes <(echo numpy) --group gpu --python-platform x86_64-unknown-linux-gnu --output-file requirements/gpu.txt

# PyTorch stays out of the groups, because two builds bear one version: the one for CPUs, which is in no common index and so
# is named here with its hash (Python 3.11, Linux on x86-64), and the index's, which brings the libraries of CUDA.
cat >requirements/torch-cpu.txt <<'END'
# Installed with --no-deps, since train.txt has what it asks for. Where pip finds no such file, torch-cuda.txt is installed.
torch==2.13.0+cpu \
    --hash=sha256:6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b
END
lock --constraint requirements/dev.txt --python-platform x86_64-unknown-linux-gnu \
    --output-file requirements/torch-cuda.txt - <<<torch==2.13.0
