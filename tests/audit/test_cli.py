"""Pins `regent audit`: options, exit codes and what is printed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.cli import app
from audit.log import AuditLog
from audit.record import Record

Make = Callable[..., Record]
Run = Callable[..., Result]


@dataclass(frozen=True)
class House:
    """What the commands ask of the program around them."""

    folder: Path

    def audit_folder(self) -> Path:
        return self.folder


@pytest.fixture
async def log_folder(folder: Path, make_decision: Make, make_outcome: Make) -> Path:
    """Make a small closed log."""
    async with AuditLog.open(folder, "regent.example/audit") as log:
        allowed = make_decision(sref=await log.sref("alice"))
        await log.append(allowed)
        await log.append(make_outcome(allowed.id))
        await log.append(make_decision(action="deny", request_id="req-2", team="\x1b[2J[red]x"))
    return folder


@pytest.fixture
def run(log_folder: Path) -> Run:
    """Run `regent audit` as the gateway's command line does: with the house as context object."""

    def run_it(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), obj=House(log_folder))

    return run_it


def test_query_prints_json_lines_newest_first(run: Run) -> None:
    """One object a line, and the filters apply."""
    lines = [json.loads(line) for line in run("query", "--json").stdout.splitlines()]
    assert [line["request_id"] for line in lines] == ["req-2", "req-1"]
    result = run("query", "--json", "--subject", "alice", "--decision", "allow", "--since", "1h")
    assert [json.loads(line)["deployment"] for line in result.stdout.splitlines()] == ["onprem-llama"]
    assert result.exit_code == 0


def test_query_prints_a_table_that_steers_no_terminal(run: Run) -> None:
    """A team's name with escape sequences or markup is shown as text."""
    result = run("query")
    assert "onprem-llama" in result.stdout
    assert "[red]x" in result.stdout
    assert "\x1b[2J" not in result.stdout


def test_query_says_when_there_is_nothing(run: Run) -> None:
    """No row is exit code 1, for scripts."""
    result = run("query", "--team", "nobody")
    assert (result.exit_code, result.stdout) == (
        1,
        "No decision matches; `--kind all` asks for every other record, too.\n",
    )


@pytest.mark.parametrize("since", ["yesterday", "2026-11-21T10:00:00", "7y", "-1d"])
def test_a_time_that_is_none_is_refused(run: Run, since: str) -> None:
    """A time without zone would mean another hour elsewhere."""
    assert run("query", "--since", since).exit_code == 2


@pytest.mark.parametrize(("since", "rows"), [("2026-01-01T00:00:00Z", 2), ("2100-01-01T00:00:00+02:00", 0)])
def test_rfc_3339_times_are_understood(run: Run, since: str, rows: int) -> None:
    """With Z or an offset."""
    assert len(run("query", "--json", "--since", since).stdout.splitlines()) == rows


def test_a_kept_head_verifies_a_log_later(run: Run, tmp_path: Path) -> None:
    """`head` prints what `verify --since` takes; without it the exit code is 10."""
    kept = tmp_path / "kept.json"
    result = run("head")
    assert result.exit_code == 0
    kept.write_text(result.stdout)
    assert run("verify").exit_code == 10
    verified = run("verify", "--since", str(kept))
    assert (verified.exit_code, "Compared with 1" in verified.stdout) == (10, True)
    report = json.loads(run("verify", "--since", str(kept), "--json").stdout)
    assert (report["verdict"], report["kept"], report["findings"]) == ("operator_asserted", 1, [])


def test_a_damaged_log_has_no_head(run: Run, log_folder: Path) -> None:
    """Exit code 20, and nothing that could be kept."""
    (path,) = (log_folder / "writers" / "w0" / "seg").glob("*.log")
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" + data[101:])
    result = run("head")
    assert (result.exit_code, result.stdout) == (20, "")
    assert run("verify").exit_code == 20


def test_the_folder_option_wins(run: Run, tmp_path: Path) -> None:
    """Options before the command choose another log; a folder without one is exit code 40."""
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("--folder", str(empty), "verify").exit_code == 40
    assert run("--folder", str(empty), "query").exit_code == 40


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_kept_head_that_is_none_cannot_be_checked(run: Run, tmp_path: Path, text: str) -> None:
    """Exit code 40 with a plain message."""
    kept = tmp_path / "kept.json"
    kept.write_text(text)
    result = run("verify", "--since", str(kept))
    assert result.exit_code == 40
    assert "kept head" in result.stderr


def test_a_subject_without_a_vault_is_an_error(run: Run, log_folder: Path) -> None:
    """A subject cannot be looked for where the map is missing: that is not "none found"."""
    shutil.rmtree(log_folder / "vault")
    assert run("query", "--subject", "alice").exit_code == 40
