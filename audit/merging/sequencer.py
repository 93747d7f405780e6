"""Merges all writers' logs into one tree, turn by turn, each turn ending in a signed checkpoint.

A turn takes what every writer was promised since the last, unchanged and in that writer's order, adds an
entry of its own that states each writer's size and root, writes tiles and bundles, and only then the
checkpoint. Whoever breaks off in between leaves the last checkpoint and all that it covers as they were.
After a failure a sequencer is thrown away; the next one begins from what is published.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from audit.canonical import encode
from audit.errors import LogDamaged, TlogRefused
from audit.merging import floor
from audit.merging.growth import File, Growth
from audit.merging.progress import SEQUENCER, Progress
from audit.ports import Ports
from audit.record import writer_head
from audit.tlog.entries import unpack
from audit.tlog.tiles import Bundle, new_bundles
from audit.tlog.tree import EMPTY_ROOT, Frontier, leaf_hash

BEAT_US = 60_000_000
_TURN_BYTES = 64 << 20
_MOST_COMPLETED = 32  # bundles and tiles in memory, some MiB
_MOST_HEADS = 256


class Notary(Protocol):
    """**Protocol:** signs the log's checkpoints and knows its own signature."""

    def sign(self, size: int, root: bytes) -> bytes:
        """Return the signed checkpoint of a tree."""
        ...

    def open(self, note: bytes) -> tuple[int, bytes]:
        """Return (size, root) of a checkpoint of this log.

        Raises:
            LogDamaged: `log.checkpoint`: it isn't signed by this log.
        """
        ...


class Run(Protocol):
    """**Protocol:** what one writer was promised, in order."""

    @property
    def name(self) -> str:
        """Id of the writer."""
        ...

    def read(self) -> list[bytes]:
        """Return the next records that are durable, and add them to the writer's tree; none at the end."""
        ...


class Writers(Protocol):
    """**Protocol:** everybody who writes into the log."""

    def follow(self, merged: dict[str, Frontier]) -> Sequence[Run]:
        """Return everybody's run, those of new writers too, in a fixed order.

        Args:
            merged: the tree over what was read of each writer; theirs to add to.

        Raises:
            LogDamaged: `log.rolled_back`: a writer whose records were merged is gone.
        """
        ...


class Shelf(Protocol):
    """**Protocol:** where the merged log stands."""

    def fetch(self, path: str) -> bytes:
        """Return what stands at a path of the layout; OSError where nothing does."""
        ...

    def put(self, files: Iterable[File]) -> None:
        """Write bundles and tiles; durable on return."""
        ...

    def head(self) -> bytes | None:
        """Return the log's head: its last signed checkpoint."""
        ...

    def swap(self, before: bytes | None, after: bytes) -> None:
        """Make a checkpoint the head if `before` still is; LogDamaged if it isn't."""
        ...

    def tidy(self, completed: Iterable[str]) -> None:
        """Take away the partial forms of files that are full."""
        ...

    def hint(self) -> bytes:
        """Return what `leave_hint` left last; nothing where it left none."""
        ...

    def floor(self) -> bytes:
        """Return what stands before a pruned log, as `floor` reads it; nothing of one that wasn't pruned."""
        ...

    def leave_hint(self, data: bytes) -> None:
        """Keep something that spares the next start work; it may be lost."""
        ...


