"""The tutorial runs as it stands: its files are written, its commands run in order and print what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers.processes import free_port

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial-first-rule.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:^`(?P<file>[\w./]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
MARK = "--- block "


class Block(NamedTuple):
    """A fenced block: the file that it is, or what it is written in."""

    file: str | None
    language: str
    text: str


BLOCKS = [Block(*found.group("file", "language", "text")) for found in BLOCK.finditer(PAGE)]


def checkout(folder: Path, opa: Path) -> None:
    """Make a folder look like a checkout in which `make run` and `make tools` have worked."""
    shutil.copytree(ROOT / "policies", folder / "policies")
    command = folder / ".venv" / "bin" / "regent"
    command.parent.mkdir(parents=True)
    command.write_text(
        f'#!/bin/sh\nexec "{Path(sys.executable).with_name("regent")}" "$@"\n', encoding="utf-8"
    )
    command.chmod(0o755)
    (folder / ".tools").mkdir()
    (folder / ".tools" / "opa").symlink_to(opa)


def script() -> str:
    """The page as one script; each command's block is announced, so that its output can be told apart."""
    parts = ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    for number, block in enumerate(BLOCKS):
        if block.file:
            parts.append(f"cat > {block.file} <<'END OF FILE'\n{block.text}END OF FILE")
        elif block.language == "bash":
            parts.append(f"echo; echo '{MARK}{number}'\n{block.text}")
    return "\n".join(parts)


@pytest.mark.slow
def test_the_tutorial_runs_as_written(opa: Path, tmp_path: Path) -> None:
    """Whoever follows the page gets what it promises, to the last line."""
    checkout(tmp_path, opa)
    port = free_port()

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script().replace("127.0.0.1:8080", f"127.0.0.1:{port}")],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "REGENT_SERVER__PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=110,
    )

    assert done.returncode == 0, done.stdout
    shown = dict(re.findall(rf"^{MARK}(\d+)\n(.*?)(?=^{MARK}|\Z)", done.stdout, re.DOTALL | re.MULTILINE))
    assert missing(shown) == [], done.stdout


def missing(shown: dict[str, str]) -> list[str]:
    """The lines that the page promises after a command and that the command didn't print."""
    lines, said = [], ""
    for number, block in enumerate(BLOCKS):
        said = shown.get(str(number), said)
        if block.language == "text":
            lines += [line for line in block.text.splitlines() if line not in said]
    return lines


def test_every_block_is_run_or_compared() -> None:
    """No block of the page is only looked at, and each promise follows a command."""
    kinds = [("file" if block.file else block.language) for block in BLOCKS]

    assert set(kinds) == {"file", "bash", "text"}
    assert len(BLOCKS) == PAGE.count("\n```") / 2
    assert kinds[0] == "bash"
