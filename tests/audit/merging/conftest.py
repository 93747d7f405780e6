"""A log with writers and a sequencer, and a reader who believes neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.keys import LogKeys, verifiers
from audit.log import AuditLog
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.entries import unpack
from audit.tlog.note import open_note
from audit.tlog.tiles import new_bundles, partial_tiles
from audit.tlog.tree import leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audit.record import Record

ORIGIN = "regent.test/log"


class House:
    """One log's folder.

    Attributes:
        promised: what writers were told is durable: leaf hash by (writer, boot, wseq).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.promised: dict[tuple[str, int, int], str] = {}
        self.now_us = 1_000_000
        self.ports = Ports(mono_us=lambda: self.now_us)
        self._shelves: list[Shelf] = []

    def open(self) -> AuditLog:
        """One more writer."""
        return AuditLog.open(self.folder, ORIGIN)

    async def append(self, log: AuditLog, *records: Record) -> None:
        """Have a writer log something, and keep what it promises."""
        for record in records:
            receipt = await log.append(record)
            self.promised[receipt.writer, receipt.boot, receipt.wseq] = receipt.leaf_hash

    def sequencer(self, *, apart: bool = False) -> Sequencer:
        """A sequencer that begins anew; the one before it is gone."""
        self.stop()
        shelf = Shelf(self.folder, apart=apart)
        self._shelves.append(shelf)
        notary = LogNotary(LogKeys.read(self.folder, ORIGIN), self.ports)
        return Sequencer(FolderWriters(self.folder), shelf, notary, self.ports)

    def stop(self) -> None:
        """End the sequencer as a kill does."""
        while self._shelves:
            self._shelves.pop().close()

    def entries(self) -> list[bytes]:
        """What the published checkpoint covers, after a check of signature, root, tiles and writers."""
        opened = open_note((self.folder / "checkpoint").read_bytes(), verifiers(self.folder))
        head = Checkpoint.parse(opened.text)
        found: list[bytes] = []
        for bundle in new_bundles(0, head.size):
            found += unpack((self.folder / bundle.path).read_bytes(), bundle.width)
        assert root_of(map(leaf_hash, found)) == head.root
        for tile in partial_tiles(head.size):
            assert len((self.folder / tile.path).read_bytes()) == tile.width * 32
        _check_writers(found)
        return found

    def merged(self) -> set[str]:
        """The leaf hashes of everything that is merged."""
        return {leaf_hash(entry).hex() for entry in self.entries()}


def _check_writers(entries: list[bytes]) -> None:
    """Each writer's records are in its own order, and each stated head is that of what stands before it."""
    leaves: dict[str, list[bytes]] = {}
    places: dict[str, tuple[int, int]] = {}
    said = 0
    for entry in entries:
        record: dict[str, Any] = json.loads(entry)
        name, boot, wseq = record["writer"]["id"], record["writer"]["boot"], record["wseq"]
        if name == "sequencer":
            assert wseq == said
            said += 1
            for head in record["heads"]:
                known = leaves[head["id"]]
                assert (head["size"], head["root"]) == (len(known), root_of(known).hex())
            continue
        before = places.get(name, (-1, -1))
        assert (boot, wseq) == ((before[0], before[1] + 1) if boot == before[0] else (before[0] + 1, 0))
        places[name] = boot, wseq
        leaves.setdefault(name, []).append(leaf_hash(entry))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A log."""
    house = House(tmp_path / "log")
    yield house
    house.stop()


@pytest.fixture
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], House]:
    """Logs, one after another."""
    return lambda: House(tmp_path_factory.mktemp("house") / "log")
