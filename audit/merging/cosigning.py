"""Has witnesses cosign the log's head, round after round, and publishes what they signed.

Runs beside the sequencer, because a witness may be slow. While there are witnesses, what is published is the
last head under which their quorum stands; one without it follows only once the merge delay that receipts
promise is over, so that the log keeps that word, and says truly that nobody else vouches for it.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Protocol, Self

from audit import files
from audit.errors import AuditError, LogDamaged
from audit.receipts import MERGE_DELAY_S
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.note import Note
from audit.tlog.tile_reader import TileReader
from audit.tlog.trust import TrustPolicy
from audit.vouched import WITNESSED
from audit.witness.witnesses import Round, Witnesses

INTERVAL_S = 3.0
_TIMEOUT_S = 2.5


class Publisher(Protocol):
    """**Protocol:** where the log is published; called from one thread after the other."""

    def fetch(self, path: str) -> bytes:
        """Return what stands at a path of the layout; OSError where nothing does. From several threads."""
        ...

    def publish(self, note: bytes) -> None:
        """Put a checkpoint where everybody looks, unless a larger one stands there.

        Raises:
            LogDamaged: `log.head_moved`: what stands there is of another tree.
            OSError: it refuses.
        """
        ...

    def vouch(self, size: int) -> None:
        """Leave word that a quorum has signed the checkpoint of so many entries just now.

        Raises:
            OSError: it can't be left.
        """
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class FolderPublisher:
    """**Adapter** of a log's folder to `Publisher`.

    Args:
        folder: the log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, path: str) -> bytes:
        """See `Publisher.fetch`."""
        return (self._folder / path).read_bytes()

    def publish(self, note: bytes) -> None:
        """See `Publisher.publish`."""
        publish(self._folder, note)

    def vouch(self, size: int) -> None:
        """See `Publisher.vouch`."""
        files.replace(self._folder / WITNESSED, b"%d\n" % size)

    def close(self) -> None:
        """See `Publisher.close`."""


class Cosigning:
    """The thread that asks the witnesses, as long as it is entered.

    Args:
        publisher: where the log is; closed at the end.
        policy: names the witnesses and their quorum.
        head: returns the sequencer's head; None before the first.
        report: told in words what went wrong, once for each failure.
        interval_s: seconds between rounds.
    """

    def __init__(
        self,
        publisher: Publisher,
        policy: TrustPolicy,
        head: Callable[[], bytes | None],
        report: Callable[[str], None],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._publisher = publisher
        self._policy = policy
        self._head = head
        self._report = report
        self._interval_s = interval_s
        self._stop = Event()
        self._said = ""
        self._satisfied_at_s = time.monotonic()
        self._thread = Thread(target=lambda: asyncio.run(self._run()), name="cosigning", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask once more, about the last head, and end."""
        self._stop.set()
        self._thread.join()
        self._publisher.close()

    async def _run(self) -> None:
        async with Witnesses(self._policy, timeout_s=_TIMEOUT_S) as witnesses:
            last = False
            while not last:
                last = self._stop.is_set()
                head = self._head()
                if head is not None:
                    await self._round(witnesses, head)
                if not last:
                    await asyncio.to_thread(self._stop.wait, self._interval_s)

    async def _round(self, witnesses: Witnesses, head: bytes) -> None:
        try:
            found = await witnesses.cosign(head, self._prover(head))
            self._publish(found)
        except (OSError, AuditError) as error:
            self._tell(f"cosignatures: {error}")

    def _prover(self, head: bytes) -> Callable[[int, int], "asyncio.Future[list[bytes]]"]:
        checkpoint = Checkpoint.parse(Note.parse(head).text)
        reader = TileReader(self._publisher.fetch, checkpoint.size, checkpoint.root)
        loop = asyncio.get_running_loop()
        return lambda old, new: loop.run_in_executor(None, reader.consistency_proof, old, new)

    def _publish(self, found: Round) -> None:
        now_s = time.monotonic()
        failures = ", ".join(f"{name}: {error.code}" for name, error in sorted(found.failed.items()))
        if found.is_satisfied:
            self._satisfied_at_s = now_s
            self._said = ""
        else:
            self._tell(f"the witnesses' quorum isn't met ({failures})")
            if now_s - self._satisfied_at_s < MERGE_DELAY_S:
                return
        self._publisher.publish(found.note)
        if found.is_satisfied:
            self._publisher.vouch(Checkpoint.parse(Note.parse(found.note).text).size)

    def _tell(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self._report(words)


def publish(folder: Path, note: bytes) -> None:
    """Put a checkpoint where everybody looks, unless a larger one stands there.

    Raises:
        LogDamaged: `log.head_moved`: what stands there is of another tree.
        OSError: the disk refuses.
    """
    path, old = folder / "checkpoint", None
    with suppress(FileNotFoundError):
        old = path.read_bytes()
    if goes_on(old, note):
        files.replace(path, note)


def goes_on(old: bytes | None, new: bytes) -> bool:
    """Tell whether a checkpoint may take the place of a published one: it is of no smaller tree.

    Raises:
        LogDamaged: `log.head_moved`: it is of another tree.
    """
    if old is None:
        return True
    before, after = (Checkpoint.parse(Note.parse(each).text) for each in (old, new))
    if before.size == after.size and before.root != after.root:
        raise LogDamaged("log.head_moved", "the published checkpoint is of another tree")
    return before.size <= after.size
