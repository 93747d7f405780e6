"""Pins `regent audit doctor`: its words and exit codes; what it finds is pinned in tests/audit/doctor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audit import frames
from audit.index.indexer import Index
from tests.audit.index.merging import merge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]


def test_notes_alone_are_no_failure(run: Run) -> None:
    """Code, weight, place, meaning and remedy."""
    result = run("doctor", "--json")
    facts = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["code"] for each in facts if each["weight"] == "note"] == ["sequencer.none"]
    assert set(facts[0]) == {"code", "weight", "where", "what", "means", "do"}


def test_a_problem_is_exit_code_1_and_says_what_to_do(run: Run, log_folder: Path) -> None:
    """In three lines."""
    merge(log_folder)
    with Index(log_folder) as index:
        index.catch_up()
    (log_folder / "vault").chmod(0o755)
    result = run("doctor")
    assert result.exit_code == 1
    assert "PROBLEM folder.open: vault: mode 0755\n  means: " in result.stdout
    assert "\n  do: chmod " in result.stdout


def test_a_folder_without_a_log_is_a_problem(run: Run, tmp_path: Path) -> None:
    """Named as it was given."""
    result = run("--folder", str(tmp_path), "doctor")
    assert (result.exit_code, "folder.missing" in result.stdout) == (1, True)


def test_what_cannot_be_examined_is_exit_code_40(run: Run, log_folder: Path) -> None:
    """A record that is none stops the look at it; that is not "nothing was found"."""
    (path,) = (log_folder / "writers" / "w0" / "seg").glob("*.log")
    path.write_bytes(frames.pack(b"no record"))
    assert run("doctor").exit_code == 40
