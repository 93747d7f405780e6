"""Counts what callers brought and the log does not hold, until a `gap` record has said so."""

from dataclasses import asdict, dataclass
from threading import Lock
from typing import Literal

Reason = Literal["backlogged", "not_durable", "refused"]


@dataclass(frozen=True, slots=True)
class Counts:
    """What is missing.

    Attributes:
        lost: taken into the queue, but not durable; whoever waited was told.
        refused: not taken; whoever waited was told.
        dropped: not taken, and nobody waited (`append_soon`).
        late: in the log after all, though whoever waited was told otherwise; nothing is missing of these.
    """

    lost: int = 0
    refused: int = 0
    dropped: int = 0
    late: int = 0

    def facts(self) -> dict[str, int]:
        """Return the counts as they stand in a gap record; `late` only where there are any."""
        facts = asdict(self)
        return facts if self.late else {name: count for name, count in facts.items() if name != "late"}


class Missing:
    """The running counts, shared by the callers and the writer thread; touched on failures only."""

    __slots__ = ("_counts", "_lock", "_reason")

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts = Counts()
        self._reason: Reason = "backlogged"

    def add(self, counts: Counts, reason: Reason) -> None:
        """Add to the counts; the latest reason is the one that the gap record will give."""
        with self._lock:
            now = self._counts
            self._counts = Counts(
                now.lost + counts.lost,
                now.refused + counts.refused,
                now.dropped + counts.dropped,
                now.late + counts.late,
            )
            self._reason = reason

    def take(self) -> tuple[Reason, Counts] | None:
        """Return and reset the counts, or None when nothing is missing."""
        if self._counts == Counts():
            return None
        with self._lock:
            taken, self._counts = self._counts, Counts()
        return self._reason, taken
