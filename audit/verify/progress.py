"""How far a check has come, for somebody who waits at a terminal; nothing at all where nobody does."""

import time
from typing import TextIO

_BAR = 30
_EVERY_S = 0.2


class Bar:
    """A line on a terminal that shows how many of how many records were read."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._since = self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Show progress, at most a few times a second."""
        now = time.monotonic()
        if not self._shown or now - self._last < _EVERY_S:
            return
        self._last = now
        full = _BAR * done // total if total else _BAR
        rate = done / (now - self._since)
        bar = "#" * full + "." * (_BAR - full)
        self._stream.write(f"\r[{bar}] {done} of {total} records, {rate:,.0f}/s ")
        self._stream.flush()

    def close(self) -> None:
        """Take the line away."""
        if self._shown and self._last > self._since:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
