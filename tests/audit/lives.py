"""A log that has lived for years: old records and young ones, merged by the real sequencer, to be pruned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from audit import record as records
from audit.keys import LogKeys
from audit.log import AuditLog
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports
from audit.vault.pruning import DAY_US

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "regent.example/audit"
SEGMENT_BYTES = 8192


class Life:
    """A log's folder, and a clock that is behind by some days.

    Attributes:
        folder: the log.
        behind_days: how far the clock is behind.
        receipts: of everything that was written, in the form that callers get.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.behind_days = 0
        self.receipts: list[str] = []
        self.ports = Ports(wall_us=lambda: Ports().wall_us() - self.behind_days * DAY_US)

    def write(self, count: int, *, behind_days: int = 0) -> None:
        """Have a writer live for some records."""
        self.behind_days = behind_days
        asyncio.run(self._write(count))

    async def _write(self, count: int) -> None:
        log = AuditLog.open(self.folder, ORIGIN, ports=self.ports)
        done = await asyncio.gather(*(log.append(records.auth_failure("a.b", each)) for each in range(count)))
        self.receipts += [log.certify(each) for each in done]
        log.close()

    def merge(self) -> int:
        """Have a sequencer start, merge what is there, and end; return the log's size."""
        shelf, writers = Shelf(self.folder), FolderWriters(self.folder)
        try:
            notary = LogNotary(LogKeys.read(self.folder, ORIGIN), self.ports)
            sequencer = Sequencer(writers, shelf, notary, self.ports)
            while sequencer.turn():
                pass
            return sequencer.size
        finally:
            writers.close()
            shelf.close()

    @property
    def checkpoint(self) -> bytes:
        """The signed checkpoint."""
        return (self.folder / "checkpoint").read_bytes()

    @property
    def size(self) -> int:
        """Entries under it."""
        return int(self.checkpoint.split(b"\n")[1])

    def before_us(self, days: int) -> int:
        """So many days ago."""
        return Ports().wall_us() - days * DAY_US


def lived(folder: Path) -> Life:
    """Return a log of about 900 entries: 640 of five hundred days ago, in two boots, and 250 of today."""
    life = Life(folder)
    for _ in range(2):
        life.write(320, behind_days=500)
        life.merge()
    life.write(250)
    life.merge()
    return life
