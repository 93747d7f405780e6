"""A log that grows to an exact size, and its copier."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from audit.keys import LogKeys
from audit.log import AuditLog
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports
from audit.record import auth_failure
from audit.rotation import enforce, prepare, retired

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "regent.test/log"
_OPENING = 4  # writer.open, mode, two words of a sequencer


class Growing:
    """A merged log.

    Attributes:
        folder: where.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def vkey(self) -> str:
        """The log's verifier key."""
        return (self.folder / "log.vkey").read_text()

    @property
    def size(self) -> int:
        """Entries under the checkpoint."""
        return int((self.folder / "checkpoint").read_text().split("\n")[1])

    def grow(self, records: int = 1) -> int:
        """Log and merge; return the new size."""
        return asyncio.run(self._grow(records))

    def rotate(self) -> None:
        """Give the log another key."""
        enforce(self.folder, prepare(self.folder, ORIGIN))

    async def _grow(self, records: int) -> int:
        log = AuditLog.open(self.folder, ORIGIN)
        shelf, writers, ports = Shelf(self.folder), FolderWriters(self.folder), Ports()
        notary = LogNotary(LogKeys.read(self.folder, ORIGIN), ports, retired(self.folder))
        sequencer = Sequencer(writers, shelf, notary, ports)
        await asyncio.gather(*(log.append(auth_failure("a.b", each)) for each in range(records)))
        log.close()
        sequencer.turn()
        shelf.close()
        writers.close()
        return sequencer.size


@pytest.fixture
def log(tmp_path: Path) -> Growing:
    """A log of about 600 entries: two full tiles, and partial ones."""
    log = Growing(tmp_path / "log")
    log.grow(600)
    return log
