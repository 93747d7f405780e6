"""`regent audit replay`: words and exit codes, over a house of doubles."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

import bundles
from bundles import bundle as bundle_files
from bundles.commands.replay import replay
from bundles.errors import BundleError
from gateway.obligations.effect import Obedience
from tests.bundles.repetition.test_repeat import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from bundles.bundle import Bundle

APP = typer.Typer()
APP.callback()(lambda: None)
APP.command("replay")(replay)
DENIED = Decision(
    action="deny",
    reason_code="access.not_granted",
    reasons=[{"id": "access.not_granted", "controls": []}],
)


@dataclass
class Case:
    """Decisions in memory."""

    decisions: list[Decision]
    closed: bool = False

    def library(self, revision: str, digest: str) -> Bundle | None:
        return bundle_files.read(bundles.default_path()) if revision == "r-1" else None

    def close(self) -> None:
        self.closed = True


@dataclass
class House:
    """The program around the command."""

    decisions: list[Decision] = field(default_factory=list)
    error: Exception | None = None
    asked_for: dict[str, Any] = field(default_factory=dict)
    opened: Case | None = None

    def case(self, folder: Path, **wanted: Any) -> Case:
        self.asked_for = {"folder": folder, **wanted}
        if self.error:
            raise self.error
        self.opened = Case(self.decisions)
        return self.opened

    def bundle(self, name: str) -> Bundle:
        raise BundleError("bundle.unreadable", f"{name} is not there")

    def gateway(self) -> Obedience:
        return Obedience()


def run(house: object, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(APP, ["replay", *arguments], obj=house)


def test_results_are_counted_and_those_that_speak_against_are_named() -> None:
    """With what was recorded and what it would be."""
    altered = replace(DENIED, id="1" * 32, reason_code="access.\x1b[31m")
    house = House([Decision(revision="r-9"), altered, replace(DENIED, question=None, missing="unasked")])
    said = run(house, "--since", "7d")
    assert said.exit_code == 50
    for words in (
        "BUNDLE_MISSING",
        "DIVERGED",
        "UNDECIDED",
        "1" * 32,
        "deny access.\N{REPLACEMENT CHARACTER}[",
    ):
        assert words in said.stdout
    assert "\x1b" not in said.stdout
    assert house.opened is not None
    assert house.opened.closed
    assert house.asked_for == {"folder": house, "pack": None, "ids": (), "since": "7d", "until": None}


@pytest.mark.parametrize("limit", ["0", "-1", str(10**20), "many"])
def test_a_limit_is_a_number_of_decisions(limit: str) -> None:
    """One beyond what can be counted to is refused for what it is."""
    said = run(House(), "--limit", limit)
    assert (said.exit_code, "--limit" in said.stderr) == (2, True)


def test_json_has_both_sides() -> None:
    """Recorded and again; as many decisions as were asked for."""
    house = House([replace(Decision(), id=f"{number:032x}") for number in range(5)])
    said = run(house, "--json", "--examples", "2")
    document = json.loads(said.stdout)
    assert (said.exit_code, document["agrees"], document["replayed"]) == (50, False, 5)
    assert document["counts"]["diverged"] == 5
    first, second = document["decisions"]
    assert (first["differs"], second["id"]) == (["obligations"], f"{1:032x}")
    assert first["recorded"]["obligations"] == []
    assert first["again"]["obligations"] != []


@pytest.mark.parametrize(
    ("house", "options", "code"),
    [
        (House(), [], 50),
        (House([replace(Decision(), question=None, missing="unasked")]), [], 50),
        (House(), ["--id", "0" * 32], 40),
        (House(error=OSError("no log")), [], 40),
        (House(error=ValueError("no time")), [], 2),
        (House(), ["--bundle", "nowhere"], 40),
        (None, [], 40),
    ],
    ids=["nothing", "no policy asked", "unknown id", "no log", "no time", "no bundle", "no house"],
)
def test_of_nothing_nothing_is_known(house: House | None, options: list[str], code: int) -> None:
    """Exit code 0 takes at least one decision that matches, and none that doesn't."""
    assert run(house, *options).exit_code == code
