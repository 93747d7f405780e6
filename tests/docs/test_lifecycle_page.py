"""The page about a revision's life runs as printed, on a fresh store, with the shipped policies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from bundles.store.errors import Code
from bundles.store.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.server
@pytest.mark.timeout(300)
def test_the_commands_work_as_printed(
    opa: Path, tmp_path: Path, typed_regent: Callable[[Path], None]
) -> None:
    """All blocks run in one shell, in order, and leave the states that the page tells of."""
    (settings,) = blocks("yaml")
    (tmp_path / "regent.yaml").write_text(f"{settings}\nidentity: {{development: {{enabled: true}}}}\n")
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    folder = tmp_path / "bin"
    typed_regent(folder)
    (folder / "opa").symlink_to(opa.absolute())
    done = subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            "\n".join([*blocks("bash"), "regent audit verify || test $? = 10"]),
        ],
        cwd=tmp_path,
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )

    assert done.returncode == 0, done.stderr
    said = [line.split(": ")[1] for line in done.stdout.splitlines() if re.match(r"r-[0-9a-f]{64}: ", line)]
    assert said == [
        "tested; 1 of 2 approvals",
        "approved; 2 of 2 approvals",
        "shadow",
        "active",
        "tested; 1 of 2 approvals",
        "approved; 2 of 2 approvals",
        "active",
        "active again",
    ]
    assert "is retired already" in done.stdout
    assert "WHOLE" in done.stdout


def test_every_code_and_state_is_explained() -> None:
    """A new code or state takes the page with it."""
    assert set(re.findall(r"^\| `(store\.[a-z]+)` \|", PAGE, re.MULTILINE)) == set(get_args(Code))
    assert set(re.findall(r"^\| ([a-z]+) \| ", PAGE.split("## Who")[0], re.MULTILINE)) - {"state"} == set(
        State
    )
