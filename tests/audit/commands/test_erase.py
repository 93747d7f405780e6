"""Pins `regent audit erase`: two records for each erasure, whatever breaks in between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from audit.cli import app
from audit.commands import erase as command
from audit.commands.hold import lift_hold, set_hold
from audit.errors import AuditError, LogUnavailable, VaultRefused
from audit.log import AuditLog
from audit.ports import Ports
from audit.reading.stream import events
from audit.record import Record
from audit.vault import database
from audit.vault.commitment import commit
from audit.vault.erasure import Counts
from audit.vault.nonces import find
from audit.vault.pseudonyms import look_up
from audit.verify.check import verify
from audit.verify.verdict import Verdict

ORIGIN = "regent.example/audit"
ALICE, BOB = "alice@acme.example", "bob@acme.example"
WHY: dict[str, Any] = {"basis": "gdpr.art17", "by": "dpo"}
FLAGS = ("--basis", "gdpr.art17", "--by", "dpo")

Make = Callable[..., Record]


@pytest.fixture
async def called(folder: Path, make_decision: Make) -> dict[str, str]:
    """A log in which Alice and Bob were refused once; returns the ids of the decisions."""
    ids = {}
    async with AuditLog.open(folder, ORIGIN) as log:
        for subject in (ALICE, BOB):
            question = orjson.dumps({"subject": {"id": subject}})
            record = make_decision(
                action="deny",
                sref=await log.sref(subject),
                policy_input=commit("input", question),
                question=question,
                payload=[commit("req", b"prompt")],
            )
            await log.append(record)
            ids[subject] = record.id
    return ids


def recorded(folder: Path) -> list[dict[str, Any]]:
    """The records of erasures, in order."""
    return list(events(folder, "erasure"))


def regent(folder: Path, *arguments: str, say: str | None = None) -> Result:
    """Run `regent audit`."""
    return CliRunner().invoke(app, ["--folder", str(folder), *arguments], input=say)


def everything(folder: Path) -> bytes:
    """All that stands in the folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_an_erasure_is_recorded_before_and_after(folder: Path, called: dict[str, str]) -> None:
    """First what will go, then what went: a pseudonym that leads nowhere, codes and counts."""
    sref = look_up(folder / "vault" / database.NAME, ALICE)
    command.erase(folder, subject=ALICE, **WHY)
    begun, done = recorded(folder)
    facts = {"typ": "erasure", "scope": "subject", "sref": sref, "record": None, **WHY}

    assert facts.items() <= begun.items()
    assert facts.items() <= done.items()
    assert (begun["stage"], begun["count"], begun["ref"]) == ("begun", {}, None)
    assert (done["stage"], done["ref"]) == ("done", begun["id"])
    assert done["count"] == {
        "pseudonym": 1,
        "key": 0,
        "question": 1,
        "payload": 0,
        "nonce": 2,
        "unread": 0,
    }
    assert verify(folder).verdict is Verdict.OPERATOR_ASSERTED
    assert b"alice" not in everything(folder)
    assert command.pending(folder) == []


def test_a_record_is_erased_by_name(folder: Path, called: dict[str, str]) -> None:
    """The record of it names the decision and its subject's pseudonym."""
    counts = command.erase(folder, record=called[ALICE], **WHY)
    begun, done = recorded(folder)

    assert (counts.question, counts.nonce) == (1, 2)
    assert begun["record"] == done["record"] == called[ALICE]
    assert begun["sref"] == look_up(folder / "vault" / database.NAME, ALICE)


