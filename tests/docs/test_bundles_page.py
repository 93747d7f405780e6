"""The commands of `docs/bundles.md` run as they stand, one after the other; its table lists every code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from bundles.errors import Code

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8")


@pytest.fixture
def checkout(opa: Path, tmp_path: Path, typed_regent: Callable[[Path], None]) -> tuple[Path, dict[str, str]]:
    """A folder with the sources, and an environment with `opa` and this code's `regent` on the PATH."""
    tools, work = tmp_path / "tools", tmp_path / "checkout"
    typed_regent(tools)
    shutil.copytree(ROOT / "policies", work / "policies")
    (tools / "opa").symlink_to(opa.absolute())
    return work, os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}


def test_the_commands_run_as_printed(checkout: tuple[Path, dict[str, str]]) -> None:
    """From the build over the signature to OPA and back; what is tampered with is refused."""
    work, environment = checkout
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    script = "\n".join(f"echo '--- {number}'\n{block}" for number, block in enumerate(blocks))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    shown = re.split(r"--- \d+\n", done.stdout)[1:]

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(shown) == len(blocks) == 6
    assert "author       alice" in shown[0]
    assert "rules/request/denies/draft.rego" in shown[1]
    assert "they differ" in shown[1]
    assert shown[2].count("signed by release") == 2
    assert shown[3] == "refused\n"
    assert "bundle.signature: 'gateway/request/request.rego' is not what was signed" in done.stderr
    assert (work / "work" / "verified.tar.gz").is_file()
    assert "signed by" in shown[5]


def test_every_code_is_explained() -> None:
    """The page and `bundles/errors.py` list the same codes."""
    rows = re.findall(r"^\| `(bundle\.[a-z_]+)` \|", PAGE, re.MULTILINE)

    assert sorted(get_args(Code)) == sorted(rows)
