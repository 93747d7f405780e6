"""Pins `regent audit hold`: what is held stays, and a crash never opens what the log says is held."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audit.cli import app
from audit.commands import hold as command
from audit.commands.prune import prune
from audit.errors import LogUnavailable, VaultRefused
from audit.log import AuditLog
from audit.reading.stream import events
from audit.vault import database
from audit.vault.pseudonyms import look_up

ORIGIN = "regent.example/audit"
ALICE = "alice@acme.example"
WHY: dict[str, Any] = {"basis": "litigation.2026-17", "by": "legal"}
FLAGS = ("--basis", "litigation.2026-17", "--by", "legal")


@pytest.fixture
async def log(folder: Path) -> Path:
    """A log that knows Alice."""
    async with AuditLog.open(folder, ORIGIN) as opened:
        await opened.sref(ALICE)
    return folder


def recorded(folder: Path) -> list[tuple[str, str | None, str | None]]:
    """The records of holds: action, pseudonym, tenant."""
    found = list(events(folder, "legal_hold"))
    assert all(WHY.items() <= each.items() for each in found)
    return [(each["action"], each["sref"], each["tenant"]) for each in found]


def regent(folder: Path, *arguments: str) -> Result:
    """Run `regent audit hold`."""
    return CliRunner().invoke(app, ["--folder", str(folder), "hold", *arguments])


def test_a_hold_is_set_shown_and_lifted(log: Path) -> None:
    """By name on the terminal, by pseudonym in the log."""
    sref = look_up(log / "vault" / database.NAME, ALICE)
    for where in (("--subject", ALICE), ("--tenant", "acme"), ("--everything",)):
        assert regent(log, "set", *where, *FLAGS).stdout == "held\n"
    shown = regent(log, "list").stdout.splitlines()
    for where in (("--subject", ALICE), ("--tenant", "acme"), ("--everything",)):
        assert regent(log, "lift", *where, *FLAGS).stdout == "lifted\n"

    assert [re.sub(r"^\S+Z ", "", line) for line in shown] == [
        "subject alice@acme.example: litigation.2026-17, by legal",
        "tenant acme: litigation.2026-17, by legal",
        "everything: litigation.2026-17, by legal",
    ]
    assert regent(log, "list").stdout == ""
    places = [(sref, None), (None, "acme"), (None, None)]
    assert recorded(log) == [(action, *place) for action in ("set", "lift") for place in places]


def test_a_hold_is_set_once(log: Path) -> None:
    """A second time changes nothing and leaves no second record; another basis is another hold."""
    for _ in range(2):
        command.set_hold(log, tenant="acme", **WHY)
    command.set_hold(log, tenant="acme", basis="litigation.2026-18", by="legal")
    command.lift_hold(log, tenant="acme", **WHY)

    assert [hold.basis for hold, _ in command.standing(log)] == ["litigation.2026-18"]
    assert [each["action"] for each in events(log, "legal_hold")] == ["set", "set", "lift"]


def test_whoever_has_not_called_yet_is_held_from_the_first_call_on(log: Path) -> None:
    """The pseudonym is there before the subject is."""
    hold = command.set_hold(log, subject="carol", **WHY)

    assert hold.sref == look_up(log / "vault" / database.NAME, "carol")
    assert hold.sref is not None


def test_what_is_not_held_cannot_be_lifted(log: Path) -> None:
    """Neither another thing, nor for another basis, nor a subject that nobody knows; no record."""
    command.set_hold(log, tenant="acme", **WHY)
    attempts: list[dict[str, Any]] = [
        {"tenant": "other", **WHY},
        {"tenant": "acme", "basis": "litigation.1", "by": "legal"},
        {"subject": "carol", **WHY},
        {**WHY},
    ]
    for attempt in attempts:
        with pytest.raises(VaultRefused, match=r"vault\.unknown"):
            command.lift_hold(log, **attempt)
    assert regent(log, "lift", "--everything", *FLAGS).exit_code == 1
    assert len(recorded(log)) == 1


def test_a_hold_protects_though_its_record_is_missing(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that takes no record doesn't open what is to be held; setting it again mends the record."""

    def full(*_: object) -> str:
        raise LogUnavailable("log.not_durable", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("audit.commands.journal.Journal.record", full)
        with pytest.raises(LogUnavailable):
            command.set_hold(log, tenant="acme", **WHY)
    assert "not on the record" in regent(log, "list").stdout
    with pytest.raises(VaultRefused, match=r"vault\.held"):
        prune(log, before_us=0, by="operator")
    command.set_hold(log, tenant="acme", **WHY)

    assert recorded(log) == [("set", None, "acme")]
    assert "not on the record" not in regent(log, "list").stdout


@pytest.mark.parametrize("broken", ["the record", "the vault"])
def test_a_lift_that_breaks_off_leaves_it_held(
    broken: str, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the record or the vault fails: it stands, and lifting again ends it."""
    command.set_hold(log, **WHY)

    def fail(*_: object) -> Callable[..., None]:
        raise sqlite3.OperationalError("disk I/O error")

    def full(*_: object) -> str:
        raise LogUnavailable("log.not_durable", "the disk is full")

    with monkeypatch.context() as patch:
        if broken == "the vault":
            patch.setattr("audit.vault.holds.remove", fail)
        else:
            patch.setattr("audit.commands.journal.Journal.record", full)
        with pytest.raises(LogUnavailable):
            command.lift_hold(log, **WHY)
    assert len(command.standing(log)) == 1
    command.lift_hold(log, **WHY)

    assert command.standing(log) == []
    assert recorded(log)[-1] == ("lift", None, None)


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", *FLAGS),
        ("set", "--everything", "--tenant", "acme", *FLAGS),
        ("set", "--everything", "--basis", "a reason", "--by", "legal"),
        ("lift", "--everything", "--basis", "litigation.1", "--by", "Some Body"),
        ("lift", *FLAGS),
    ],
)
def test_a_hold_is_on_one_thing_for_a_code(arguments: tuple[str, ...], log: Path) -> None:
    """The whole log is never meant by leaving something out."""
    assert regent(log, *arguments).exit_code == 2
    assert recorded(log) == []
    assert command.standing(log) == []


def test_where_there_is_no_log_nothing_is_held(tmp_path: Path) -> None:
    """40, for all three."""
    for arguments in (("set", "--everything", *FLAGS), ("lift", "--everything", *FLAGS), ("list",)):
        assert regent(tmp_path / "none", *arguments).exit_code == 40
    assert list(tmp_path.iterdir()) == []
