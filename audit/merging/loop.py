"""The sequencer's life: turn after turn, standing by while another merges, beginning anew after a failure."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

from audit.errors import AuditError, LogUnavailable
from audit.keys import secret_path
from audit.merging.folder import FolderWriters
from audit.merging.sequencer import BEAT_US, Notary, Sequencer
from audit.merging.shelf import Shelf
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
    """Merges a folder's log until it is stopped.

    Args:
        folder: the log.
        notary: makes the one who signs; called at each beginning, and anew when the log has another key.
        after: called after each turn, for what no promise of the log rests on (an index, witnesses).
        report: told in words what went wrong, once for each failure.
        pace: how often.
        ports: clocks.
        publishing: makes whoever publishes instead, after witnesses have signed; given a look at the head.
    """

    def __init__(
        self,
        folder: Path,
        notary: Callable[[], Notary],
        *,
        after: After | None = None,
        report: Report,
        pace: Pace | None = None,
        ports: Ports | None = None,
        publishing: Publishing | None = None,
    ) -> None:
        self._folder = folder
        self._notary = notary
        self._after = after or _Nothing()
        self._report = report
        self._pace = pace or Pace()
        self._ports = ports or Ports()
        self._publishing = publishing
        self._stop = Event()
        self._said = ""
        self._pause_s = 0.0

    def stop(self) -> None:
        """Merge what is there, then end; from any thread or signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Merge until `stop`, and then what is left; tried once at least, and once more after a failure."""
        last = False
        while not (self._try() or last):
            last = self._stop.wait(self._pause_s)

    def _try(self) -> bool:
        """Merge; tell whether it came to its end in order."""
        self._pause_s = self._pace.pause_s
        if not (self._folder / "origin.json").exists():
            self._pause_s = min(_BEGINNING_S, self._pause_s)  # the first writer is about to make it
            return False
        try:
            return self._merge()
        except LogUnavailable as error:
            if error.code != "log.merging":
                self._tell(error)
            return False
        except (OSError, AuditError) as error:
            self._tell(error)
            return False

    def _merge(self) -> bool:
        """Merge until the stop, or until the key is another one; tell which it was."""
        key = self._stamp()
        with ExitStack() as opened:
            shelf = Shelf(self._folder, apart=self._publishing is not None)
            opened.callback(shelf.close)
            writers = FolderWriters(self._folder)
            opened.callback(writers.close)
            opened.callback(self._after.close)
            sequencer = Sequencer(writers, shelf, self._notary(), self._ports, self._pace.beat_us)
            if self._publishing is not None:
                opened.enter_context(self._publishing(lambda: sequencer.note))
            while not self._stop.is_set():
                if self._stamp() != key:
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

    def _stamp(self) -> tuple[int, int] | None:
        """What tells one key file from the next."""
        try:
            found = secret_path(self._folder).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _tell(self, error: Exception) -> None:
        if str(error) != self._said:
            self._said = str(error)
            self._report(self._said)
