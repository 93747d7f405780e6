"""The examples of `docs/rego.md` run as they stand, one after the other, and print what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "rego.md").read_text(encoding="utf-8")
BLOCK = re.compile(
    r"(?:`(?P<file>[\w.]+)`:\n\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
SAID = re.compile(r"^ *print\(.*\)  # (.+)$|^# (.+)$", re.MULTILINE)


def test_the_examples_run_and_print_what_they_say(opa: Path, tmp_path: Path) -> None:
    """Named blocks are files, shell blocks run where they stand, Python blocks are one program."""
    program = ["import subprocess"]
    promised = []
    for found in BLOCK.finditer(PAGE):
        text = found["text"]
        if found["file"]:
            (tmp_path / found["file"]).write_text(text, encoding="utf-8")
        elif found["language"] == "bash":
            program.append(f"subprocess.run(['bash', '-euc', {text!r}], check=True)")
        elif found["language"] == "python":
            program.append(text)
            promised += [one or other for one, other in SAID.findall(text)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(program)],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{opa.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    shown = iter(done.stdout.splitlines())

    assert done.returncode == 0, done.stderr
    assert [line for line in promised if line not in shown] == []
    assert len(promised) > 10


def table(text: str, first: str) -> list[dict[str, str]]:
    """The rows of the first table of a page whose head begins so, by the names of the columns."""
    lines = text[text.index(f"| {first} |") :].partition("\n\n")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_figures_are_those_that_were_measured() -> None:
    """The page takes its figures from `docs/performance.md`, which is written after each measuring."""
    measured = {
        (row["policy"], row["question"]): (row["p50"], row["`opa bench` p50"], row["server p50"])
        for row in table((DOCS / "performance.md").read_text(encoding="utf-8"), "policy | question")
    }

    for row in table(PAGE, "policy | question"):
        shown = (row["`rego/`"], row["`opa bench`"], row["OPA server"])
        assert measured[row["policy"], row["question"]] == shown
