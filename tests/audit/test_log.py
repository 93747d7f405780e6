"""Pins what a caller may rely on: receipts, order, groups, bounds, restarts and the end."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.ports import Ports
from audit.record import Record
from audit.vault import nonces
from audit.vault.commitment import commit, opens

OpenLog = Callable[..., AuditLog]
Bodies = Callable[..., list[bytes]]
Make = Callable[..., Record]
Until = Callable[..., Awaitable[None]]


class Gate:
    """An fdatasync that counts and, when shut, waits."""

    def __init__(self) -> None:
        self.calls = 0
        self.open = threading.Event()
        self.open.set()

    def __call__(self, fd: int) -> None:
        self.calls += 1
        assert self.open.wait(10)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_us: int = 1_700_000_000_000_000) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


async def test_one_sync_serves_all_who_wait(open_log: OpenLog, make_decision: Make) -> None:
    """While one group is on its way, the next gathers; nobody is answered before its sync."""
    gate = Gate()
    log = open_log(ports=Ports(fdatasync=gate))
    gate.open.clear()
    gate.calls = 0
    waiting = [asyncio.ensure_future(log.append(make_decision())) for _ in range(200)]
    await asyncio.sleep(0.05)
    assert not any(each.done() for each in waiting)
    gate.open.set()
    receipts = await asyncio.gather(*waiting)
    assert sorted(each.index for each in receipts) == list(range(2, 202))
    assert gate.calls <= 3


async def test_a_full_queue_refuses_and_the_gap_is_told(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """Memory is bounded: what does not fit is refused or dropped, and counted in the next gap record."""
    gate = Gate()
    log = open_log(ports=Ports(fdatasync=gate), queue_limit=3)
    gate.open.clear()
    first = asyncio.ensure_future(log.append(make_decision()))
    await asyncio.sleep(0.05)  # the thread has taken it and waits for its sync
    waiting = [asyncio.ensure_future(log.append(make_decision())) for _ in range(3)]
    await asyncio.sleep(0)
    for _ in range(2):
        with pytest.raises(LogUnavailable) as caught:
            await log.append(make_decision())
        assert caught.value.code == "log.backlogged"
    for _ in range(5):
        log.append_soon(make_decision(action="deny"))
    gate.open.set()
    await asyncio.gather(first, *waiting)
    gaps = [json.loads(body)["gap"] for body in bodies() if b'"typ":"gap"' in body]
    assert gaps == [{"reason": "backlogged", "lost": 0, "refused": 2, "dropped": 5}]


async def test_nonces_are_in_the_vault_when_the_receipt_is_there(
    open_log: OpenLog, make_decision: Make, bodies: Bodies, folder: Path
) -> None:
    """A commitment in the log can be opened from the vault; payload and nonce stand nowhere else."""
    log = open_log()
    record = make_decision(payload=[commit("req", b"a secret prompt")])
    receipt = await log.append(record)
    stored = bodies()[receipt.index]
    nonce = nonces.find(folder / "vault", record.id, "req")
    assert nonce is not None
    assert opens(json.loads(stored)["payload"]["req"]["c"], nonce=nonce, label="req", data=b"a secret prompt")
    log.close()
    everything = _all_bytes(folder)
    assert b"secret prompt" not in everything
    assert everything.count(nonce) == 1


async def test_the_vault_is_synced_within_a_second(
    open_log: OpenLog, make_decision: Make, until: Until
) -> None:
    """Nonces become durable without further appends."""
    synced: set[int] = set()
    log = open_log(ports=Ports(fdatasync=synced.add))
    await log.append(make_decision())
    segment_only = set(synced)
    await log.append(make_decision(payload=[commit("req", b"x")]))
    await until(lambda: synced != segment_only)
    assert len(synced) == len(segment_only) + 1


def test_folders_and_files_are_closed_to_others(open_log: OpenLog, folder: Path) -> None:
    """Nobody but the owner reads the log or the vault, even where the vault was too open."""
    open_log().close()
    (folder / "vault").chmod(0o755)
    open_log().close()
    modes: dict[bool, set[int]] = {True: set(), False: set()}
    for path in [folder, *folder.rglob("*")]:
        modes[path.is_dir()].add(path.stat().st_mode & 0o777)
    assert modes == {True: {0o700}, False: {0o600}}


def test_a_folder_that_cannot_be_written_is_refused_plainly(tmp_path: Path) -> None:
    """The error names the folder; no half-made log holds a slot."""
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LogUnavailable, match="cannot open the log in") as caught:
        AuditLog.open(tmp_path / "file" / "audit", "regent.example/audit")
    assert caught.value.code == "log.cannot_open"


def _all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
