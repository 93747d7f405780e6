"""`regent bundle backtest` and `shadow report`: words, files and exit codes, over a house of doubles."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from typer.testing import CliRunner
from typing_extensions import override

import bundles
from bundles import build as building
from bundles import bundle as bundle_files
from bundles.cli import app
from bundles.commands import backtest as commands
from gateway.obligations.effect import Obedience
from tests.bundles.backtest.conftest import Decision, Decisions, asked
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bundles.bundle import Bundle

RUN = CliRunner()


@dataclass
class House:
    """The program around the commands."""

    decisions: list[Decision] = field(default_factory=list)
    periods: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None
    damaged: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    asked_for: dict[str, Any] = field(default_factory=dict)

    def recording(self, **wanted: Any) -> Decisions:
        self.asked_for = wanted
        if self.error:
            raise self.error
        return Decisions(self.decisions, self.damaged, self.torn)

    def bundle(self, name: str) -> Bundle:
        return bundle_files.read(Path(name))

    def active_bundle(self) -> Bundle:
        return bundle_files.read(bundles.default_path())

    def gateway(self) -> Obedience:
        return Obedience()

    def shadow_periods(self, *, since: str | None) -> Iterator[Mapping[str, Any]]:
        if self.error:
            raise self.error
        yield from self.periods


@pytest.fixture
def candidate(tmp_path: Path) -> str:
    """A bundle on disk in which analysts may use nothing but demo models."""

    def change(data: dict[str, Any]) -> None:
        data["roles"]["analyst"]["models"] = ["demo-*"]

    building.write(dict(edited(change).files), tmp_path / "candidate")
    return str(tmp_path / "candidate")


def decision(number: int = 0, **question: Any) -> Decision:
    """A recorded decision."""
    model = question.get("model", "demo-small")
    return Decision(id=f"{number:032x}", model=model, question=orjson.dumps(asked(**question)))


def test_it_shows_what_changes_and_where(candidate: str) -> None:
    """Totals, the rule, the team, the model and an example; and the options reach the log."""
    house = House([decision(1, model="gpt-4o"), *map(decision, range(2, 5)), Decision(missing="erased")])
    shown = RUN.invoke(app, ["backtest", candidate, "--since", "7d", "--team", "sales"], obj=house)

    assert shown.exit_code == 0, shown.output
    assert "replayed   4 of 5 recorded decisions" in shown.stdout
    assert "1 erased" in shown.stdout
    for line in (["allow", "->", "deny", "1", "25.000%"], ["access.not_granted", "allow", "->", "deny", "1"]):
        assert any(row.split()[: len(line)] == line for row in shown.stdout.splitlines()), shown.stdout
    assert f"{1:032x}" in shown.stdout
    assert house.asked_for == {"since": "7d", "until": None, "team": "sales", "model": None}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--max-new-denials", "1"], 0),
        (["--max-new-denials", "25%"], 0),
        (["--max-new-denials", "24.9%"], 3),
        (["--max-new-allows", "0"], 0),
        (["--max-new-denials", "x"], 2),
        (["--model", "none-of-these"], 0),
    ],
)
def test_the_exit_code_is_a_gate(candidate: str, options: list[str], code: int) -> None:
    """Three for a threshold exceeded, two for a misused option."""
    house = House([decision(1, model="gpt-4o"), *map(decision, range(2, 5))])
    said = RUN.invoke(app, ["backtest", candidate, *options], obj=house)

    assert said.exit_code == code, said.output


def test_a_doubtful_log_passes_no_gate(candidate: str) -> None:
    """A question that isn't what was asked is told, and the exit code is its own."""
    said = RUN.invoke(app, ["backtest", candidate], obj=House([decision(), Decision(missing="altered")]))

    assert said.exit_code == 4
    assert "NOT what was asked" in said.stdout


def test_json_and_csv_hold_everything(candidate: str, tmp_path: Path) -> None:
    """One object with the verdict; one row for each difference, none of them a spreadsheet's formula."""
    rows_file = tmp_path / "rows.csv"
    house = House(
        [decision(1, model="gpt-4o"), decision(2, model="=HYPERLINK(1)", role="nobody"), decision(3)]
    )
    house.decisions.append(decision(4, model="-secret", role="analyst"))
    arguments = ["backtest", candidate, "--json", "--csv", str(rows_file), "--max-new-denials", "0"]
    arguments += ["--against", str(_looser(tmp_path))]
    said = RUN.invoke(app, arguments, obj=house)
    document = json.loads(said.stdout)
    rows = list(csv.DictReader(rows_file.read_text(encoding="utf-8").splitlines()))

    assert (said.exit_code, document["verdict"], document["replayed"]) == (3, "exceeded", 4)
    assert document["changes"] == {
        "allow_to_deny": 2, "deny_to_allow": 0, "deny_to_admitted": 0, "obligations": 0
    }  # fmt: skip
    assert document["by_rule"][0]["examples"] == {"allow_to_deny": [f"{1:032x}", f"{4:032x}"]}
    assert [(row["change"], row["model"], row["rules"]) for row in rows] == [
        ("allow_to_deny", "gpt-4o", "access.not_granted"),
        ("allow_to_deny", "'-secret", "access.not_granted"),
    ]
    assert rows[0]["after"] == "deny access.not_granted"
    assert rows[0]["before"].startswith("allow clamp=4096 route=")


