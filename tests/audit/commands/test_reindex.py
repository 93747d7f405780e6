"""Pins `regent audit reindex`: what it makes, and what it does where somebody else keeps the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.index import schema
from audit.index.indexer import REQUEST, Index
from tests.audit.index.merging import lay_out, merge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]


def test_it_makes_the_index_anew(run: Run, log_folder: Path) -> None:
    """From nothing, and again over what is there."""
    entries = merge(log_folder)
    for _ in range(2):
        result = run("reindex")
        assert (result.exit_code, result.stdout.startswith(f"{len(entries)} records indexed")) == (0, True)
    assert (log_folder / schema.FILE).stat().st_mode & 0o777 == 0o600


def test_catching_up_keeps_what_is_there(run: Run, log_folder: Path) -> None:
    """The same build, further."""
    merge(log_folder, {"w0": 2})
    run("reindex")
    built = identity(log_folder)
    merge(log_folder)
    assert run("reindex", "--catch-up").exit_code == 0
    assert identity(log_folder) == built
    run("reindex")
    assert identity(log_folder) != built


def test_a_process_that_keeps_it_is_asked(run: Run, log_folder: Path) -> None:
    """It makes the index anew at its next turn; there is nothing to stop for it."""
    merge(log_folder)
    with Index(log_folder) as index:
        index.catch_up()
        assert run("reindex", "--catch-up").stdout == "another process keeps the index up to date\n"
        assert not (log_folder / REQUEST).exists()
        result = run("reindex")
        assert (result.exit_code, "it was asked" in result.stdout) == (0, True)
        assert (log_folder / REQUEST).exists()


def test_entries_that_are_no_records_are_told(run: Run, log_folder: Path, tmp_path: Path) -> None:
    """They point to the verifier, whose matter they are."""
    lay_out(log_folder, [*merge(log_folder), b"no record"])
    assert "1 entries are no records" in run("reindex").stdout


def test_a_folder_without_a_log_is_refused(run: Run, tmp_path: Path) -> None:
    """Exit code 40, and nothing is made there."""
    assert run("--folder", str(tmp_path), "reindex").exit_code == 40
    assert not (tmp_path / schema.FILE).exists()


def identity(folder: Path) -> str:
    """Return which build of the index this is."""
    db = schema.connect_to_read(folder)
    assert db is not None
    try:
        return str(schema.standing(db)["built"])
    finally:
        db.close()
