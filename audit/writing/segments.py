"""One writer's segment files: durable append, rotation, and recovery to exactly what is whole.

A segment is named by the index of its first record. Its rest is zeros written ahead, 256 KiB at a time
in the same call as a group: overwriting spares each sync the metadata of a growing file (a third less
time and CPU). Closed segments are cut to size. Knows frames and leaves, no records.
"""

import errno
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from audit import frames
from audit.errors import LogDamaged
from audit.files import sync_folder
from audit.ports import Ports
from audit.tlog.tree import Frontier, leaf_hash
from audit.writing import head
from audit.writing.mark import Mark

SEGMENT_BYTES = 64 << 20
# Until this many bytes are gathered, a group takes one record more; so it is never longer than MAX_TORN.
GROUP_BYTES = 1 << 20
MAX_TORN_BYTES = GROUP_BYTES + (1 << 16) + frames.HEADER_BYTES
_AHEAD_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Torn:
    """What was cut from the end: a group that was being written when the process ended.

    Attributes:
        size: bytes cut.
        digest: `sha256:` of them; they are kept in `<slot>/torn/<index>.bin`.
    """

    size: int
    digest: str


class Segments:
    """The files of one writer. Not for several threads.

    Attributes:
        frontier: the tree of all records that were written; replaced, never changed, by `append`.
        unsynced: whether some of them are not durable yet.
        start: index of the first record in the current segment.
        boot: number of the writer's boot, for the head; the writer sets it after recovery.
        torn: what recovery cut, if anything.
        last_body: the last record's bytes that recovery saw, None for none.

    Raises:
        LogDamaged: `log.damaged` or `log.rolled_back` when the files are not a log that a crash can
            leave behind; nothing is changed then.
        OSError: when files cannot be read or written.
    """

    def __init__(self, slot: Path, ports: Ports) -> None:
        self._slot = slot
        self._folder = slot / "seg"
        self._ports = ports
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self.torn: Torn | None = None
        self.last_body: bytes | None = None
        self.boot = 0
        self._fd = -1
        self._offset = self._allocated = 0
        self.unsynced = False
        self.frontier = Frontier()
        self._durable = 0, self.frontier
        self._mark = Mark(slot)
        try:
            self._recover()
        except BaseException:
            self.release()
            raise

    @property
    def name(self) -> str:
        """Name of the current segment, without its ending."""
        return f"{self.start:012d}"

    def make_room(self, size: int) -> None:
        """Turn to a new segment if `size` more bytes do not fit into the current one."""
        if self._offset and self._offset + size > SEGMENT_BYTES:
            self._rotate()

    def append(self, group: bytes, after: Frontier, *, sync: bool = True) -> None:
        """Write a group of frames with one write and one sync; durable on return.

        Args:
            group: whole frames.
            after: the tree with the group's leaves.
            sync: false leaves the sync to a later call, and nothing is durable before it.

        Raises:
            OSError: the group is not durable; nothing but `abandon` and `reopen` may follow.
        """
        end = self._offset + len(group)
        if end > self._allocated:
            allocated = -(-end // _AHEAD_BYTES) * _AHEAD_BYTES
            self._ports.write_all(self._fd, group + bytes(allocated - end), self._offset)
            self._allocated = allocated
        else:
            self._ports.write_all(self._fd, group, self._offset)
        if sync:
            self._sync()
        self._offset, self.frontier, self.unsynced = end, after, True
        if sync:
            self._settle()

    def sync(self) -> None:
        """Make everything that was written durable.

        Raises:
            OSError: what was written since the last sync is not durable; as with `append`.
        """
        self._sync()
        self._settle()

    def _sync(self) -> None:
        self._ports.fdatasync(self._fd)
        if os.fstat(self._fd).st_nlink == 0:
            # Somebody deleted the file: what goes on being written into it is gone with the process.
            raise OSError(errno.ENOENT, "the segment was deleted")

    def abandon(self) -> int:
        """Close the file after a failure. Its state is unknown; a sync is never tried again on it.

        Returns:
            how many records had been written and are given up, because they were not durable yet.
        """
        written = self.frontier.size
        self._offset, self.frontier = self._durable
        self.unsynced = False
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        return written - self.frontier.size

    def reopen(self) -> None:
        """Read back what was durable, cut what was not, and go on in a new segment.

        Raises:
            LogDamaged: `log.damaged` when durable records are no longer there.
            OSError: when the disk still refuses.
        """
        self.abandon()
        data = (self._folder / f"{self.name}.log").read_bytes()[: self._offset]
        seen = self._segment_start.copy()
        for _, body in frames.scan(data):
            seen.append(leaf_hash(body))
        if (seen.size, seen.root()) != (self.frontier.size, self.frontier.root()):
            raise LogDamaged("log.damaged", f"durable records are missing from segment {self.name}")
        self._fd = self._open(self.name)
        if self._offset:
            self._rotate()
        else:
            self._cut()

    def close(self) -> None:
        """Cut the current segment to size and leave a head for the next start."""
        self._cut()
        self._write_head()
        self.release()

    def release(self) -> None:
        """Close the files as they are, for good."""
        self.abandon()
        self._mark.close()

    def _write_head(self) -> None:
        start = head.Start(self.start, self.boot, tuple(self._segment_start.hashes))
        head.write(self._slot, head.Head(start, self.frontier.size, self.frontier.root()))

    def _cut(self) -> None:
        os.ftruncate(self._fd, self._offset)
        self._ports.fdatasync(self._fd)
        self._allocated = self._offset
        self._settle()

    def _settle(self) -> None:
        """Everything that was written is durable."""
        self._durable, self.unsynced = (self._offset, self.frontier), False
        self._mark.set(self.frontier.size)

    def _rotate(self) -> None:
        self._cut()
        fd = self._open(f"{self.frontier.size:012d}")
        try:
            # A start that failed half-way may have left records here that nobody was promised.
            os.ftruncate(fd, 0)
            sync_folder(self._folder)
        except OSError:
            os.close(fd)
            raise
        self.abandon()
        self._fd, self._offset, self._allocated = fd, 0, 0
        self.start, self._segment_start = self.frontier.size, self.frontier.copy()
        self._settle()
        self._write_head()

    def _open(self, name: str) -> int:
        return os.open(self._folder / f"{name}.log", os.O_RDWR | os.O_CREAT, 0o600)

    def _recover(self) -> None:
        names = sorted(path.stem for path in self._folder.glob("[0-9]" * 12 + ".log")) or [f"{0:012d}"]
        hint = head.read(self._slot)
        for known in (hint, head.read(self._slot, head.BASE)):
            if known and known.start.name in names:
                self.frontier, self.boot = Frontier(known.start.index, known.start.hashes), known.start.boot
                names = names[names.index(known.start.name) :]
                break
        data, end = b"", 0
        for name in names:
            if data[end:]:
                raise LogDamaged(
                    "log.damaged", f"a closed segment before {name} does not end with a whole record"
                )
            if int(name) != self.frontier.size:
                raise LogDamaged(
                    "log.damaged", f"segment {name} does not follow record {self.frontier.size - 1}"
                )
            self.start, self._segment_start = self.frontier.size, self.frontier.copy()
            path = self._folder / f"{name}.log"
            data = path.read_bytes() if path.exists() else b""
            end = self._read(data, hint)
        if hint and self.frontier.size < hint.size:
            raise LogDamaged(
                "log.rolled_back", f"{self._slot} is shorter than its own head ({hint.size} records)"
            )
        self._offset = end
        self._settle_tail(data)

    def _read(self, data: bytes, hint: head.Head | None) -> int:
        """Add a segment's records to the tree; return where its whole frames end."""
        end, append = 0, self.frontier.append
        known = hint.size if hint else -1
        for after, body in frames.scan(data):
            append(leaf_hash(body))
            end = after
            self.last_body = body
            if self.frontier.size == known and hint and self.frontier.root() != hint.root:
                raise LogDamaged(
                    "log.damaged", f"the first {known} records of {self._slot} are not those of its head"
                )
        return end

    def _settle_tail(self, data: bytes) -> None:
        """Cut a torn group and write the end anew, before anything is added to it."""
        torn = data[self._offset :].rstrip(b"\x00")
        if len(torn) > MAX_TORN_BYTES:
            raise LogDamaged("log.damaged", f"segment {self.name} is broken long before its end")
        if torn:
            self.torn = Torn(len(torn), "sha256:" + sha256(torn).hexdigest())
            self._keep(torn)
        self._fd = self._open(self.name)
        sync_folder(self._folder)
        # After a sync that failed in an earlier life, the kernel may show pages that never reached the
        # disk and hold them for clean. Written again, they are dirty and the next sync counts.
        again = max(0, self._offset - MAX_TORN_BYTES)
        self._ports.write_all(self._fd, data[again : self._offset], again)
        self._cut()

    def _keep(self, torn: bytes) -> None:
        """Keep what is cut: if it was more than a torn write, it is evidence."""
        folder = self._slot / "torn"
        folder.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(folder / f"{self.frontier.size:012d}.bin", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(fd, torn)
            os.fsync(fd)
        finally:
            os.close(fd)
