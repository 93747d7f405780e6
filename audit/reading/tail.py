"""The end of one writer's log: its records from some index on, in either direction, in bounded memory.

Reads segment files, live ones too, and locks nothing. Of a live log it reads no further than what the
writer says is durable (`durable`), where it says so.
"""

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson

from audit import frames
from audit.errors import LogUnavailable
from audit.index import merged
from audit.index.place import Place
from audit.writing import mark

_CHUNK_BYTES = 1 << 20


class Unmerged(Protocol):
    """**Protocol:** one writer's records from some index on."""

    def oldest_first(self) -> Iterator[bytes]:
        """Yield the records' bytes in the order of the log."""
        ...

    def newest_first(self) -> Iterator[list[tuple[int, bytes]]]:
        """Yield records, (index, bytes), newest first; in parts of about a megabyte.

        An empty part ends each stretch that may be left unread when all of what came before it is too old.
        """
        ...


class Tail:
    """What one writer logged behind what is merged.

    Args:
        slot: the writer's folder.
        place: how far the merged log is with this writer; a new `Place` reads everything.

    Attributes:
        durable: how many records are durable, where the writer says so.
    """

    def __init__(self, slot: Path, place: Place) -> None:
        self._place = place
        self.durable = durable(slot)
        everything = self.durable is not None and self.durable <= place.size
        paths = [] if everything else sorted((slot / "seg").glob("[0-9]*.log"))
        older = sum(int(path.stem) <= place.size for path in paths[1:])
        self._paths = paths[older:]

    def oldest_first(self) -> Iterator[bytes]:
        """Yield the records' bytes in the order of the log."""
        for path in self._paths:
            with path.open("rb") as file:
                for _, _, body in self._walk(path, file):
                    yield body

    def newest_first(self) -> Iterator[list[tuple[int, bytes]]]:
        """Yield a segment's records, (index, bytes), newest first; in parts of about a megabyte.

        An empty part ends each segment.
        """
        for path in reversed(self._paths):
            with path.open("rb") as file:
                starts = array("Q")
                first, end = -1, 0
                for index, start, body in self._walk(path, file):
                    first = index if first < 0 else first
                    starts.append(start)
                    end = start + frames.HEADER_BYTES + len(body)
                yield from _backwards(file, starts, first, end)
            yield []

    def _walk(self, path: Path, file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
        """Yield (index, offset of its frame, bytes) of each record from the place on."""
        index, offset = int(path.stem), 0
        if self._place.segment == index and self._is_next(file):
            index, offset = self._place.size, self._place.offset
        file.seek(offset)
        for start, body in _frames(file, offset):
            if self.durable is not None and index >= self.durable:
                return
            if index >= self._place.size:
                yield index, start, body
            index += 1

    def _is_next(self, file: BinaryIO) -> bool:
        """Tell whether the record after the last merged one begins at the place's offset: it is a hint."""
        place = self._place
        file.seek(place.offset)
        head = file.read(frames.HEADER_BYTES)
        if not head.strip(b"\0"):  # the end of what was written, or of the file
            return place.offset <= file.seek(0, 2)
        file.seek(place.offset)
        for _, body in _frames(file, place.offset):
            try:
                record = orjson.loads(body)
                boot, wseq = record["writer"]["boot"], record["wseq"]
            except (ValueError, KeyError, TypeError):
                return False
            return (boot, wseq) == (place.boot, place.wseq + 1) or (boot > place.boot and wseq == 0)
        return False


def tails_of(folder: Path, places: dict[str, Place]) -> list[Tail]:
    """Return what each writer of a log has behind what is indexed.

    Args:
        folder: the log.
        places: how far the index is with each; none without an index.

    Raises:
        LogUnavailable: `log.cannot_open`: there is neither an index nor a segment to read.
    """
    slots = sorted((folder / "writers").glob("w*"))
    if not slots and not places and merged.checkpoint(folder):
        raise LogUnavailable(
            "log.cannot_open",
            f"{folder} holds a merged log without segments and without index; run `regent audit reindex`",
        )
    return [Tail(slot, places.get(slot.name) or Place()) for slot in slots]


def _frames(file: BinaryIO, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield (offset, body) of each whole frame from where the file stands."""
    rest = file.read(frames.HEADER_BYTES)
    if not rest.strip(b"\0"):  # as a rule nothing follows but zeros that were written ahead
        return
    while chunk := file.read(_CHUNK_BYTES):
        rest += chunk
        whole = 0
        for end, body in frames.scan(rest):
            yield offset + end - len(body) - frames.HEADER_BYTES, body
            whole = end
        offset += whole
        rest = rest[whole:]
        if len(rest) > _CHUNK_BYTES:  # no frame is so long: this is not the beginning of one
            return


def _backwards(
    file: BinaryIO, starts: "array[int]", first: int, end: int
) -> Iterator[list[tuple[int, bytes]]]:
    """Yield the records between the first frame and `end`, in parts, newest first."""
    upper = len(starts)
    while upper:
        lower = upper - 1
        while lower and end - starts[lower - 1] <= _CHUNK_BYTES:
            lower -= 1
        file.seek(starts[lower])
        data = file.read(end - starts[lower])
        stops = [*starts[lower + 1 : upper], end]
        base = starts[lower]
        part = [
            (first + at, data[starts[at] - base + frames.HEADER_BYTES : stops[at - lower] - base])
            for at in range(upper - 1, lower - 1, -1)
        ]
        yield part
        upper, end = lower, base


def durable(slot: Path) -> int | None:
    """Return how many records the writer says are durable; None where it doesn't say, or not legibly."""
    try:
        return mark.said(slot)
    except OSError:
        return None
