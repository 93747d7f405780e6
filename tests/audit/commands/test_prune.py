"""Pins `regent audit prune`: says what would go, and with `--yes` lets it go, on the record."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audit.cli import app
from audit.commands.hold import set_hold
from audit.commands.prune import prune
from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.ports import Ports
from audit.reading.stream import events
from audit.record import Record
from audit.vault.commitment import commit
from audit.vault.nonces import find
from audit.vault.pruning import DAY_US
from audit.verify.check import verify
from audit.verify.verdict import Verdict

ORIGIN = "regent.example/audit"
OLD_US = 1_500_000_000_000_000
Make = Callable[..., Record]


@pytest.fixture
async def old(folder: Path, make_decision: Make, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of some years ago, in several segments."""
    monkeypatch.setattr("audit.writing.segments.SEGMENT_BYTES", 2048)
    async with AuditLog.open(folder, ORIGIN, ports=Ports(wall_us=lambda: OLD_US)) as log:
        for _ in range(8):
            await log.append(make_decision(action="deny", payload=[commit("req", b"prompt")]))
    return folder


def regent(folder: Path, *arguments: str) -> Result:
    """Run `regent audit prune`."""
    return CliRunner().invoke(app, ["--folder", str(folder), "prune", *arguments])


def sidecars(folder: Path) -> list[Path]:
    """What the vault holds of segments."""
    return sorted((folder / "vault").rglob("*.bin"))


def test_without_yes_it_only_says_what_would_go(old: Path) -> None:
    """Nothing is changed, no record is written."""
    before = sidecars(old)
    shown = regent(old, "--keep-days", "400")

    assert shown.exit_code == 0
    assert shown.stdout.startswith("would go (--yes does it): sidecar ")
    assert sidecars(old) == before
    assert list(events(old, "prune")) == []


def test_with_yes_it_goes_between_two_records(old: Path) -> None:
    """What goes, before it does; then that it is gone. The log verifies as before."""
    before = sidecars(old)
    shown = regent(old, "--before", "400d", "--by", "ops", "--yes")
    begun, done = events(old, "prune")
    went = len(before) - len(sidecars(old))

    assert shown.stdout == f"went: sidecar {went}, bundle 0, segment 0; minimum index: 0\n"
    assert went >= 3
    assert (begun["stage"], done["stage"], done["ref"]) == ("begun", "done", begun["id"])
    for each in (begun, done):
        assert each["count"] == {"sidecar": went, "bundle": 0, "segment": 0}
        assert (each["by"], each["minimum_index"]) == ("ops", None)
    assert verify(old).verdict is Verdict.OPERATOR_ASSERTED
    again = regent(old, "--before", "400d", "--yes")
    assert (again.exit_code, len(list(events(old, "prune")))) == (0, 2)


def test_an_interrupted_pruning_stands_on_the_record(old: Path) -> None:
    """What was begun and not done is in the log, and the next one finishes it."""

    def broken(fd: int) -> None:
        raise OSError(5, "input/output error")

    ports = Ports(wall_us=lambda: OLD_US + 999 * DAY_US, fdatasync=broken)
    with pytest.raises((OSError, LogUnavailable)):
        prune(old, before_us=OLD_US + DAY_US, by="ops", ports=ports)
    assert [each["stage"] for each in events(old, "prune")] == ["begun"]
    prune(old, before_us=OLD_US + DAY_US, by="ops")

    assert [each["stage"] for each in events(old, "prune")] == ["begun", "begun", "done"]
    assert len(sidecars(old)) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--keep-days", "182"), 3),
        (("--before", "182d", "--yes"), 3),
        ((), 2),
        (("--keep-days", "400", "--before", "400d"), 2),
        (("--before", "yesterday"), 2),
        (("--keep-days", "400", "--by", "Some Body"), 2),
    ],
)
def test_what_is_not_done_has_its_exit_code(arguments: tuple[str, ...], code: int, old: Path) -> None:
    """Too young, or no sense: nothing goes."""
    before = sidecars(old)
    assert regent(old, *arguments).exit_code == code
    assert sidecars(old) == before


def test_force_is_for_what_is_young_and_not_for_what_is_held(old: Path) -> None:
    """183 days can be overruled, a hold can't."""
    assert regent(old, "--keep-days", "1", "--force").exit_code == 0
    set_hold(old, tenant="acme", basis="litigation.1", by="legal")
    refused = regent(old, "--keep-days", "400", "--force", "--yes")

    assert (refused.exit_code, "vault.held" in refused.stderr) == (3, True)


def test_where_there_is_no_log_nothing_goes(tmp_path: Path) -> None:
    """40, and nothing is made."""
    assert regent(tmp_path / "none", "--keep-days", "400").exit_code == 40
    assert list(tmp_path.iterdir()) == []


# What policies wanted kept for days that are over.


@pytest.fixture
async def kept(folder: Path, make_decision: Make, make_outcome: Make) -> dict[int | None, tuple[str, str]]:
    """A log with a call for each of some retentions, made ten days ago; the ids of both its records."""
    found: dict[int | None, tuple[str, str]] = {}
    ten_days_ago = Ports().wall_us() - 10 * DAY_US
    async with AuditLog.open(folder, ORIGIN, ports=Ports(wall_us=lambda: ten_days_ago)) as log:
        for days in (9, 11, None):
            retain = [{"kind": "retain", "payload": "digest", "days": each} for each in (days, 400) if days]
            question = b'{"subject":{"id":"alice"}}'
            opening = make_decision(
                obligations=retain,
                policy_input=commit("input", question),
                question=question,
                payload=[commit("req", b"prompt")],
            )
            await log.append(opening)
            closing = make_outcome(ref=opening.id, payload=[commit("resp", b"reply")])
            await log.append(closing)
            found[days] = opening.id, closing.id
    return found


def test_what_is_due_goes_from_the_vault_and_stays_in_the_log(
    folder: Path, kept: dict[int | None, tuple[str, str]]
) -> None:
    """By the fewest days of the decision, with its end; what is younger, or has no days, stays."""
    assert regent(folder, "--due").stdout == "would go (--yes does it): record 2\n"
    done = regent(folder, "--due", "--yes")
    records = list(events(folder, "prune"))
    opened, closed = kept.pop(9)

    assert done.stdout == "went: record 2, question 1, payload 0, nonce 3\n"
    assert [each["stage"] for each in records] == ["begun", "done"]
    assert records[1]["count"] == {"record": 2, "question": 1, "payload": 0, "nonce": 3}
    for record, label in ((opened, "input"), (opened, "req"), (closed, "resp")):
        assert find(folder / "vault", record, label) is None
    for opened, closed in kept.values():
        assert find(folder / "vault", opened, "req") is not None
        assert find(folder / "vault", closed, "resp") is not None
    assert verify(folder).verdict is Verdict.OPERATOR_ASSERTED
    assert regent(folder, "--due", "--yes").stdout == "went: record 0\n"


def test_what_is_held_is_not_due(folder: Path, kept: dict[int | None, tuple[str, str]]) -> None:
    """A hold stops this, too; a name that is none does before."""
    set_hold(folder, tenant="acme", basis="litigation.1", by="legal")
    assert regent(folder, "--due", "--yes").exit_code == 3
    assert regent(folder, "--due", "--by", "Some Body", "--yes").exit_code == 2
    assert find(folder / "vault", kept[9][0], "req") is not None
