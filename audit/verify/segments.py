"""The logs of single writers, as they lie in the folder of a log: frames in segment files, in order.

A frame is `u32 length | u32 CRC-32 of length and body | body`. Where a merged log is at hand as well, its
entries must be these bodies, byte by byte.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from struct import error as _StructError  # noqa: N812 - struct names its exception in lower case
from typing import IO
from zlib import crc32

from audit.verify.merkle import Tree, leaf_hash
from audit.verify.pruned import tree_of
from audit.verify.verdict import Report, Verdict

BASE = "base.json"
HEADER_BYTES = 8
MAX_BODY_BYTES = 65_535
TAIL_LOOKS = 4
TAIL_PAUSE_S = 0.05
_HEADER = Struct(">II")
_DURABLE = Struct(">QI")
_CHUNK = 1 << 20


class Segments:
    """One writer's records, from its segment files.

    Args:
        slot: the writer's folder.
        report: takes what is wrong with the files.
        below: the tree over those of its records that were pruned from the merged log; its first segments may
            be gone with them, and what is still there of them is held against that tree.

    Attributes:
        name: the writer's id.
        count: number of records read so far.
    """

    def __init__(self, slot: Path, report: Report, below: Tree | None = None) -> None:
        self.name = slot.name
        self.count = 0
        self._below = (below.size, below.root()) if below else (0, b"")
        self._slot, self._report = slot, report
        self._rest = b""
        self._durable = _durable(slot)

    def bodies(self) -> Iterator[bytes]:
        """Yield the records from where the merged log begins, to the end or the first broken place."""
        try:
            size, root = self._below
            tree = self._base() if size else Tree()
            for body in self._bodies():
                if self.count > self._below[0]:
                    self._compare(tree, size, root)
                    size = 0
                    yield body
                elif tree:
                    tree.append(leaf_hash(body))
            self._compare(tree, size, root)
        except OSError as error:
            self._report.add(Verdict.CANNOT_CHECK, self.name, f"cannot be read: {error.strerror}")

    def _bodies(self) -> Iterator[bytes]:
        paths = sorted((self._slot / "seg").glob("*.log"))
        first = int(paths[0].stem) if paths and paths[0].stem.isdecimal() else 0
        if 0 < first <= self._below[0]:
            self.count = first
        for path in paths:
            if path.stem != f"{self.count:012d}":
                self._wrong(f"segment {path.stem} does not follow record {self.count - 1}")
                return
            if not path.is_file():  # a pipe could keep the reader waiting for ever
                self._wrong(f"segment {path.stem} is no plain file")
                return
            with path.open("rb") as stream:
                yield from self._frames(stream)
                looks = TAIL_LOOKS
                while not self._is_end(stream, last=path is paths[-1]):
                    # The end of a live log may be in the middle of a write: look again, a little later.
                    looks -= 1
                    if path is not paths[-1] or not looks:
                        self._wrong_tail(stream, last=path is paths[-1])
                        return
                    time.sleep(TAIL_PAUSE_S)
                    before = self.count
                    stream.seek(-len(self._rest), 1)
                    yield from self._frames(stream)
                    looks = TAIL_LOOKS if self.count > before else looks
        if self.count < self._durable:
            what = f"the writer counts {self._durable} durable records, its segments hold {self.count}"
            self._report.add(Verdict.INCOMPLETE, self.name, what)

    def _compare(self, tree: Tree | None, size: int, root: bytes) -> None:
        if size and tree and (tree.size, tree.root()) != (size, root):
            self._wrong(f"the first {size} records are not those that were merged and pruned")

    def _base(self) -> Tree | None:
        """Return the tree before the first segment, which the writer keeps of those that are gone."""
        if (self._slot / "seg" / f"{0:012d}.log").exists():
            return Tree()
        try:
            with (self._slot / BASE).open("rb") as stream:
                stated = json.loads(stream.read(_CHUNK))
            return tree_of({"size": stated["start"], "hashes": stated["hashes"]})
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            what = f"{BASE} can't be read, which stands for segments that are gone: {type(error).__name__}"
            self._wrong(what, Verdict.INCOMPLETE)
            return None

    def _frames(self, stream: IO[bytes]) -> Iterator[bytes]:
        """Yield whole frames from where the file stands; what is left of the last chunk stays in `_rest`."""
        data, at = b"", 0
        while chunk := stream.read(_CHUNK):
            data, at = data[at:] + chunk, 0
            for end, body in frames(data, 0):
                self.count += 1
                yield body
                at = end
            if len(data) - at >= HEADER_BYTES + MAX_BODY_BYTES:
                break  # no whole frame in so much: it is the end, or broken
        self._rest = data[at:]

    def _is_end(self, stream: IO[bytes], *, last: bool) -> bool:
        """Tell whether nothing but the zeros written ahead, or nothing at all, follows the last frame."""
        if not last:
            return not self._rest
        here = stream.tell()
        clean = not self._rest.strip(b"\x00")
        while clean and (chunk := stream.read(_CHUNK)):
            clean = not chunk.strip(b"\x00")
        stream.seek(here)
        return clean

    def _wrong_tail(self, stream: IO[bytes], *, last: bool) -> None:
        """Tell a torn end, which a crash leaves, from damage before the end, which none does."""
        data = self._rest + stream.read()
        at = data.find(b'{"', HEADER_BYTES + 1)
        while at >= 0 and not any(True for _ in frames(data, at - HEADER_BYTES)):
            at = data.find(b'{"', at + 1)
        if last and at < 0:
            self._wrong("the end is broken: torn by a crash, or damaged", Verdict.INCOMPLETE)
        else:
            self._wrong("a record's frame is broken, and more follow it")

    def _wrong(self, what: str, verdict: Verdict = Verdict.TAMPERED) -> None:
        self._report.add(verdict, f"{self.name} record {self.count}", what)


def frames(data: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield (end, body) of each whole frame."""
    size = len(data)
    while offset + HEADER_BYTES <= size:
        length, crc = _HEADER.unpack_from(data, offset)
        start = offset + HEADER_BYTES
        body = data[start : start + length] if 0 < length <= MAX_BODY_BYTES else b""
        if not body or len(body) != length or crc32(body, crc32(data[offset : offset + 4])) != crc:
            return
        offset = start + length
        yield offset, body


def slots(folder: Path) -> list[Path]:
    """Return the folders of a log's writers, in the order of their numbers."""
    try:
        return sorted((folder / "writers").glob("w*"), key=lambda path: (len(path.name), path.name))
    except OSError:
        return []


def _durable(slot: Path) -> int:
    """Return how many records the writer counted as durable; read before them, as they only grow."""
    path = slot / "durable"
    try:
        if not path.is_file():  # a pipe could keep the reader waiting for ever
            return 0
        with path.open("rb") as stream:
            count, crc = _DURABLE.unpack(stream.read(_DURABLE.size))
    except (OSError, _StructError):
        return 0
    return int(count) if crc32(count.to_bytes(8, "big")) == crc else 0
