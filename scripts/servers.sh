#!/usr/bin/env bash
# The servers that tests start for themselves: redis-server and PostgreSQL.
# Found on PATH or in Debian's versioned folders; installed when root on Debian or Ubuntu; else one command to run.
set -euo pipefail
missing=()
command -v redis-server >/dev/null || [ -x /usr/bin/redis-server ] || missing+=(redis-server)
command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0
install="apt-get update && apt-get install --yes --no-install-recommends ${missing[*]}"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]}" >&2
  DEBIAN_FRONTEND=noninteractive bash -c "$install" >&2
  exit 0
fi
echo "make test needs ${missing[*]}. Install with: sudo sh -c '$install'" >&2
echo "(make test-embedded runs the tests that need no server)" >&2
exit 1
