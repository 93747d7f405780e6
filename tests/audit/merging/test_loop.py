"""The sequencer's life: it begins anew after a failure, stands by for another, and merges what comes last."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from audit import files
from audit.keys import LogKeys
from audit.merging.folder import Folder
from audit.merging.loop import Loop, Pace
from audit.merging.notary import LogNotary
from audit.record import auth_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.audit.merging.conftest import House

ORIGIN = "regent.test/log"
PATIENCE_S = 20


class Running:
    """A loop on a thread of its own."""

    def __init__(self, house: House, pause_s: float = 0.01) -> None:
        self.said: list[str] = []
        self.loop = Loop(
            Folder(house.folder),
            lambda: LogNotary(LogKeys.read(house.folder, ORIGIN), house.ports),
            report=self.said.append,
            pace=Pace(interval_s=0.01, pause_s=pause_s),
            ports=house.ports,
        )
        self._thread = threading.Thread(target=self.loop.run)

    def __enter__(self) -> Running:  # noqa: PYI034 - not to be derived from
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.stop()
        self._thread.join()


def wait(condition: Callable[[], bool]) -> None:
    """Wait for what another thread or process does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def covered(house: House) -> bool:
    """Whether everything that was promised is merged."""
    return (house.folder / "checkpoint").exists() and set(house.promised.values()) <= house.merged()


async def test_it_begins_anew_after_a_failure(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk stops a turn; it is said once, and when there is room again everything is merged."""
    log = house.open()
    full = True

    def refuse(path: Path, data: bytes) -> None:
        if full:
            raise OSError(28, "No space left on device")
        real(path, data)

    real = files.write
    monkeypatch.setattr("audit.files.write", refuse)
    with Running(house) as running:
        await house.append(log, auth_failure("a.b", 1))
        wait(lambda: len(running.said) > 0)
        await asyncio.sleep(0.1)
        full = False
        wait(lambda: covered(house))
    log.close()

    assert running.said == ["[Errno 28] No space left on device"]


async def test_another_takes_over(house: House) -> None:
    """Of two, one merges and the other stands by without a word, until the first has ended."""
    log = house.open()
    with Running(house) as first:
        wait((house.folder / "checkpoint").exists)
        with Running(house) as second:
            await house.append(log, auth_failure("a.b", 1))
            wait(lambda: covered(house))
            first.loop.stop()
            await house.append(log, auth_failure("a.b", 2))
            wait(lambda: covered(house))
    log.close()

    assert first.said == second.said == []


async def test_what_comes_last_is_merged(house: House) -> None:
    """A stop still merges what the writers wrote before it."""
    log = house.open()
    with Running(house):
        wait((house.folder / "checkpoint").exists)
        await house.append(log, *(auth_failure("a.b", number) for number in range(1000)))
        log.close()

    assert covered(house)


async def test_a_stop_before_the_beginning_still_merges(house: House) -> None:
    """A sequencer that starts slowly may be told to end before it began; the writers' last words count."""
    log = house.open()
    await house.append(log, auth_failure("a.b", 1))
    log.close()
    running = Running(house)
    running.loop.stop()
    with running:
        pass

    assert covered(house)


async def test_a_stop_in_a_pause_still_merges(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that pauses after a failure, and is told to end meanwhile, tries at once."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    log = house.open()
    await house.append(log, auth_failure("a.b", 1))
    log.close()
    with ExitStack() as ended, monkeypatch.context() as patch:
        patch.setattr(files, "write", full)
        running = ended.enter_context(Running(house, pause_s=3600))
        wait(lambda: len(running.said) > 0)

    assert covered(house)


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    """The process, as the gateway starts it."""
    command = [sys.executable, "-m", "audit.merging", str(folder), ORIGIN, "--interval-s", "0.05", *options]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


async def test_the_process_ends_with_its_pipe(house: House) -> None:
    """Signals that everybody is sent don't end it; a closed pipe does, however the starter went."""
    log = house.open()
    process = start(house.folder, "--beside")
    wait((house.folder / "checkpoint").exists)
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process.send_signal(each)
    await house.append(log, auth_failure("a.b", 1))
    log.close()
    _, said = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, said) == (0, b"")
    assert covered(house)


async def test_the_process_alone_ends_by_signal(house: House) -> None:
    """Started by a person or a service manager, it ends as they are used to."""
    log = house.open()
    process = start(house.folder)
    wait((house.folder / "checkpoint").exists)
    await house.append(log, auth_failure("a.b", 1))
    log.close()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert covered(house)


@pytest.mark.slow
async def test_a_killed_sequencer_loses_nothing(house: House) -> None:
    """Killed again and again in the middle of its work, it never publishes what doesn't hold."""
    log = house.open()
    for number in range(12):
        process = start(house.folder, "--interval-s", "0")
        await house.append(log, *(auth_failure("a.b", each) for each in range(200)))
        if number:
            await asyncio.sleep(0.02 * number)
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        if (house.folder / "checkpoint").exists():
            house.entries()
    log.close()
    house.sequencer().turn()

    assert covered(house)


async def test_the_process_keeps_the_index(house: House) -> None:
    """What is merged can be asked for soon, and an index that is spoiled is made anew."""
    log = house.open()
    await house.append(log, *(auth_failure("a.b", number) for number in range(300)))
    process = start(house.folder, "--beside")
    wait(lambda: indexed(house.folder) >= 300)
    (house.folder / "index.rebuild").touch()
    await house.append(log, auth_failure("a.b", 1))
    wait(lambda: not (house.folder / "index.rebuild").exists() and indexed(house.folder) >= 301)
    log.close()
    _, said = process.communicate(timeout=PATIENCE_S)

    assert (process.returncode, said) == (0, b"")


def indexed(folder: Path) -> int:
    """How many failed authentications the index knows."""
    if not (folder / "index.db").exists():
        return 0
    with closing(sqlite3.connect(f"file:{folder}/index.db?mode=ro", uri=True)) as db:
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return int(db.execute("SELECT count(*) FROM record").fetchone()[0]) if "record" in tables else 0
