"""The commands of `docs/interoperability.md` run as they stand, over a log with an ML-DSA-44 line."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.interop import tiled_log
from tests.interop.readers import SUCCESS

if TYPE_CHECKING:
    from tests.interop.readers import Fsck, Xmod

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "interoperability.md").read_text(encoding="utf-8")


def test_the_commands_run_as_printed(fsck: Fsck, xmod: Xmod, tmp_path: Path) -> None:
    """Both readers, and a kept checkpoint."""
    signer = tiled_log.Signer(post_quantum=True)
    log = tiled_log.write(tmp_path / "audit", [b"entry %d" % number for number in range(300)], signer)
    (tmp_path / "log.vkey").write_text(f"{log.vkey}\n", encoding="utf-8")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{ROOT / '.tools'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    first, second = map(json.loads, done.stdout.splitlines())

    assert done.returncode == 0, done.stderr
    assert SUCCESS.search(done.stderr)
    assert (first["ok"], first["included"]) == (True, [0, 17])
    assert second["consistency"]["size"] == 300


def test_the_versions_are_those_that_are_built() -> None:
    """The page names the modules that `make tools` builds from."""
    for name, module, version in (
        ("fsck", "github.com/transparency-dev/tessera", "v1.0.4"),
        ("xmod", "golang.org/x/mod", "v0.42.0"),
    ):
        pinned = (ROOT / "tests" / "interop" / name / "go.mod").read_text(encoding="utf-8")
        assert f"{module} {version}" in pinned
        assert version in PAGE
