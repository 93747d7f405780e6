"""An honest log as Regent writes it: its own writers and sequencer, by the clock and the key of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.keys import LogKeys
from audit.log import AuditLog
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import BEAT_US, Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports
from audit.tlog.entries import unpack
from audit.tlog.keys import KeyType, SigningKey
from audit.tlog.tiles import new_bundles
from tests.audit.verify.builder import LOG, ORIGIN, SECOND_US, START_US, Sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from audit.record import Record

    Make = Callable[..., Record]


class House:
    """One log, two writers, a sequencer and a clock.

    Attributes:
        now_us: the wall clock.
        receipts: of every record, in the form that callers get.
    """

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.now_us = START_US
        self.receipts: list[str] = []
        self._folder = folder
        self._opened = opened
        self._ports = Ports(wall_us=self._wall_us, mono_us=lambda: self.now_us - START_US)
        (folder / "keys").mkdir(parents=True, mode=0o700)
        seed = LOG.key.private_bytes_raw()
        secret = folder / "keys" / "log.key"
        secret.touch(mode=0o600)
        secret.write_text(SigningKey(ORIGIN, KeyType.ED25519, seed).private_text())
        self.logs = {name: self.open() for name in ("w0", "w1")}
        shelf, writers = Shelf(folder), FolderWriters(folder)
        opened.callback(shelf.close)
        opened.callback(writers.close)
        self.sequencer = Sequencer(
            writers, shelf, LogNotary(LogKeys.read(folder, ORIGIN), self._ports), self._ports
        )

    def _wall_us(self) -> int:
        self.now_us += 1000
        return self.now_us

    def open(self) -> AuditLog:
        """One more boot."""
        log = AuditLog.open(self._folder, ORIGIN, ports=self._ports)
        self._opened.callback(log.close)
        return log

    async def append(self, writer: str, *records: Record) -> None:
        """Log records one by one."""
        log = self.logs[writer]
        for record in records:
            self.receipts.append(log.certify(await log.append(record)))

    def turn(self, after_s: int = 0) -> int:
        """Merge after some time; return the size."""
        self.now_us += after_s * SECOND_US
        self.sequencer.turn()
        return self.sequencer.size

    def entries(self) -> list[bytes]:
        """What is merged."""
        return [
            entry
            for bundle in new_bundles(0, self.sequencer.size)
            for entry in unpack((self._folder / bundle.path).read_bytes())
        ]


async def written(folder: Path, opened: ExitStack, decision: Make, outcome: Make) -> Sample:
    """Return what `builder.honest` returns, written by Regent."""
    house = House(folder, opened)

    def call(**changes: object) -> tuple[Record, Record]:
        allowed = decision(**changes)
        return allowed, outcome(allowed.id)

    for number in range(6):
        await house.append(f"w{number % 2}", *call(), decision(action="deny"))
    house.logs["w1"].close()
    kept = house.turn()
    house.logs["w1"] = house.open()
    for number in range(4):
        await house.append(f"w{number % 2}", *call(team="sales"))
    seen = house.turn(BEAT_US // SECOND_US)
    seen_s = house.now_us // SECOND_US + 1
    first = house.turn(90)
    house.receipts.clear()
    await house.append("w0", *call(team="legal"))
    await house.append("w1", *call())
    await house.append("w0", decision(action="deny"))
    house.turn()
    for _ in range(12):
        house.turn(60)
    return Sample(
        origin_json=(folder / "origin.json").read_bytes(),
        entries=house.entries(),
        kept=kept,
        seen=seen,
        seen_s=seen_s,
        now_s=house.now_us // SECOND_US + 2,
        receipts=house.receipts[:2],
        receipted=[first, first + 1],
    )
