"""The modes: what each promises, what it says of itself, and how it admits what a weaker one lost."""

import errno
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from audit.durability import Durability
from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.ports import Ports
from audit.record import Record
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from audit.writing import mark

OpenLog = Callable[..., AuditLog]
Bodies = Callable[..., list[bytes]]
Make = Callable[..., Record]
Until = Callable[..., Awaitable[None]]


class Disk:
    """Syncs that are counted and fail on demand."""

    def __init__(self) -> None:
        self.fails = False
        self.syncs = 0

    def fdatasync(self, fd: int) -> None:
        """Count, or fail."""
        assert fd >= 0
        if self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.syncs += 1


def gaps(bodies: list[bytes]) -> list[dict[str, object]]:
    """What the log admits."""
    return [json.loads(body)["gap"] for body in bodies if b'"typ":"gap"' in body]


@pytest.mark.parametrize("durability", list(Durability))
async def test_each_boot_names_its_mode(
    open_log: OpenLog, bodies: Bodies, folder: Path, durability: Durability
) -> None:
    """An auditor reads from the log itself what it promised, and such a log is whole."""
    open_log(durability=durability).close()

    assert [json.loads(body).get("mode") for body in bodies()][1] == durability.value
    assert verify(folder).verdict == Verdict.OPERATOR_ASSERTED


async def test_written_does_not_wait_for_the_disk(
    open_log: OpenLog, make_decision: Make, folder: Path, until: Until
) -> None:
    """Callers go on without a sync; the sync follows, and only then is anything called durable."""
    disk = Disk()
    log = open_log(durability=Durability.WRITTEN, ports=Ports(fdatasync=disk.fdatasync))
    await log.append(make_decision(action="deny"))
    before, syncs = mark.read(folder / "writers" / "w0"), disk.syncs
    for _ in range(20):
        await log.append(make_decision(action="deny"))
    assert disk.syncs <= syncs + 2
    await until(lambda: mark.read(folder / "writers" / "w0") >= before + 20)


async def test_what_was_written_and_not_durable_is_counted(
    open_log: OpenLog, make_decision: Make, bodies: Bodies, folder: Path, until: Until
) -> None:
    """A sync that fails after callers went on: their records are given up, and a gap says how many."""
    disk = Disk()
    ports = Ports(fdatasync=disk.fdatasync)
    log = open_log(durability=Durability.WRITTEN, ports=ports, reopen_after_s=0.1)
    await until(lambda: mark.read(folder / "writers" / "w0") == 2)
    disk.fails = True
    for _ in range(5):
        await log.append(make_decision(action="deny"))
    await until(lambda: not log.available)
    disk.fails = False
    await until(lambda: log.available)
    await log.append(make_decision(action="deny"))
    log.close()

    (gap,) = gaps(bodies())
    assert (gap["reason"], gap["lost"], gap["error"]) == ("not_durable", 5, "EIO")
    assert sum(b'"typ":"decision"' in body for body in bodies()) == 1
    assert verify(folder).verdict == Verdict.INCOMPLETE


async def test_best_effort_still_tells_its_callers(
    open_log: OpenLog, make_decision: Make, bodies: Bodies, until: Until
) -> None:
    """The log refuses as ever, and counts; that a call goes on without it is for the caller to decide."""
    disk = Disk()
    ports = Ports(fdatasync=disk.fdatasync)
    log = open_log(durability=Durability.BEST_EFFORT, ports=ports, reopen_after_s=0.1)
    disk.fails = True
    with pytest.raises(LogUnavailable):
        await log.append(make_decision())
    disk.fails = False
    await until(lambda: log.available)
    log.close()

    assert [gap["lost"] for gap in gaps(bodies())] == [1]
