"""One writer's durable records, followed by another process through its live segments.

Goes as far as the writer's mark says and no further. Reads files, changes none, locks none.
"""

import os
from itertools import islice
from pathlib import Path

from audit import frames
from audit.canonical import MAX_BYTES
from audit.errors import LogDamaged
from audit.tlog.tree import Frontier, leaf_hash
from audit.writing import mark

CHUNK_BYTES = 1 << 20
_MAX_FRAME_BYTES = MAX_BYTES + frames.HEADER_BYTES


class Run:
    """A writer's log, read from a place on.

    Args:
        slot: the writer's folder.
        frontier: the tree over the records before that place; owned from now on.

    Attributes:
        name: id of the writer.
        frontier: the tree over all records that were read; its size is the place.
    """

    def __init__(self, slot: Path, frontier: Frontier) -> None:
        self.name = slot.name
        self.frontier = frontier
        self._slot = slot
        self._fd = -1
        self._start = -1
        self._offset = 0

    def waiting(self) -> int:
        """Return how many durable records were not read yet.

        Raises:
            LogDamaged: `log.rolled_back`: there are fewer than were read before.
            OSError: the mark can't be read.
        """
        durable = mark.read(self._slot)
        if 0 < durable < self.frontier.size:
            raise LogDamaged(
                "log.rolled_back",
                f"{self.name} has {durable} durable records; {self.frontier.size} of it were merged before",
            )
        return max(0, durable - self.frontier.size)

    def read(self, most_bytes: int = CHUNK_BYTES) -> list[bytes]:
        """Return the durable records that follow, in order, and add them to the tree.

        Args:
            most_bytes: of segments to read; a little more when the last record needs it.

        Returns:
            nothing when there is nothing durable that was not read.

        Raises:
            LogDamaged: `log.damaged`: a record that was promised isn't there; `log.rolled_back`.
            OSError: a segment can't be read.
        """
        waiting = self.waiting()
        bodies: list[bytes] = []
        if waiting:
            bodies = self._take(waiting, most_bytes)
            if not bodies:  # the segment has ended: what follows stands in the next
                self._turn()
                bodies = self._take(waiting, most_bytes)
        for body in bodies:
            self.frontier.append(leaf_hash(body))
        return bodies

    def close(self) -> None:
        """Close the segment; reading may go on."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _take(self, most: int, most_bytes: int) -> list[bytes]:
        if self._fd < 0:
            self._find()
        data = os.pread(self._fd, most_bytes + _MAX_FRAME_BYTES, self._offset)
        bodies = []
        whole = 0
        for end, body in islice(frames.scan(data), most):
            bodies.append(body)
            whole = end
            if end >= most_bytes:
                break
        self._offset += whole
        return bodies

    def _find(self) -> None:
        """Open the segment that the place is in, behind the records that were read."""
        starts = [int(path.stem) for path in (self._slot / "seg").glob("[0-9]*.log")]
        start = max((each for each in starts if each <= self.frontier.size), default=None)
        if start is None:
            raise self._missing()
        self._open(start)
        skip = self.frontier.size - start
        while skip:
            passed = len(self._take(skip, CHUNK_BYTES))
            if not passed:
                raise self._missing()
            skip -= passed

    def _turn(self) -> None:
        if self._start == self.frontier.size:
            raise self._missing()
        try:
            self._open(self.frontier.size)
        except FileNotFoundError as error:
            raise self._missing() from error

    def _open(self, start: int) -> None:
        fd = os.open(self._slot / "seg" / f"{start:012d}.log", os.O_RDONLY)
        self.close()
        self._fd, self._start, self._offset = fd, start, 0

    def _missing(self) -> LogDamaged:
        return LogDamaged(
            "log.damaged", f"record {self.frontier.size} of {self.name} was promised and is in no segment"
        )
