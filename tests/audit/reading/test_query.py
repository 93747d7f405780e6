"""Pins what questions the log answers, and that it answers them newest first."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import frames
from audit.errors import LogDamaged, LogUnavailable
from audit.log import AuditLog
from audit.ports import Ports
from audit.reading.query import Filter, Row, query
from audit.record import Record, aborted

OpenLog = Callable[..., AuditLog]
Make = Callable[..., Record]

START_US = 1_700_000_000_000_000


@pytest.fixture
async def live(open_log: OpenLog, make_decision: Make, make_outcome: Make) -> AuditLog:
    """Make a live log of two writers: one request a second, alternating between them."""
    now_us = START_US

    def wall_us() -> int:
        return now_us

    logs = [open_log(ports=Ports(wall_us=wall_us)) for _ in range(2)]
    alice = await logs[0].sref("alice")
    for number in range(6):
        now_us = START_US + number * 1_000_000
        allowed = make_decision(
            request_id=f"r{number}",
            team="hr" if number < 4 else "sales",
            sref=alice if number % 3 == 0 else None,
            action="deny" if number == 1 else "allow",
            reason_code="limits.team" if number == 1 else "policy.allowed",
        )
        await logs[number % 2].append(allowed)
        if number == 2:
            await logs[0].append(aborted(ref=allowed.id, reason_code="client.gone", total_us=1))
        if number in {0, 3}:
            await logs[number % 2].append(make_outcome(allowed.id))
    return logs[0]


def ids(rows: list[Row]) -> list[str | None]:
    """Return which requests were found."""
    return [row.request_id for row in rows]


def test_all_rows_come_newest_first_across_writers(live: AuditLog, folder: Path) -> None:
    """Two writers' records are one list; a limit takes the newest."""
    assert ids(list(query(folder, Filter()))) == ["r5", "r4", "r3", "r2", "r1", "r0"]
    assert ids(list(query(folder, Filter(limit=2)))) == ["r5", "r4"]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(subject="alice"), ["r3", "r0"]),
        (Filter(subject="nobody"), []),
        (Filter(team="sales"), ["r5", "r4"]),
        (Filter(tenant="other"), []),
        (Filter(model="gpt-4o", limit=1), ["r5"]),
        (Filter(model="llama-3.3-70b", limit=10**30), ["r3", "r0"]),
        (Filter(action="deny"), ["r1"]),
        (Filter(reason_code="limits.team"), ["r1"]),
        (Filter(reason_code="client.gone"), ["r2"]),
        (Filter(request_id="r4"), ["r4"]),
        (Filter(since_us=START_US + 4_000_000), ["r5", "r4"]),
        (Filter(until_us=START_US + 1_000_000), ["r0"]),
        (Filter(since_us=START_US + 1_000_000, until_us=START_US + 3_000_000, team="hr"), ["r2", "r1"]),
    ],
)
def test_each_filter_finds_its_rows(
    live: AuditLog, folder: Path, wanted: Filter, expected: list[str]
) -> None:
    """Filters narrow, together too; time is inclusive at its start and exclusive at its end."""
    assert ids(list(query(folder, wanted))) == expected


def test_a_decision_and_its_end_are_one_row(live: AuditLog, folder: Path) -> None:
    """The row tells who served it, or why it was aborted, or that it is still open."""
    rows = {row.request_id: row for row in query(folder, Filter())}
    assert (rows["r3"].end, rows["r3"].deployment, rows["r3"].tokens_out) == ("outcome", "onprem-llama", 20)
    assert (rows["r2"].end, rows["r2"].end_reason) == ("aborted", "client.gone")
    assert (rows["r5"].end, rows["r5"].deployment) == (None, None)
    assert rows["r3"].as_json()["rules"] == ["residency.hr_onprem"]


def test_failed_authentications_are_denials_with_a_count(live: AuditLog, folder: Path) -> None:
    """A tally is a row of its own."""
    live.auth_failure("auth.expired")
    live.close()
    (row,) = query(folder, Filter(reason_code="auth.expired"))
    assert (row.action, row.n, row.request_id) == ("deny", 1, None)


async def test_pairs_are_found_across_segments(
    open_log: OpenLog, make_decision: Make, make_outcome: Make, folder: Path
) -> None:
    """A decision and its outcome may stand in different files."""
    log = open_log()
    first = make_decision(request_id="first")
    await log.append(first)
    for _ in range(1200):
        log.append_soon(make_decision(action="deny", team="x" * 60_000))
    await log.append(make_outcome(first.id))
    assert len(list((folder / "writers" / "w0" / "seg").glob("*.log"))) == 2
    (row,) = query(folder, Filter(request_id="first"))
    assert row.end == "outcome"


def test_a_torn_end_is_no_obstacle(live: AuditLog, folder: Path) -> None:
    """What is whole is shown; the rest is for the verifier."""
    live.close()
    (path,) = (folder / "writers" / "w0" / "seg").glob("*.log")
    path.write_bytes(path.read_bytes() + b"\x00\x00\x01\x00torn")
    assert len(list(query(folder, Filter()))) == 6


def test_what_is_no_log_is_refused_plainly(tmp_path: Path, live: AuditLog, folder: Path) -> None:
    """A wrong folder and a damaged record are errors with codes, not empty answers."""
    with pytest.raises(LogUnavailable) as missing:
        list(query(tmp_path, Filter()))
    assert missing.value.code == "log.cannot_open"
    live.close()
    (path,) = (folder / "writers" / "w0" / "seg").glob("*.log")
    path.write_bytes(frames.pack(json.dumps({"typ": "decision"}).encode()))
    with pytest.raises(LogDamaged):
        list(query(folder, Filter()))