def test_what_cannot_be_recorded_is_not_erased(
    folder: Path, called: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that takes no record keeps what it has."""

    def full(*_: object) -> str:
        raise LogUnavailable("log.not_durable", "the disk is full")

    before = everything(folder / "vault" / "nonces")
    monkeypatch.setattr("audit.commands.journal.Journal.record", full)
    with pytest.raises(LogUnavailable):
        command.erase(folder, subject=ALICE, **WHY)

    assert everything(folder / "vault" / "nonces") == before
    assert look_up(folder / "vault" / database.NAME, ALICE)


def test_an_erasure_without_its_end_is_finished_by_the_next(folder: Path, called: dict[str, str]) -> None:
    """Whatever broke off the first, the next command of any kind does it, and says so on the record."""

    def broken(fd: int) -> None:
        raise OSError(5, "input/output error")

    with pytest.raises(LogUnavailable):
        command.erase(folder, subject=ALICE, ports=Ports(fdatasync=broken), **WHY)
    (begun,) = command.pending(folder)
    command.erase(folder, record=called[BOB], **WHY)

    assert begun["scope"] == "subject"
    assert [each["stage"] for each in recorded(folder)] == ["begun", "done", "begun", "done"]
    assert recorded(folder)[1]["ref"] == begun["id"]
    assert command.pending(folder) == []
    assert command.finish(folder) == 0
    assert b"alice" not in everything(folder)


def test_a_hold_that_came_between_stops_the_rest_and_nobody_else(
    folder: Path, called: dict[str, str]
) -> None:
    """What was interrupted and is held since waits; others are erased, and it is finished once it may."""

    def broken(fd: int) -> None:
        raise OSError(5, "input/output error")

    with pytest.raises(LogUnavailable):
        command.erase(folder, record=called[ALICE], ports=Ports(fdatasync=broken), **WHY)
    set_hold(folder, subject=ALICE, basis="litigation.1", by="legal")
    assert command.erase(folder, subject=BOB, **WHY).pseudonym == 1
    assert len(command.pending(folder)) == 1
    with pytest.raises(VaultRefused, match=r"vault\.held"):
        command.finish(folder)
    lift_hold(folder, subject=ALICE, basis="litigation.1", by="legal")
    assert command.finish(folder) == 1
    assert find(folder / "vault", called[ALICE], "req") is None


@pytest.mark.slow
def test_no_crash_loses_the_fact(
    folder: Path, called: dict[str, str], crashed: Callable[[int, Callable[[], object]], bool]
) -> None:
    """Wherever it breaks off: if anything is gone, the log says that it was to go; and it can be finished."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    whole = everything(folder / "vault" / "nonces"), everything(folder / "vault" / "questions")
    subjects = folder / "vault" / database.NAME
    steps, stopped = 0, True
    while stopped:
        for path in [path for path in folder.rglob("*") if path.is_file() and path not in files]:
            path.unlink()
        for path, data in files.items():
            path.write_bytes(data)
        stopped = crashed(steps, lambda: command.erase(folder, subject=ALICE, **WHY))
        steps += 1
        begun = any(each["stage"] == "begun" for each in recorded(folder))
        left = everything(folder / "vault" / "nonces"), everything(folder / "vault" / "questions")
        if left != whole or not look_up(subjects, ALICE):
            assert begun, steps
        if any(each["stage"] == "done" for each in recorded(folder)):
            assert b"alice" not in everything(folder)
        if command.finish(folder) == 0 and look_up(subjects, ALICE):
            command.erase(folder, subject=ALICE, **WHY)
        assert b"alice" not in everything(folder), steps
        assert command.pending(folder) == []
        assert verify(folder).verdict is Verdict.OPERATOR_ASSERTED
    assert steps > 30


def test_after_a_restore_everything_is_erased_again(folder: Path, called: dict[str, str]) -> None:
    """A backup of the vault brings back what was erased; the log knows what to erase."""
    backup = {path: path.read_bytes() for path in (folder / "vault").rglob("*") if path.is_file()}
    command.erase(folder, subject=ALICE, **WHY)
    for path, data in backup.items():
        path.write_bytes(data)
    assert b"alice" in everything(folder)
    shown = regent(folder, "erase", "--after-restore")

    assert (shown.exit_code, shown.stdout) == (0, "erased again: 1\n")
    assert b"alice" not in everything(folder)
    assert b"bob" in everything(folder)


# From the terminal.


def test_it_asks_before_it_erases(folder: Path, called: dict[str, str]) -> None:
    """`no` changes nothing and leaves no record; `--yes` doesn't ask."""
    refused = regent(folder, "erase", "--subject", ALICE, *FLAGS, say="n\n")
    assert refused.exit_code == 1
    assert recorded(folder) == []
    done = regent(folder, "erase", "--subject", ALICE, *FLAGS, "--yes")
    assert (done.exit_code, done.stdout) == (0, "pseudonym 1, key 0, question 1, payload 0, nonce 2\n")
    assert regent(folder, "erase", "--record", called[BOB], *FLAGS, say="y\n").exit_code == 0
    assert (done := regent(folder, "erase", "--resume")).stdout == "finished: 0\n"
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--subject", "carol", *FLAGS), 1),
        (("--record", "0" * 32, *FLAGS), 1),
        (("--subject", ALICE, "--record", "0" * 32, *FLAGS), 2),
        (FLAGS, 2),
        (("--subject", ALICE, "--by", "dpo"), 2),
        (("--subject", ALICE, "--basis", "she asked for it", "--by", "dpo"), 2),
        (("--subject", ALICE, "--basis", "gdpr.art17", "--by", "Jane Doe"), 2),
    ],
)
def test_what_is_not_done_has_its_exit_code(
    arguments: tuple[str, ...], code: int, folder: Path, called: dict[str, str]
) -> None:
    """Nobody of that name, or words that are no codes: nothing is erased or recorded."""
    assert regent(folder, "erase", *arguments, "--yes").exit_code == code
    assert recorded(folder) == []
    assert find(folder / "vault", called[ALICE], "req") is not None


def test_a_hold_has_its_exit_code(folder: Path, called: dict[str, str]) -> None:
    """3, and the basis in the message; no record of an erasure."""
    set_hold(folder, basis="litigation.1", by="legal")
    refused = regent(folder, "erase", "--subject", ALICE, *FLAGS, "--yes")

    assert refused.exit_code == 3
    assert "litigation.1" in refused.stderr
    assert "vault.held" in refused.stderr
    assert recorded(folder) == []


def test_a_part_that_cannot_be_read_is_told(
    folder: Path, called: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is erased as far as the log can be read, and exit code 30 says that this may not be all."""
    monkeypatch.setattr("audit.commands.erase.erase", lambda *_, **__: Counts(pseudonym=1, unread=2))
    done = regent(folder, "erase", "--subject", ALICE, *FLAGS, "--yes")

    assert done.exit_code == 30
    assert "2 segments" in done.stderr


@pytest.mark.parametrize("name", ["none", "empty"])
def test_where_there_is_no_log_nothing_is_made(name: str, tmp_path: Path) -> None:
    """40, and no folder of a log that never was."""
    folder = tmp_path / name
    if name == "empty":
        folder.mkdir()
    assert regent(folder, "erase", "--subject", ALICE, *FLAGS, "--yes").exit_code == 40
    assert not folder.exists() or list(folder.iterdir()) == []
    with pytest.raises(AuditError):
        command.pending(folder)
