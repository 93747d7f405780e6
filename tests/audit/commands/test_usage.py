"""Pins what `regent usage report` takes and writes; what is summed is pinned in tests/audit/usage."""

from __future__ import annotations

import csv
import io
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from audit.cli import usage_app
from gateway.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def run(log_folder: Path) -> Run:
    """Run `regent usage report` on a log of one request that was answered."""

    def run_it(*arguments: str) -> Result:
        return CliRunner().invoke(usage_app, ["--folder", str(log_folder), "report", *arguments])

    return run_it


def lines(result: Result) -> list[dict[str, object]]:
    """The lines of a report in JSON."""
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(result.stdout)["data"]
    return found


def test_the_table_ends_with_the_total(run: Run) -> None:
    """A month a line unless it is said otherwise; money in dollars."""
    shown = run("--by", "team,model").stdout
    assert shown.split()[:3] == ["period", "team", "model"]
    *_, line, total = [words for each in shown.splitlines() if (words := each.replace("─", " ").split())]
    assert (line[1:], total) == (
        ["hr", "gpt-4o", *total[1:]],
        ["total", "1", "0", "10", "20", "0", "1", "0", "0.000000"],
    )


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ([], 1),
        (["--period", "all"], 1),
        (["--period", "day", "--time-zone", "Asia/Tokyo"], 1),
        (["--only", "team=hr", "--only", "model=gpt-4o"], 1),
        (["--only", "team=sales"], 0),
        (["--subject", "alice"], 1),
        (["--subject", "carol"], 0),
        (["--since", "1h"], 1),
        (["--until", "1h"], 0),
    ],
)
def test_options_narrow(run: Run, options: list[str], count: int) -> None:
    """Exit code 1 where nothing is left."""
    result = run("--format", "json", *options)
    assert (len(json.loads(result.stdout)["data"]), result.exit_code) == (count, 0 if count else 1)


def test_users_are_named_for_who_may_read_the_vault(run: Run, log_folder: Path) -> None:
    """Else by pseudonym; without a vault there is no name to be had."""
    (pseudonym,) = [line["user"] for line in lines(run("--format", "json", "--by", "user"))]
    assert len(str(pseudonym)) == 32
    (named,) = lines(run("--format", "json", "--by", "team,user", "--names"))
    assert (named["team"], named["user"]) == ("hr", "alice")
    (log_folder / "vault" / "subjects.db").unlink()
    refused = run("--by", "user", "--names")
    assert (refused.exit_code, refused.stdout) == (40, "")
    assert "subjects.db" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--by", "nothing"],
        ["--by", "team,team"],
        ["--period", "hour"],
        ["--time-zone", "../etc"],
        ["--format", "xml"],
        ["--only", "team"],
        ["--only", "tag=batch"],
        ["--since", "yesterday"],
    ],
)
def test_what_is_not_understood_is_refused(run: Run, options: list[str]) -> None:
    """With exit code 2, and nothing on the output."""
    result = run(*options)
    assert (result.exit_code, result.stdout) == (2, "")


def test_files_are_new_and_private(run: Run, tmp_path: Path) -> None:
    """One that is there is never written over; a table becomes CSV."""
    path = tmp_path / "usage.csv"
    assert run("--by", "team", "-o", str(path)).exit_code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    (row,) = csv.DictReader(io.StringIO(path.read_text()))
    assert (row["team"], row["requests"]) == ("hr", "1")
    assert run("-o", str(path)).exit_code == 40


@pytest.mark.parametrize("form", ["parquet", "focus-parquet"])
def test_parquet_goes_to_no_terminal(run: Run, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """It is no text; into a pipe it goes."""
    assert run("--format", form).stdout_bytes.startswith(b"PAR1")
    terminal = SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("audit.commands.usage.sys", terminal)
    assert run("--format", form).exit_code == 2


def test_focus_is_csv_in_its_columns(run: Run) -> None:
    """A charge for each of a day, or of a month if it is asked for."""
    (row,) = csv.DictReader(io.StringIO(run("--format", "focus").stdout))
    assert (row["BilledCost"], row["x_UnpricedRequests"], row["SubAccountId"]) == ("0.000000", "1", "hr")


def test_a_folder_without_a_log_is_refused(tmp_path: Path) -> None:
    """As every reading command does."""
    result = CliRunner().invoke(usage_app, ["--folder", str(tmp_path), "report"])
    assert (result.exit_code, result.stdout) == (40, "")


def test_it_is_a_command_of_regent() -> None:
    """Beside `audit`."""
    assert "report" in CliRunner().invoke(app, ["usage", "--help"]).stdout
