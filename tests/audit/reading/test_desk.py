"""Pins that readers beside an event loop are few at once, and that none of them stays for ever."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from audit.errors import LogDamaged, LogUnavailable
from audit.index.wanted import Filter
from audit.reading import desk as desks
from audit.reading.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.reading.query import Stopped
    from audit.reading.source import Source
    from audit.record import Record

    OpenLog = Callable[..., AuditLog]
    Make = Callable[..., Record]
    Merge = Callable[..., int]


@pytest.fixture
async def log(open_log: OpenLog, make_decision: Make, sequence: Merge) -> AuditLog:
    """Make a log of five requests by alice, merged and indexed."""
    log = open_log()
    sref = await log.sref("alice@acme")
    for number in range(5):
        await log.append(make_decision(request_id=f"r{number}", sref=sref))
    sequence()
    return log


class Slow:
    """A query that goes on until it is told to stop, or let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun = threading.Semaphore(0)
        self.free = threading.Event()
        self.ended: list[bool] = []
        monkeypatch.setattr(desks, "query", self.query)

    def query(self, folder: Path, wanted: Filter, stopped: Stopped, source: Source) -> list[Any]:
        """Wait."""
        self.begun.release()
        while not stopped() and not self.free.wait(0.005):
            pass
        self.ended.append(stopped())
        return []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Make every query a slow one."""
    return Slow(monkeypatch)


async def test_a_page_tells_where_the_next_begins(log: AuditLog, folder: Path) -> None:
    """And by which pseudonym the subject was found."""
    desk = Desk(folder)
    wanted = Filter(subject="alice@acme")
    first = await desk.page(wanted, 3, None)
    second = await desk.page(wanted, 3, first.end)
    desk.close()

    assert [row.request_id for row in (*first.rows, *second.rows)] == ["r4", "r3", "r2", "r1", "r0"]
    assert (first.sref, second.end) == (await log.sref("alice@acme"), None)


async def test_who_finds_no_place_is_told_at_once(folder: Path, slow: Slow) -> None:
    """Nobody waits in a queue, and a place that is free again is free for all."""
    desk = Desk(folder, questions=1)
    first = asyncio.ensure_future(desk.page(Filter(), 1, None))
    await asyncio.to_thread(slow.begun.acquire)
    with pytest.raises(LogUnavailable, match=r"reading\.busy"):
        await desk.page(Filter(), 1, None)
    slow.free.set()
    assert (await first).rows == []
    assert (await desk.page(Filter(), 1, None)).rows == []
    desk.close()


async def test_a_question_that_takes_too_long_is_ended(folder: Path, slow: Slow) -> None:
    """The thread is told, and keeps its place until it heeds that."""
    desk = Desk(folder, questions=1, patience_s=0.05)
    with pytest.raises(LogUnavailable, match=r"reading\.too_long"):
        await desk.page(Filter(), 1, None)
    desk.close()
    await asyncio.to_thread(desk._threads.shutdown, wait=True)

    assert slow.ended == [True]
    assert desk._questions.acquire(blocking=False)


async def test_who_leaves_ends_his_question(
    folder: Path, slow: Slow, until: Callable[..., Awaitable[None]]
) -> None:
    """A search for nobody costs nobody anything."""
    desk = Desk(folder)
    asking = asyncio.ensure_future(desk.page(Filter(), 1, None))
    await asyncio.to_thread(slow.begun.acquire)
    asking.cancel()
    await until(lambda: slow.ended == [True])
    desk.close()

    assert asking.cancelled()


async def test_files_in_hand_are_bounded(log: AuditLog, folder: Path) -> None:
    """Until they are handed over."""
    desk = Desk(folder, files=1)
    with desk.place():
        assert await desk.file("checkpoint") is not None
        with pytest.raises(LogUnavailable, match=r"reading\.busy"), desk.place():
            pass
    with desk.place():
        assert await desk.file("nothing") is None
    desk.close()


async def test_what_cannot_be_read_has_a_code(folder: Path) -> None:
    """A folder that is no log, a disk that refuses, a file that holds something else."""
    desk = Desk(folder)
    with pytest.raises(LogUnavailable, match=r"log\.cannot_open"):
        await desk.page(Filter(), 1, None)
    (folder / "checkpoint").mkdir(parents=True)
    with pytest.raises(LogUnavailable, match=r"reading\.unreadable"):
        await desk.record(0)
    (folder / "checkpoint").rmdir()
    (folder / "checkpoint").write_text("nothing")
    with pytest.raises(LogDamaged):
        await desk.inclusion(0)
    desk.close()


async def test_every_way_of_asking_answers(log: AuditLog, folder: Path) -> None:
    """A record by id and by index, its proof, and the proof between two sizes."""
    desk = Desk(folder)
    page = await desk.page(Filter(), 1, None)
    by_id = await desk.record(page.rows[0].id)
    assert by_id is not None
    assert by_id.log_index is not None
    assert await desk.record(by_id.log_index) == by_id
    assert await desk.inclusion(by_id.log_index) is not None
    assert await desk.consistency(1, None) is not None
    desk.close()


async def test_a_desk_that_is_closed_takes_nothing(folder: Path) -> None:
    """And its places are all there."""
    desk = Desk(folder, questions=1)
    desk.close()
    with pytest.raises(RuntimeError):
        await desk.page(Filter(), 1, None)
    assert desk._questions.acquire(blocking=False)
