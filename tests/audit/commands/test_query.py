"""Pins what `regent audit query` takes and writes; what is found is pinned in tests/audit/reading."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from audit import record
from audit.cli import app
from audit.commands import query
from audit.commands.journal import Journal
from audit.errors import LogUnavailable
from audit.index.indexer import Index
from audit.index.row import DECISIONS, KINDS, is_shown
from audit.log import AuditLog
from audit.reading.stream import events
from tests.audit.index.merging import merge

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def indexed(log_folder: Path) -> list[bytes]:
    """Merge the log and index it; returns the entries."""
    entries = merge(log_folder)
    with Index(log_folder) as index:
        index.catch_up()
    return entries


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        (["--rule", "residency.hr_onprem"], ["req-2", "req-1"]),
        (["--control", "GDPR-44"], []),
        (["--deployment", "onprem-llama"], ["req-1"]),
        (["--kind", "mode"], [None]),
        (["--kind", "mode", "--kind", "decision"], ["req-2", "req-1", None]),
        (["--kind", "all"], [None, "req-2", "req-1", None, None]),
        (["--limit", "1"], ["req-2"]),
        (["--limit", "1", "--all"], ["req-2", "req-1"]),
    ],
)
def test_options_narrow_or_widen(run: Run, options: list[str], requests: list[str | None]) -> None:
    """Exit code 1 where nothing is left."""
    result = run("query", "--json", *options)
    assert [json.loads(line)["request_id"] for line in result.stdout.splitlines()] == requests
    assert result.exit_code == (0 if requests else 1)


def test_csv_goes_to_a_new_private_file(run: Run, tmp_path: Path) -> None:
    """Formulas are guarded, and a file that is there is never written over."""
    path = tmp_path / "rows.csv"
    assert run("query", "--format", "csv", "-o", str(path)).exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [row["team"] for row in rows] == ["'=1+1", "hr"]
    again = run("query", "--format", "csv", "-o", str(path))
    assert (again.exit_code, str(path) in again.stderr) == (40, True)


def test_a_table_in_a_file_is_csv(run: Run, tmp_path: Path) -> None:
    """Lines and colours are for the screen."""
    run("query", "-o", str(tmp_path / "rows"))
    assert (tmp_path / "rows").read_text(encoding="utf-8").startswith("time,t_us,")


def test_parquet_without_its_library_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the words that say what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = run("query", "--format", "parquet", "-o", str(tmp_path / "rows"))
    assert (result.exit_code, "regent[parquet]" in result.stderr) == (40, True)


def test_a_table_names_other_records_and_who_made_them(run: Run) -> None:
    """The kind stands where the decision does."""
    assert "mode strict" in run("query", "--kind", "mode").stdout


@pytest.mark.usefixtures("indexed")
def test_proofs_are_written_for_a_decision_and_its_end(log_folder: Path, tmp_path: Path) -> None:
    """One file for each record, named by its index in the log."""
    app = typer.Typer()
    app.callback()(lambda: None)
    query.register(app, lambda folder: lambda index: f"{folder.name} {index}".encode())
    proofs = tmp_path / "proofs"
    result = CliRunner().invoke(app, ["query", "--json", "--with-proof", str(proofs)], obj=log_folder)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    shown = {index for row in rows for index in (row["log_index"], row["end_index"]) if index is not None}
    assert len(shown) == 3
    assert {path.name: path.read_text() for path in proofs.iterdir()} == {
        f"{index}.tlog-proof": f"audit {index}" for index in shown
    }


def test_a_record_that_is_not_merged_has_no_proof_yet(log_folder: Path, tmp_path: Path) -> None:
    """It is shown all the same, and the command says so."""
    app = typer.Typer()
    app.callback()(lambda: None)
    query.register(app, lambda _: lambda _: b"")
    result = CliRunner().invoke(app, ["query", "--json", "--with-proof", str(tmp_path / "p")], obj=log_folder)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 2)
    assert "2 rows have no whole proof yet" in result.stderr


def test_without_a_prover_proofs_are_refused(log_folder: Path, tmp_path: Path) -> None:
    """Never rows without the proofs that were asked for."""
    app = typer.Typer()
    app.callback()(lambda: None)
    query.register(app)
    result = CliRunner().invoke(app, ["query", "--with-proof", str(tmp_path / "p")], obj=log_folder)
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_question_is_on_record_before_its_answer(run: Run, log_folder: Path) -> None:
    """Who asked, for what and how many rows; of words that found nothing the log keeps none."""
    assert run("query", "--decision", "deny", "--team", "=1+1", "--by", "auditor").exit_code == 0
    assert run("query", "--team", "alice's salary").exit_code == 1
    assert run("query", "--subject", "alice", "--all", "--json").exit_code == 0
    first, second, third = events(log_folder, "access")

    assert (first["what"], first["n"], first["actor"]) == ("query", 1, {"kind": "house", "name": "auditor"})
    assert first["filter"] == {"action": "deny", "team": "=1+1", "kinds": sorted(DECISIONS)}
    assert (second["n"], second["filter"]) == (0, {"team": None, "kinds": None})
    assert third["n"] == 1
    assert len(third["filter"]["sref"]) == 32
    assert "alice" not in json.dumps([first, second, third])


def test_a_log_that_cannot_be_written_tells_nothing(
    run: Run, log_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer without a record; of a copy, which has no key, there is none to be had."""

    def refuse(*_: object) -> None:
        raise LogUnavailable("log.not_durable", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "record", refuse)
        refused = run("query", "--json")
    assert (refused.exit_code, refused.stdout) == (40, "")
    (log_folder / "keys" / "log.key").unlink()
    shown = run("query", "--json")
    assert (shown.exit_code, len(shown.stdout.splitlines())) == (0, 2)
    assert "this is a copy" in shown.stderr
    assert run("query", "--by", "Some Body").exit_code == 2


def test_a_kind_that_no_record_has_is_an_error(run: Run) -> None:
    """A slip of the pen doesn't look like an empty log, and the names that would do are listed."""
    result = run("query", "--kind", "policy.transitions")
    said = " ".join(result.stderr.replace("│", " ").split())
    assert result.exit_code == 2
    assert "no record is of the kind 'policy.transitions'" in said
    assert all(name in said for name in (*KINDS, "all"))


def test_every_kind_that_is_written_can_be_asked_for() -> None:
    """The names that a question takes are those that the log's records bear."""
    written = set(
        re.findall(r'(?:"typ": |_event\(\s*)"([a-z_.]+)"', Path(record.__file__).read_text("utf-8"))
    )
    assert {kind for kind in written if is_shown(kind)} == KINDS


@pytest.fixture
async def stepped(folder: Path) -> Path:
    """A log in which a revision was activated."""
    async with AuditLog.open(folder, "regent.example/audit") as log:
        await log.append(
            record.policy_transition(
                action="activate",
                revision="r-0123456789abcdef",
                bundle=None,
                before="approved",
                after="active",
                by="bob",
                approvals=2,
                result="accepted",
            )
        )
    return folder


def test_steps_of_policies_are_shown_with_their_revision(stepped: Path) -> None:
    """Without it nobody could tell which one was activated."""
    asking = ["--folder", str(stepped), "query"]
    shown = CliRunner().invoke(app, [*asking, "--kind", "policy.transition"])
    assert shown.exit_code == 0
    assert all(part in shown.stdout for part in ("policy.transition activate", "r-0123456789ab", "bob"))
    nothing = CliRunner().invoke(app, asking)
    assert (nothing.exit_code, "`--kind all`" in nothing.stdout) == (1, True)
