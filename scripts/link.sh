#!/usr/bin/env bash
# Put this checkout and its `regent` command into the virtual environment without a build backend,
# so that running needs nothing beyond the locked run-time packages.
set -euo pipefail
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$PWD" > "$site/regent.pth"
cat > .venv/bin/regent <<RUN
#!$PWD/.venv/bin/python
from gateway.cli import main

# Worker processes import this file again; only the first one may run it.
if __name__ == "__main__":
    main()
RUN
chmod +x .venv/bin/regent
