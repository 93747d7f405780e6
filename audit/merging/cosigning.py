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
from typing import Self

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


class Cosigning:
    """The thread that asks the witnesses, as long as it is entered.

    Args:
        folder: the log.
        policy: names the witnesses and their quorum.
        head: returns the sequencer's head; None before the first.
        report: told in words what went wrong, once for each failure.
        interval_s: seconds between rounds.
    """

    def __init__(
        self,
        folder: Path,
        policy: TrustPolicy,
        head: Callable[[], bytes | None],
        report: Callable[[str], None],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._folder = folder
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
        reader = TileReader(lambda path: (self._folder / path).read_bytes(), checkpoint.size, checkpoint.root)
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
        publish(self._folder, found.note)
        if found.is_satisfied:
            size = Checkpoint.parse(Note.parse(found.note).text).size
            files.replace(self._folder / WITNESSED, b"%d\n" % size)

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
    path = folder / "checkpoint"
    new = Checkpoint.parse(Note.parse(note).text)
    with suppress(FileNotFoundError):
        old = Checkpoint.parse(Note.parse(path.read_bytes()).text)
        if old.size > new.size:
            return
        if old.size == new.size and old.root != new.root:
            raise LogDamaged("log.head_moved", f"{path} is of another tree")
    files.replace(path, note)
