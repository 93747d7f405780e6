"""Breaks the disk and kills the process: no acknowledged record is lost, and every loss is admitted."""

import asyncio
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import pytest

import audit
from audit import frames
from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.ports import Ports
from audit.record import Record
from audit.vault.commitment import commit
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from audit.writing.folder import FolderStore

OpenLog = Callable[..., AuditLog]
Bodies = Callable[..., list[bytes]]
Make = Callable[..., Record]
Until = Callable[..., Awaitable[None]]

APPENDER = """
import asyncio, os, sys
from pathlib import Path
from audit.log import AuditLog
from audit.record import auth_failure

async def run():
    log = AuditLog.open(Path(sys.argv[1]), "regent.example/audit")
    os.write(1, b"ready\\n")
    async def one():
        while True:
            receipt = await log.append(auth_failure("auth.example", 1))
            os.write(1, f"{receipt.index} {receipt.leaf_hash}\\n".encode())
    await asyncio.gather(*(one() for _ in range(16)))

asyncio.run(run())
"""

FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.record import auth_failure

async def run():
    log = AuditLog.open(Path(sys.argv[1]), "regent.example/audit", reopen_after_s=0.05)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    durable = 0
    try:
        while True:
            await log.append(auth_failure("auth.example", 1))
            durable += 1
    except LogUnavailable as error:
        print(error.code, durable)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    while not log.available:
        await asyncio.sleep(0.02)
    await log.append(auth_failure("auth.example", 1))
    log.close()

asyncio.run(run())
"""


class Disk:
    """Disk calls that fail on demand, with a chosen error, and count."""

    def __init__(self) -> None:
        self.error: int | None = None
        self.syncs_after_failure: dict[int, int] = {}
        self.failed: set[int] = set()

    def fdatasync(self, fd: int) -> None:
        """Fail, or do nothing: these tests end before a power cut."""
        if fd in self.failed:
            self.syncs_after_failure[fd] = self.syncs_after_failure.get(fd, 0) + 1
        if self.error:
            self.failed.add(fd)
            raise OSError(self.error, os.strerror(self.error))

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        """Fail for a full disk after half of the data, as a real one does."""
        if self.error == errno.ENOSPC:
            if len(data) > 1:
                return os.pwrite(fd, data[: len(data) // 2], offset)
            raise OSError(self.error, os.strerror(self.error))
        return os.pwrite(fd, data, offset)


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=["sync fails", "disk full"])
async def test_a_failing_disk_refuses_all_and_comes_back_behind_a_gap(
    open_log: OpenLog, make_decision: Make, bodies: Bodies, folder: Path, until: Until, error: int
) -> None:
    """Nobody is told "durable" who is not; later the log goes on and says what is missing."""
    disk = Disk()
    log = open_log(ports=Ports(fdatasync=disk.fdatasync, pwrite=disk.pwrite), reopen_after_s=0.2)
    durable = [await log.append(make_decision(action="deny")) for _ in range(3)]
    disk.error = error
    failed = await asyncio.gather(*(log.append(make_decision()) for _ in range(10)), return_exceptions=True)
    assert {each.code for each in failed if isinstance(each, LogUnavailable)} == {"log.not_durable"}
    assert len(failed) == 10
    assert not log.available
    with pytest.raises(LogUnavailable) as caught:
        await log.append(make_decision())
    assert caught.value.code == "log.not_durable"
    log.append_soon(make_decision(action="deny"))
    await asyncio.sleep(0.3)
    assert not log.available
    disk.error = None
    await until(lambda: log.available)
    durable.append(await log.append(make_decision(action="deny")))
    log.close()
    stored = bodies()
    for receipt in durable:
        assert receipt.leaf_hash == sha256(b"\x00" + stored[receipt.index]).hexdigest()
    assert sum(b'"typ":"decision"' in body for body in stored) == len(durable)
    (gap,) = [json.loads(body)["gap"] for body in stored if b'"typ":"gap"' in body]
    assert gap == {
        "reason": "not_durable",
        "lost": 10,
        "refused": 1,
        "dropped": 1,
        "error": errno.errorcode[error],
    }
    assert verify(folder).verdict == Verdict.INCOMPLETE


async def test_a_failed_sync_is_never_tried_again_on_the_same_file(
    open_log: OpenLog, make_decision: Make
) -> None:
    """The kernel may report the second sync as a success and keep nothing."""
    disk = Disk()
    log = open_log(ports=Ports(fdatasync=disk.fdatasync), reopen_after_s=3600)
    disk.error = errno.EIO
    with pytest.raises(LogUnavailable):
        await log.append(make_decision())
    disk.error = None
    for _ in range(3):
        with pytest.raises(LogUnavailable):
            await log.append(make_decision())
    assert disk.syncs_after_failure == {}


async def test_a_disk_that_stays_broken_lets_the_log_close(
    open_log: OpenLog, make_decision: Make, folder: Path
) -> None:
    """Closing ends; the missing `writer.close` is what the next start and the verifier see."""
    disk = Disk()
    log = open_log(ports=Ports(fdatasync=disk.fdatasync))
    disk.error = errno.EIO
    with pytest.raises(LogUnavailable):
        await log.append(make_decision())
    log.close()
    again = open_log()
    assert again.boot == 1
    again.close()
    assert verify(folder).verdict == Verdict.INCOMPLETE


async def test_a_vault_that_cannot_be_synced_stops_the_log(
    open_log: OpenLog, make_decision: Make, until: Until
) -> None:
    """A commitment whose nonce may vanish is not released for long: the log goes down."""
    segment: set[int] = set()

    def fdatasync(fd: int) -> None:
        if segment and fd not in segment:
            raise OSError(errno.EIO, "input/output error")

    log = open_log(ports=Ports(fdatasync=fdatasync), reopen_after_s=3600)
    store = log._writer._store
    assert isinstance(store, FolderStore)
    segment.add(store._segments._fd)
    await log.append(make_decision(payload=[commit("req", b"x")]))
    await until(lambda: not log.available)


# The thread may come to report its end only when the hook below is gone again.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_fault_of_the_code_leaves_nobody_waiting(
    open_log: OpenLog, make_decision: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the writer thread dies, callers are refused, not hung."""
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    fail = False

    def fdatasync(fd: int) -> None:
        if fail:
            raise ZeroDivisionError

    log = open_log(ports=Ports(fdatasync=fdatasync))
    fail = True
    with pytest.raises(LogUnavailable) as caught:
        await asyncio.wait_for(log.append(make_decision()), 5)
    assert caught.value.code == "log.closed"
    with pytest.raises(LogUnavailable):
        await log.append(make_decision())


