"""Readers that aren't ours accept what Regent's own sequencer wrote, at exact sizes."""

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

if TYPE_CHECKING:
    from pathlib import Path

    from tests.interop.readers import Fsck, Xmod

ORIGIN = "regent.test/log"
AROUND = 4  # writer.open, mode, the sequencer's two words
SIZES = (5, 255, 256, 257, 512, 65_535, 65_536, 65_537)
BATCH = 4_000


async def grow(folder: Path, size: int, *, post_quantum: bool) -> int:
    """Write a log of exactly `size` entries, merged in two turns; return the size after the first."""
    log = AuditLog.open(folder, ORIGIN, post_quantum=post_quantum)
    ports = Ports()
    shelf, writers = Shelf(folder), FolderWriters(folder)
    sequencer = Sequencer(writers, shelf, LogNotary(LogKeys.read(folder, ORIGIN), ports), ports)
    left = size - AROUND
    between = 0
    for part in (left // 2, left - left // 2):
        for at in range(0, part, BATCH):
            wave = (log.append(auth_failure("a.b", each)) for each in range(min(BATCH, part - at)))
            await asyncio.gather(*wave)
        sequencer.turn()
        between = between or sequencer.size
    assert sequencer.size == size
    shelf.close()
    writers.close()
    log.close()
    return between


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("signed", ["ed25519", "ml-dsa-44"])
async def test_a_log_of_the_sequencer_is_accepted(
    size: int, signed: str, tmp_path: Path, fsck: Fsck, xmod: Xmod
) -> None:
    """Both find the same tree, and the first turn's is a prefix of the second's."""
    between = await grow(tmp_path / "log", size, post_quantum=signed == "ml-dsa-44")
    vkey = (tmp_path / "log" / "log.vkey").read_text()
    theirs, ours = fsck(tmp_path / "log", vkey), xmod(tmp_path / "log", vkey, [0, size - 1], between)

    assert theirs.accepted, theirs.output
    assert ours.accepted, ours.output
    assert (theirs.size, theirs.root) == (ours.size, ours.root)
    assert ours.size == size
