"""What a caller may rely on wherever the log is, in a folder or in a database: held against both."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from audit.errors import LogDamaged, LogUnavailable, RecordRefused
from audit.ports import Ports
from audit.record import Record
from audit.tlog.tree import leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from audit.log import AuditLog

    Make = Callable[..., Record]
    Until = Callable[..., Awaitable[None]]


class Place(Protocol):
    """Where a log is."""

    def name(self, number: int) -> str:
        """Id of the writer in a slot."""

    def open(self, **options: Any) -> AuditLog:
        """One more writer."""

    def bodies(self, number: int = 0) -> list[bytes]:
        """Stored bytes of a writer's records."""


class InFolder:
    """A folder."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.open = request.getfixturevalue("open_log")
        self._bodies = request.getfixturevalue("bodies")

    def name(self, number: int) -> str:
        return f"w{number}"

    def bodies(self, number: int = 0) -> list[bytes]:
        return list(self._bodies(self.name(number)))


class InDatabase:
    """A database."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._cluster = request.getfixturevalue("cluster")
        self.open = self._cluster.open

    def name(self, number: int) -> str:
        return f"a.w{number}"

    def bodies(self, number: int = 0) -> list[bytes]:
        return list(self._cluster.bodies(self.name(number)))


@pytest.fixture(params=["folder", pytest.param("postgres", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest) -> Place:
    """Return either."""
    return InFolder(request) if request.param == "folder" else InDatabase(request)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_us = time.time_ns() // 1_000

    def __call__(self) -> int:
        return self.now_us


async def test_a_receipt_names_the_leaf_that_is_there(place: Place, make_decision: Make) -> None:
    """The receipt's index, number and hash are those of the stored bytes."""
    log = place.open()
    receipts = [await log.append(make_decision(request_id=f"r{number}")) for number in range(5)]
    stored = place.bodies()
    for receipt in receipts:
        record = json.loads(stored[receipt.index])
        assert receipt.leaf_hash == sha256(b"\x00" + stored[receipt.index]).hexdigest()
        assert (
            (receipt.writer, receipt.boot)
            == (record["writer"]["id"], record["writer"]["boot"])
            == (place.name(0), 0)
        )
        assert (receipt.wseq, receipt.t_us) == (record["wseq"], record["t_us"])
    assert [json.loads(body)["wseq"] for body in stored] == list(range(len(stored)))


async def test_a_boot_is_bracketed_and_linked(place: Place, make_decision: Make) -> None:
    """Open, mode, records, close; and the next boot continues behind the tree of all before it."""
    log = place.open()
    await log.append(make_decision())
    log.close()
    log.close()
    again = place.open()
    assert (again.writer, again.boot) == (place.name(0), 1)
    stored = place.bodies()
    records = [json.loads(body) for body in stored]
    assert [each["typ"] for each in records] == [
        *("writer.open", "mode", "decision", "writer.close"),
        *("writer.open", "mode"),
    ]
    assert [each["wseq"] for each in records] == [0, 1, 2, 3, 0, 1]
    assert [each["mode"] for each in records if each["typ"] == "mode"] == ["strict", "strict"]
    for index in (0, 3, 4):
        root = root_of(map(leaf_hash, stored[:index])).hex()
        assert records[index]["tree"] == {"size": index, "root": root}


async def test_denials_are_written_without_waiting(place: Place, make_decision: Make) -> None:
    """`append_soon` returns at once, and a close writes what is still on its way."""
    log = place.open()
    for number in range(50):
        log.append_soon(make_decision(action="deny", request_id=f"r{number}"))
    log.close()
    found = [json.loads(body) for body in place.bodies()]
    assert [each["req"]["id"] for each in found if each["typ"] == "decision"] == [f"r{n}" for n in range(50)]


async def test_one_bad_record_harms_no_other(place: Place, make_decision: Make) -> None:
    """A record without canonical form is refused alone; its number is given to the next one."""
    log = place.open()
    bad: list[Record] = [
        Record({"id": "0" * 32, "typ": "decision", "x": 0.5}),
        Record({"id": "no hex", "typ": "decision"}),
        Record({"typ": "decision"}),
        make_decision(team="x" * 70_000),
    ]
    log.append_soon(Record({"id": "0" * 32, "x": 0.5}))
    results = await asyncio.gather(
        *(log.append(each) for each in [make_decision(), *bad, make_decision()]), return_exceptions=True
    )
    assert [type(each).__name__ for each in results] == ["Receipt", *["RecordRefused"] * 4, "Receipt"]
    codes = [each.code for each in results if isinstance(each, RecordRefused)]
    assert codes == ["record.type", "record.value", "record.value", "record.too_long"]
    log.close()
    records = [json.loads(body) for body in place.bodies()]
    assert [each["wseq"] for each in records] == list(range(len(records)))
    assert [each["gap"]["dropped"] for each in records if each["typ"] == "gap"] == [1]


async def test_failed_authentications_cannot_grow_the_log(place: Place) -> None:
    """Ten thousand failures are two records: one at once, one with the rest."""
    clock = Clock()
    log = place.open(ports=Ports(mono_us=clock))
    for _ in range(10_000):
        log.auth_failure("auth.expired")
    log.auth_failure("Bearer secret-token")
    log.close()
    found = [json.loads(body) for body in place.bodies() if b'"auth_failure"' in body]
    by_code: dict[str, list[int]] = {}
    for each in found:
        by_code.setdefault(each["reason_code"], []).append(each["n"])
    assert sum(by_code["auth.expired"]) == 10_000
    assert len(by_code["auth.expired"]) <= 2
    assert by_code["auth.other"] == [1]
    assert not any(b"secret-token" in body for body in place.bodies())


async def test_a_tally_is_written_when_it_is_due_without_other_traffic(place: Place, until: Until) -> None:
    """The second record of a burst needs no further call."""
    log = place.open()
    for _ in range(3):
        log.auth_failure("auth.expired")
        await asyncio.sleep(0.05)

    def counts() -> list[int]:
        return [json.loads(body)["n"] for body in place.bodies() if b'"auth_failure"' in body]

    await until(lambda: sum(counts()) == 3)
    assert counts() == [1, 2]


async def test_two_logs_in_one_place_write_side_by_side(place: Place, make_decision: Make) -> None:
    """Each has a slot, a tree and a boot of its own; a freed slot is continued."""
    first, second = place.open(), place.open()
    assert (first.writer, second.writer) == (place.name(0), place.name(1))
    await asyncio.gather(*(log.append(make_decision()) for log in (first, second) for _ in range(10)))
    first.close()
    third = place.open()
    assert (third.writer, third.boot) == (place.name(0), 1)
    assert [json.loads(body)["typ"] for body in place.bodies(1)].count("decision") == 10


async def test_after_the_close_nothing_is_taken(place: Place, make_decision: Make) -> None:
    """A late append fails plainly; a late denial and a late failure are harmless."""
    log = place.open()
    await log.aclose()
    with pytest.raises(LogUnavailable) as caught:
        await log.append(make_decision())
    assert caught.value.code == "log.closed"
    log.append_soon(make_decision())
    log.auth_failure("auth.expired")
    assert not log.available


async def test_appends_that_meet_a_close_all_get_an_answer(place: Place, make_decision: Make) -> None:
    """Durable or refused, but never left waiting."""
    log = place.open()
    appends = [asyncio.ensure_future(log.append(make_decision())) for _ in range(500)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(log.aclose())
    appends += [asyncio.ensure_future(log.append(make_decision())) for _ in range(500)]
    results = await asyncio.wait_for(asyncio.gather(*appends, return_exceptions=True), 10)
    await closing
    assert {type(each).__name__ for each in results} <= {"Receipt", "LogUnavailable"}


async def test_a_caller_that_gives_up_does_not_disturb(place: Place, make_decision: Make) -> None:
    """A cancelled append may still be logged; the others are answered."""
    log = place.open()
    appends = [asyncio.ensure_future(log.append(make_decision())) for _ in range(10)]
    await asyncio.sleep(0)
    appends[0].cancel()
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(each).__name__ for each in results[1:]] == ["Receipt"] * 9


def test_several_event_loops_may_append(place: Place, make_decision: Make) -> None:
    """Each loop gets its own answers, and the numbers stay without holes."""
    log = place.open()

    async def some() -> None:
        await asyncio.gather(*(log.append(make_decision()) for _ in range(50)))

    threads = [threading.Thread(target=lambda: asyncio.run(some())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [json.loads(body) for body in place.bodies()]
    assert [each["wseq"] for each in records] == list(range(202))


async def test_a_clock_that_steps_back_is_recorded_as_it_is(place: Place, make_decision: Make) -> None:
    """The log goes on; it does not correct what the clock says."""
    wall = Clock()
    log = place.open(ports=Ports(wall_us=wall))
    first = await log.append(make_decision())
    wall.now_us -= 3_600_000_000
    second = await log.append(make_decision())
    assert second.t_us == first.t_us - 3_600_000_000
    assert second.wseq == first.wseq + 1


def test_another_origin_is_refused_and_the_slot_stays_free(place: Place) -> None:
    """A folder or a schema is one log for good."""
    place.open().close()
    with pytest.raises(LogDamaged) as caught:
        place.open(origin="other.example/audit")
    assert caught.value.code == "log.origin"
    assert place.open().writer == place.name(0)


async def test_it_is_a_context(place: Place, make_decision: Make) -> None:
    """Leaving the context closes the boot in order."""
    async with place.open() as log:
        await log.append(make_decision())
        assert len(await log.sref("alice")) == 32
    assert json.loads(place.bodies()[-1])["typ"] == "writer.close"