def _looser(folder: Path) -> Path:
    """A bundle in which analysts may use everything."""
    found = edited(lambda data: data["roles"]["analyst"].update(models=["*"]))
    building.write(dict(found.files), folder / "active")
    return folder / "active"


def test_a_name_cannot_steer_the_terminal(candidate: str) -> None:
    """A model's name with an escape sequence is shown as what it is: unprintable."""
    house = House([decision(1, model="gpt-4o\x1b[2J")])
    shown = RUN.invoke(app, ["backtest", candidate, "--against", candidate], obj=house)
    house.decisions = [Decision(model="a\x1b[31m", question=orjson.dumps(asked(model="gpt-4o")))]
    shown = RUN.invoke(app, ["backtest", candidate], obj=house)

    assert "\x1b" not in shown.stdout
    assert "a\N{REPLACEMENT CHARACTER}[31m" in shown.stdout


def test_what_the_log_lacks_is_shown(candidate: str) -> None:
    """Damage, a torn end, decisions that the same revision doesn't repeat, and rows beyond the first."""
    revision = bundle_files.read(Path(candidate)).revision
    found = [replace(decision(n, model="gpt-4o"), model=f"m{n}", revision=revision) for n in range(30)]
    house = House(found, damaged=["w0/0: 3 bytes"], torn=["w0/5"])
    said = RUN.invoke(app, ["backtest", candidate], obj=house)
    same = RUN.invoke(app, ["backtest", candidate, "--against", candidate], obj=house)

    assert said.exit_code == 4
    for line in (
        "damaged    w0/0: 3 bytes",
        "torn       the end of w0/5",
        "and 10 more; --json has them all",
    ):
        assert line in said.stdout
    assert "30 that the same revision decides otherwise today" in same.stdout


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes of the log, on standard error, and nothing where nobody looks."""
    with commands._progress(100) as told:
        assert told is None
    monkeypatch.setattr("sys.stderr", Terminal())
    with commands._progress(100) as told:
        assert told is not None
        told(50)


class Terminal(io.StringIO):
    """Somebody looks at it."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("error", [OSError("no log"), ValueError("no time")])
def test_what_cannot_run_says_so(candidate: str, error: Exception) -> None:
    """A log that can't be read is 1, a time that is none is misuse."""
    said = RUN.invoke(app, ["backtest", candidate], obj=House(error=error))

    assert said.exit_code == (1 if isinstance(error, OSError) else 2)
    assert str(error) in said.output


def test_a_bundle_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """With its code; and without a house there is nothing to read."""
    said = RUN.invoke(app, ["backtest", str(tmp_path / "none")], obj=House())

    assert (said.exit_code, said.stderr.split(":")[0]) == (1, "bundle.unreadable")
    assert RUN.invoke(app, ["backtest", str(tmp_path)]).exit_code == 1


def period(n: int = 1, candidate: str = "r-new", t_us: int = 2_000_000, **counts: int) -> dict[str, Any]:
    """A record as a gateway writes it."""
    return {
        "typ": "policy.shadow",
        "t_us": t_us,
        "policy": {"revision": candidate, "bundle": "sha256:0", "engine": "shadow"},
        "shadow": {
            "active": "r-old",
            "since_us": t_us - 1_000_000,
            "counts": {"considered": 10, "allow_to_deny": n, **counts},
            "reasons": [{"change": "allow_to_deny", "rule": "hours.closed", "n": n}],
            "examples": {"allow_to_deny": [f"{t_us:032x}"]},
        },
    }


def test_a_report_adds_up_all_gateways() -> None:
    """By candidate, since when, with reasons and examples."""
    house = House(periods=[period(2), period(3, t_us=9_000_000, dropped=7), period(1, "r-other", t_us=1)])
    shown = RUN.invoke(app, ["shadow", "report"], obj=house)
    (new, _) = json.loads(RUN.invoke(app, ["shadow", "report", "--json"], obj=house).stdout)

    assert shown.exit_code == 0, shown.output
    assert "compared   20 requests" in shown.stdout
    assert "7 not compared: the queue was full" in shown.stdout
    assert "hours.closed" in shown.stdout
    assert (new["candidate"], new["active"], new["since_us"], new["until_us"]) == (
        "r-new", "r-old", 1_000_000, 9_000_000
    )  # fmt: skip
    assert new["counts"] == {"allow_to_deny": 5, "considered": 20, "dropped": 7}
    assert new["rules"] == [{"change": "allow_to_deny", "rule": "hours.closed", "n": 5}]
    assert new["examples"] == {"allow_to_deny": [f"{2_000_000:032x}", f"{9_000_000:032x}"]}


def test_a_report_without_a_candidate_says_so() -> None:
    """Exit code 1, as of a query that finds nothing; a log that can't be read likewise."""
    assert RUN.invoke(app, ["shadow", "report"], obj=House()).exit_code == 1
    assert RUN.invoke(app, ["shadow", "report", "--json"], obj=House()).stdout == "[]\n"
    assert RUN.invoke(app, ["shadow", "report"], obj=House(error=OSError("no log"))).exit_code == 1
    assert RUN.invoke(app, ["shadow", "report"], obj=House(error=ValueError("no time"))).exit_code == 2
