"""Counts failed authentications, so that anonymous callers cannot grow the log at will.

At most one record per code and second, of fixed size, with a count; the first failure shows at once.
"""

import re
from threading import Lock

WINDOW_US = 1_000_000
MAX_CODES = 64
OTHER = "auth.other"
_CODE = re.compile(r"[a-z][a-z0-9_.]{0,63}", re.ASCII)


class Tally:
    """Counts per code, shared by the callers and the writer thread."""

    __slots__ = ("_counts", "_last_us", "_lock")

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._last_us: dict[str, int] = {}

    def hit(self, code: str) -> bool:
        """Count one failure; tell whether the writer must look again at when it is due.

        A code that is none, or one more than 64 different ones, counts as `auth.other`.
        """
        with self._lock:
            if code not in self._counts and (len(self._counts) >= MAX_CODES or not _CODE.fullmatch(code)):
                code = OTHER
            before = self._counts.get(code, 0)
            self._counts[code] = before + 1
        return before == 0

    def due_at_us(self) -> int | None:
        """Return the monotonic time of the next record, or None when nothing is counted."""
        with self._lock:
            return min(
                (self._last_us.get(code, -WINDOW_US) + WINDOW_US for code, n in self._counts.items() if n),
                default=None,
            )

    def take(self, now_us: int, *, all_codes: bool = False) -> list[tuple[str, int]]:
        """Return and reset the counts that are due at `now_us` (or all), as (code, n)."""
        with self._lock:
            taken = [
                (code, n)
                for code, n in self._counts.items()
                if n and (all_codes or self._last_us.get(code, -WINDOW_US) + WINDOW_US <= now_us)
            ]
            for code, _ in taken:
                self._counts[code] = 0
                self._last_us[code] = now_us
        return taken

    def give_back(self, counts: list[tuple[str, int]]) -> None:
        """Add counts again whose record did not become durable."""
        with self._lock:
            for code, n in counts:
                self._counts[code] = self._counts.get(code, 0) + n
