"""Copies a log beside the sequencer, turn after turn, in a thread of its own: a bucket may be slow or away.

No promise of the log rests on it. What goes wrong is said once, and tried again with growing pauses.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Self

from audit.errors import AuditError
from audit.objects import standing
from audit.objects.copier import Copier
from audit.objects.standing import Standing
from audit.objects.target import Target

INTERVAL_S = 60.0
_MAX_PAUSE_S = 300.0
_PARTING_S = 5.0


class Copying:
    """The thread that copies, as long as it is entered.

    Args:
        folder: the log.
        target: where to.
        report: told in words what went wrong, once for each failure.
        interval_s: seconds between turns; after failures it grows, to five minutes unless it is more.
        open_copier: makes the copier, given what tells it to stop.
    """

    def __init__(
        self,
        folder: Path,
        target: Target,
        report: Callable[[str], None],
        interval_s: float = INTERVAL_S,
        open_copier: Callable[[Path, Target, Callable[[], bool]], Copier] = Copier.open,
    ) -> None:
        self._folder = folder
        self._target = target
        self._report = report
        self._interval_s = interval_s
        self._open = open_copier
        self._copier: Copier | None = None
        self._stop = Event()
        self._end_s = float("inf")
        self._pause_s = interval_s
        self._said = ""
        self._standing = Standing(str(target), interval_s, _now_us())
        self._thread = Thread(target=self._run, name="copying", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Copy what came last, if that is soon done, and end; the rest is for the next start."""
        self._end_s = time.monotonic() + _PARTING_S
        self._stop.set()
        self._thread.join(_PARTING_S)

    def _run(self) -> None:
        before = standing.read(standing.place(self._folder, self._target))
        if before is not None:
            self._standing = replace(before, interval_s=self._interval_s)
        last = False
        while not last:
            last = self._stop.is_set()
            if not (last and self._said):  # what failed a moment ago holds up nobody's end
                self._turn()
            self._stop.wait(0 if last else self._pause_s)
        self._close()

    def _turn(self) -> None:
        try:
            if self._copier is None:
                self._copier = self._open(self._folder, self._target, self._is_over)
            self._copier.turn()
        except (OSError, AuditError) as error:
            self._close()  # credentials may be others by then
            self._pause_s = max(self._interval_s, min(_MAX_PAUSE_S, self._pause_s * 2))
            if not self._is_over() and str(error) != self._said:
                self._said = str(error)
                self._report(f"copies: {error}")
            code = error.code if isinstance(error, AuditError) else type(error).__name__
            self._stand(replace(self._standing, failed=code))
        else:
            self._pause_s = self._interval_s
            self._said = ""
            self._stand(replace(self._standing, done_us=_now_us(), size=self._copier.size, failed=""))

    def _stand(self, now: Standing) -> None:
        self._standing = now
        if self._folder.is_dir():
            standing.leave(self._folder, self._target, now)

    def _is_over(self) -> bool:
        return time.monotonic() > self._end_s

    def _close(self) -> None:
        if self._copier is not None:
            self._copier.close()
        self._copier = None


def _now_us() -> int:
    return time.time_ns() // 1_000
