#!/usr/bin/env bash
# Resolve pyproject.toml into lock files with hashes. No index and no machine path is written into them.
set -euo pipefail
.venv/bin/python -m pip install --quiet 'uv>=0.9'
compile() {
  .venv/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
    --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock' "$@"
}
compile pyproject.toml --output-file requirements/run.lock
compile pyproject.toml --group dev --constraints requirements/run.lock --output-file requirements/dev.lock
compile --group go --output-file requirements/go.lock
