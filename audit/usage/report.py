"""A report of usage: what was used, by whom, of what, when; summed from the log each time it is asked for.

What is indexed is asked of the index, and what isn't yet is read from the writers' segments; both see one
moment, so that no end counts twice. A request belongs to the period in which it was decided.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from audit.errors import LogDamaged, LogUnavailable
from audit.index.search import Search
from audit.reading.source import Beside, FolderSource, Source
from audit.usage import indexed, unindexed
from audit.usage.parts import EXPIRED, Part, Parts, Place, Values
from audit.usage.periods import Span, span
from audit.usage.wanted import Sums, Wanted


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a report.

    Attributes:
        span: the period, as far as it was asked for.
        expired: whether it is about reservations that nobody settled, and not about requests that ended.
        values: one for each dimension; null where a request has none.
        sums: what was used.
        place: where it stands.
    """

    span: Span
    expired: bool
    values: Values
    sums: Sums
    place: Place


class Report:
    """Everything that was asked for, summed.

    Args:
        wanted: what was asked for.
        parts: the sums.

    Attributes:
        total: of all requests that ended, each once, under however many lines it stands.
        expired: likewise of reservations that nobody settled.
    """

    def __init__(self, wanted: Wanted, parts: Parts) -> None:
        self.wanted = wanted
        self._parts = parts
        self.total, self.expired = parts.total, parts.expired

    def lines(self, after: Place | None = None, most: int = -1) -> Iterator[Line]:
        """Yield the lines by period and then by their values, reservations behind requests.

        Args:
            after: the place of the line before the first.
            most: lines at most; -1 for all.

        Raises:
            UsageTooLarge: `usage.too_large`.
            LogUnavailable: `query.stopped`, or `usage.no_room`.
        """
        with _working():
            for part in self._parts.lines(after, most):
                yield self._line(part)

    def _line(self, part: Part) -> Line:
        wanted, place = self.wanted, part.place
        whole = span(wanted.period, wanted.where, place.start_us)
        return Line(wanted.clip(whole), place.kind == EXPIRED, part.values, part.sums, place)


def _never() -> bool:
    return False


@contextmanager
def report(
    folder: Path, wanted: Wanted, stopped: Callable[[], bool] = _never, source: Source | None = None
) -> Iterator[Report]:
    """Sum up a log; what is summed is let go at the end of the block.

    Memory: some tens of megabytes whatever the log's size; what doesn't fit lies in a temporary file.

    Args:
        folder: the log.
        wanted: what to sum.
        stopped: asked again and again from this thread; once it says so, the work ends.
        source: where the rest of the log is, if the folder is a copy; None where it is in the folder.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log, `index.unreadable` or `index.rebuilt`
            when the index fails half-way, `query.stopped`.
        LogDamaged: `log.damaged` when something in it is no record.
        UsageTooLarge: `usage.too_large`.
    """
    if not (folder / "origin.json").is_file():
        raise LogUnavailable("log.cannot_open", f"there is no log in {folder}")
    with closing(Parts(len(wanted.by), stopped)) as parts:
        with _reading(folder, stopped), (source or FolderSource(folder)).reading() as beside:
            _gather(folder, beside, wanted, parts, stopped)
        yield Report(wanted, parts)


def _gather(folder: Path, beside: Beside, wanted: Wanted, parts: Parts, stopped: Callable[[], bool]) -> None:
    search = Search.open(folder)
    if search is None:
        unindexed.gather(beside.tails({}), None, wanted, parts, stopped)
        return
    with closing(search):
        search.heed(stopped)
        with search.moment() as (db, naming):
            unindexed.gather(beside.tails(search.places), search, wanted, parts, stopped)
            indexed.gather(db, search, naming, wanted, parts)


@contextmanager
def _reading(folder: Path, stopped: Callable[[], bool]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"cannot read the log in {folder}: {error}") from error
    except sqlite3.Error as error:
        if stopped():
            raise LogUnavailable("query.stopped", "nobody waits for the answer any more") from error
        raise LogUnavailable(
            "index.unreadable", f"the index of {folder} fails ({error}); `regent audit reindex` makes it anew"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogDamaged("log.damaged", f"{folder} holds what is no record; see `verify`") from error


@contextmanager
def _working() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LogUnavailable("usage.no_room", f"cannot sum up: {error}") from error
