"""How many of a writer's records are durable, for whoever reads its live log beside it.

A frame that stands in a file may still be given up: its sync may fail, and its number is then used again.
So the writer says how far it was promised, in a file of its own, and the sequencer goes no further. The
mark is written after the sync and never before; one that is lost only delays the merge.
"""

import os
from contextlib import suppress
from pathlib import Path
from struct import Struct
from zlib import crc32

NAME = "durable"
_COUNT = Struct(">Q")
_MARK = Struct(">QI")


class Mark:
    """The open mark of one writer. Kept by the writer's thread.

    Args:
        slot: the writer's folder.

    Raises:
        OSError: it can't be made.
    """

    def __init__(self, slot: Path) -> None:
        self._fd = os.open(slot / NAME, os.O_WRONLY | os.O_CREAT, 0o600)

    def set(self, count: int) -> None:
        """Say that `count` records are durable. What can't be said is said with the next group."""
        data = _COUNT.pack(count)
        with suppress(OSError):
            os.pwrite(self._fd, data + crc32(data).to_bytes(4, "big"), 0)

    def close(self) -> None:
        """Close the file; the mark stays."""
        os.close(self._fd)


def said(slot: Path) -> int | None:
    """Return how many records are durable; None where nobody has said so, or what is there is torn.

    Raises:
        OSError: the mark can't be read.
    """
    try:
        data = (slot / NAME).read_bytes()
    except FileNotFoundError:
        return None
    if len(data) != _MARK.size:
        return None
    count, crc = _MARK.unpack(data)
    return int(count) if crc == crc32(data[: _COUNT.size]) else None


def read(slot: Path) -> int:
    """Return what `said` returns, and 0 for None: nothing is promised that nobody has said."""
    return said(slot) or 0