async def test_a_slow_disk_slows_callers_and_loses_nothing(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """With a sync of 20 ms, many callers still share few syncs."""
    syncs = 0

    def fdatasync(fd: int) -> None:
        nonlocal syncs
        syncs += 1
        time.sleep(0.02)

    log = open_log(ports=Ports(fdatasync=fdatasync))
    syncs = 0
    await asyncio.gather(*(log.append(make_decision()) for _ in range(300)))
    assert syncs < 20
    assert sum(b'"typ":"decision"' in body for body in bodies()) == 300


@pytest.mark.slow
def test_a_killed_process_loses_no_acknowledged_record(folder: Path) -> None:
    """Ten lives, each ended by SIGKILL in the middle of its work: every receipt holds."""
    receipts: dict[int, str] = {}
    for _ in range(10):
        process = _child(APPENDER, folder)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
        for line in process.stdout.read().split(b"\n")[:-1]:
            index, leaf = line.split()
            receipts[int(index)] = leaf.decode()
        process.wait()
        process.stdout.close()
    assert len(receipts) > 100
    AuditLog.open(folder, "regent.example/audit").close()
    stored = _stored(folder)
    assert {index: sha256(b"\x00" + stored[index]).hexdigest() for index in receipts} == receipts
    report = verify(folder)
    assert {finding.verdict for finding in report.findings} == {Verdict.INCOMPLETE}
    assert [json.loads(body)["writer"]["boot"] for body in stored][-1] == 10


@pytest.mark.slow
def test_a_full_disk_of_the_kernel_is_survived(folder: Path) -> None:
    """With a real limit on the file's size: refused when full, and going on when there is room again."""
    process = _child(FULL_DISK, folder)
    output = process.communicate(timeout=60)[0].split()
    assert process.returncode == 0
    assert output[0] == b"log.not_durable"
    stored = [json.loads(body) for body in _stored(folder)]
    assert [each["typ"] for each in stored].count("auth_failure") == int(output[1]) + 1
    assert [each["gap"]["error"] for each in stored if each["typ"] == "gap"] == ["EFBIG"]
    assert stored[-1]["typ"] == "writer.close"


def _child(script: str, folder: Path) -> "subprocess.Popen[bytes]":
    root = str(Path(audit.__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root},
    )


def _stored(folder: Path) -> list[bytes]:
    paths = sorted((folder / "writers" / "w0" / "seg").glob("*.log"))
    return [body for path in paths for _, body in frames.scan(path.read_bytes())]


async def test_a_log_that_was_deleted_is_not_durable(
    open_log: OpenLog, make_decision: Make, folder: Path
) -> None:
    """Writing on into a file that nobody can find any more would keep no promise."""
    log = open_log()
    await log.append(make_decision())
    shutil.rmtree(folder)
    with pytest.raises(LogUnavailable) as refused:
        await log.append(make_decision())

    assert refused.value.code == "log.not_durable"
    assert not log.available
