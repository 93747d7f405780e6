#!/usr/bin/env bash
# What CI holds every change against, in the order in which it is cheapest to fail.
set -euo pipefail
bin=.venv/bin
opa=.tools/opa
step() { printf '\n== %s\n' "$1"; shift; "$@"; }

step "format" $bin/ruff format --check .
step "lint" $bin/ruff check .
step "spelling" $bin/codespell
step "types" $bin/mypy
step "arrows" $bin/lint-imports
step "rego format" bash -c "test -z \"\$($opa fmt --list policies)\" || { $opa fmt --diff policies; exit 1; }"
step "rego check" $opa check --bundle --strict --schema policies/schemas --capabilities policies/capabilities.json policies
step "rego tests" $opa test --bundle policies
step "rego tests reach every line" bash -o pipefail -c "$opa test --bundle --coverage --threshold 100 policies | tail -n 4"
step "the shipped bundle equals its sources" $bin/regent bundle build policies --check bundles/default
if command -v regal >/dev/null; then step "regal" regal lint policies; else echo "(regal is not on PATH: not run)"; fi
