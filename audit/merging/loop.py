"""The sequencer's life: turn after turn, standing by while another merges, beginning anew after a failure."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from audit.errors import AuditError, LogUnavailable
from audit.merging.sequencer import BEAT_US, Notary, Sequencer, Shelf, Writers
from audit.ports import Ports

INTERVAL_S = 1.0
PAUSE_S = 5.0
_LAST_TURNS = 16

_NOTHING_TO_DO = {"log.merging", "log.empty"}

Report = Callable[[str], None]


class Place(Protocol):
    """**Protocol:** where a log is."""

    def open(self, opened: ExitStack) -> tuple[Writers, Shelf]:
        """Return the log's writers, and the shelf that its one sequencer holds until `opened` is closed.

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
        notary: makes the one who signs; called at each beginning, so that a new key is taken up.
        after: called after each turn, for what no promise of the log rests on (an index, witnesses).
        report: told in words what went wrong, once for each failure.
        pace: how often.
        ports: clocks.
    """

    def __init__(
        self,
        place: Place,
        notary: Callable[[], Notary],
        *,
        after: Callable[[], None] = lambda: None,
        report: Report,
        pace: Pace | None = None,
        ports: Ports | None = None,
    ) -> None:
        self._place = place
        self._notary = notary
        self._after = after
        self._report = report
        self._pace = pace or Pace()
        self._ports = ports or Ports()
        self._stop = Event()
        self._said = ""

    def stop(self) -> None:
        """Merge what is there, then end; from any thread or signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Merge until `stop`; what was written before that is merged, also if the stop comes in a pause."""
        last = False
        while not last:
            last = self._stop.is_set()
            try:
                self._merge()
            except LogUnavailable as error:
                if error.code not in _NOTHING_TO_DO:
                    self._tell(error)
            except (OSError, AuditError) as error:
                self._tell(error)
            else:
                return
            self._stop.wait(self._pace.pause_s)

    def _merge(self) -> None:
        with ExitStack() as opened:
            writers, shelf = self._place.open(opened)
            sequencer = Sequencer(writers, shelf, self._notary(), self._ports, self._pace.beat_us)
            while not self._stop.is_set():
                sequencer.turn()
                self._said = ""
                self._after()
                self._stop.wait(self._pace.interval_s)
            # The writers may be closing at this moment: their last records belong into the log.
            for _ in range(_LAST_TURNS):
                if not sequencer.turn():
                    break
            self._after()

    def _tell(self, error: Exception) -> None:
        if str(error) != self._said:
            self._said = str(error)
            self._report(self._said)