class Sequencer:
    """The one that moves the log's head.

    Args:
        writers: whose logs are merged.
        shelf: where to; held by this one alone.
        notary: signs.
        ports: clocks.
        beat_us: with nothing to merge, an entry says so after this time; silence is signed, too.

    Attributes:
        note: the log's head, a signed checkpoint; None before the first turn of a new log.

    Raises:
        LogDamaged: what is published isn't what it was.
        OSError: it can't be read.
    """

    def __init__(
        self, writers: Writers, shelf: Shelf, notary: Notary, ports: Ports, beat_us: int = BEAT_US
    ) -> None:
        self._writers = writers
        self._shelf = shelf
        self._notary = notary
        self._ports = ports
        self._beat_us = beat_us
        self.note = shelf.head()
        size, root = notary.open(self.note) if self.note is not None else (0, EMPTY_ROOT)
        self._growth = Growth.restore(size, root, shelf.fetch)
        self._progress = self._recount(size, root)
        self._progress.boot += 1
        self._published = size
        self._full: list[str] = []
        self._said_us = ports.mono_us() - beat_us  # a start says first of all where it found everybody

    @property
    def size(self) -> int:
        """Number of entries under the published checkpoint, or one being prepared."""
        return self._growth.size

    def turn(self) -> int:
        """Merge what is durable and publish; return how many records were merged.

        Raises:
            LogDamaged: a writer lacks what it was promised or what was merged already.
            OSError: the disk refuses.
        """
        moved, merged, taken = set(), 0, 0
        for run in self._writers.follow(self._progress.writers):
            while taken < _TURN_BYTES and (bodies := run.read()):
                self._add(bodies)
                moved.add(run.name)
                merged += len(bodies)
                taken += sum(map(len, bodies))
        beat = self._ports.mono_us() - self._said_us >= self._beat_us
        if moved or beat:
            self._state(self._progress.writers if beat else moved, beat=beat)
            self._publish()
        return merged

    def _add(self, bodies: list[bytes]) -> None:
        self._growth.extend(bodies)
        if len(self._growth.completed) >= _MOST_COMPLETED:
            self._put_completed()
        self._progress.size += len(bodies)

    def _state(self, names: Collection[str], *, beat: bool) -> None:
        """Say how far each writer is merged; in several entries, if there are very many writers."""
        heads = self._progress.heads(names)
        now_us, mono_us = self._ports.wall_us(), self._ports.mono_us()
        for at in range(0, max(1, len(heads)), _MOST_HEADS):
            body = writer_head(heads[at : at + _MOST_HEADS], beat=beat).body
            body["writer"] = {"id": SEQUENCER, "boot": self._progress.boot}
            body["wseq"] = self._progress.wseq
            body["t_us"], body["mono_us"] = now_us, mono_us
            self._growth.extend([encode(body)])
            self._progress.wseq += 1
            self._progress.size += 1

    def _publish(self) -> None:
        self._put_completed()
        self._shelf.put(self._growth.growing(self._published))
        root = self._growth.root()
        note = self._notary.sign(self._growth.size, root)
        self._shelf.swap(self.note, note)
        self.note, self._published = note, self._growth.size
        self._said_us = self._ports.mono_us()
        self._shelf.leave_hint(self._progress.as_hint(root))
        self._shelf.tidy(self._full)
        self._full = []

    def _put_completed(self) -> None:
        self._shelf.put(self._growth.completed)
        self._full += [path for path, _ in self._growth.completed]
        self._growth.completed = []

    def _recount(self, size: int, root: bytes) -> Progress:
        """Return how far everybody is merged: by the hint if it is of this tree, else from all entries.

        Of a pruned log, from all that are left, and from where everybody stood before them.
        """
        progress = Progress.from_hint(self._shelf.hint(), size, root)
        if progress.size == size:
            return progress
        progress, before = floor.read(self._shelf.floor())
        tree = floor.below(progress.size, before, size, self._shelf.fetch)
        for bundle in new_bundles(progress.size, size):
            entries = self._entries(bundle)
            for entry in entries:
                tree.append(leaf_hash(entry))
            progress.take(entries)
        if (tree.size, tree.root()) != (size, root):
            raise LogDamaged("log.damaged", f"the entries are not those of the checkpoint of {size} entries")
        return progress

    def _entries(self, bundle: Bundle) -> list[bytes]:
        try:
            return unpack(self._shelf.fetch(bundle.path), bundle.width)
        except TlogRefused as error:
            raise LogDamaged(
                "log.damaged", f"{bundle.path} is no bundle of {bundle.width} entries"
            ) from error
