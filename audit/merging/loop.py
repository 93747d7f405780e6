"""The sequencer's life: turn after turn, standing by while another merges, beginning anew after a failure."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from audit.errors import AuditError, LogUnavailable
from audit.merging.sequencer import BEAT_US, Notary, Sequencer, Shelf, Writers
from audit.ports import Ports

INTERVAL_S = 1.0
PAUSE_S = 5.0
_BEGINNING_S = 0.1
_LAST_TURNS = 16

Report = Callable[[str], None]
Publishing = Callable[[Callable[[], bytes | None]], AbstractContextManager[object]]


class After(Protocol):
    """**Protocol:** what is done after each turn."""

    def __call__(self) -> None:
        """Do it; MUST NOT raise for what goes wrong with it."""
        ...

    def close(self) -> None:
        """Let go of everything, because another process may go on; it may be called again afterwards."""
        ...


class _Nothing:
    def __call__(self) -> None:
        return

    def close(self) -> None:
        return


class Place(Protocol):
    """**Protocol:** where a log is."""

    def stamp(self) -> object:
        """Return what tells the log's key from the next one."""
        ...

    def open(self, opened: ExitStack, *, apart: bool) -> tuple[Writers, Shelf]:
        """Return the log's writers, and the shelf that its one sequencer holds until `opened` is closed.

        Args:
            opened: ends both.
            apart: whether somebody else publishes, so that the head has a place of its own.

        Raises:
            LogUnavailable: `log.merging`: another one holds it; `log.empty`: nobody has written yet.
            LogDamaged: it isn't what it was.
            OSError: it can't be read or written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often.

    Attributes:
        interval_s: seconds between turns.
        pause_s: seconds before it is tried again after a failure, or after another process was found merging.
        beat_us: see `Sequencer`.
    """

    interval_s: float = INTERVAL_S
    pause_s: float = PAUSE_S
    beat_us: int = BEAT_US


class Loop:
    """Merges a log until it is stopped.

    Args:
        place: where the log is.
        notary: makes the one who signs; called at each beginning, and anew when the log has another key.
        after: called after each turn, for what no promise of the log rests on (an index, witnesses).
        report: told in words what went wrong, once for each failure.
        pace: how often.
        ports: clocks.
        publishing: makes whoever publishes instead, after witnesses have signed; given a look at the head.
        meanwhile: called again and again while another process merges.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each part that may be left out
        self,
        place: Place,
        notary: Callable[[], Notary],
        *,
        after: After | None = None,
        report: Report,
        pace: Pace | None = None,
        ports: Ports | None = None,
        publishing: Publishing | None = None,
        meanwhile: After | None = None,
    ) -> None:
        self._place = place
        self._notary = notary
        self._after = after or _Nothing()
        self._report = report
        self._pace = pace or Pace()
        self._ports = ports or Ports()
        self._publishing = publishing
        self._meanwhile = meanwhile or _Nothing()
        self._stop = Event()
        self._said = ""
        self._pause_s = 0.0

    def stop(self) -> None:
        """Merge what is there, then end; from any thread or signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Merge until `stop`, and then what is left; tried once at least, and once more after a failure."""
        last = False
        try:
            while not (self._try() or last):
                last = self._stop.wait(self._pause_s)
        finally:
            self._meanwhile.close()

    def _try(self) -> bool:
        """Merge; tell whether it came to its end in order."""
        self._pause_s = self._pace.pause_s
        try:
            return self._merge()
        except LogUnavailable as error:
            if error.code == "log.empty":
                self._pause_s = min(_BEGINNING_S, self._pause_s)  # the first writer is about to come
            elif error.code == "log.merging":
                self._meanwhile()
            else:
                self._tell(error)
            return False
        except (OSError, AuditError) as error:
            self._tell(error)
            return False

    def _merge(self) -> bool:
        """Merge until the stop, or until the key is another one; tell which it was."""
        key = self._place.stamp()
        with ExitStack() as opened:
            writers, shelf = self._place.open(opened, apart=self._publishing is not None)
            self._meanwhile.close()
            opened.callback(self._after.close)
            sequencer = Sequencer(writers, shelf, self._notary(), self._ports, self._pace.beat_us)
            if self._publishing is not None:
                opened.enter_context(self._publishing(lambda: sequencer.note))
            while not self._stop.is_set():
                if self._place.stamp() != key:
                    self._pause_s = 0.0
                    return False
                sequencer.turn()
                self._said = ""
                self._after()
                self._stop.wait(self._pace.interval_s)
            # The writers may be closing at this moment: their last records belong into the log.
            for _ in range(_LAST_TURNS):
                if not sequencer.turn():
                    break
            self._after()
        return True

    def _tell(self, error: Exception) -> None:
        if str(error) != self._said:
            self._said = str(error)
            self._report(self._said)
