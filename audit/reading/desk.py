"""Answers readers beside the event loop: each question in a thread, few at once, none for ever.

For a process that has other work. Who finds every place taken is told so at once, and a question that takes
too long, or whose asker has gone, is ended and keeps its place until it has.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore, Event
from typing import TypeVar

from audit.errors import AuditError, LogDamaged, LogUnavailable
from audit.index.wanted import Filter
from audit.reading import exact, paging, proving, published
from audit.reading.query import Row, Stopped, query
from audit.reading.source import FolderSource, Source
from audit.usage import answering

QUESTIONS = 2
FILES = 32
PATIENCE_S = 20.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows.

    Attributes:
        rows: newest first.
        end: where the next page begins; None after the last one.
        sref: pseudonym of the subject that was asked for; None where none was, or nobody knows it.
    """

    rows: list[Row]
    end: paging.Place | None
    sref: str | None


class Desk:
    """Where one log is read.

    Args:
        folder: the log.
        source: where the rest of the log is, if the folder is a copy; None where it is in the folder.
        questions: how many may be answered at once.
        files: how many files may be in readers' hands at once.
        patience_s: seconds that an answer may take.
    """

    def __init__(
        self,
        folder: Path,
        source: Source | None = None,
        *,
        questions: int = QUESTIONS,
        files: int = FILES,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._folder = folder
        self._source = source or FolderSource(folder)
        self._questions = BoundedSemaphore(questions)
        self._files = BoundedSemaphore(files)
        self._patience_s = patience_s
        # Files have threads of their own: reading one is quick, and must not wait for a question.
        self._threads = ThreadPoolExecutor(questions, thread_name_prefix="audit-question")
        self._fetchers = ThreadPoolExecutor(2, thread_name_prefix="audit-file")

    async def page(self, wanted: Filter, most: int, after: paging.Place | None) -> Page:
        """Return a page of the rows that match, newest first.

        Raises:
            LogUnavailable: `reading.busy`, `reading.too_long`, and the codes of `query`.
            LogDamaged: what is read is no log.
        """
        return await self._ask(partial(_page, self._folder, self._source, wanted, most, after))

    async def usage(self, asked: answering.Asked) -> answering.Page:
        """Return a page of a report of usage; for errors see `page`.

        Raises:
            UsageTooLarge: `usage.too_large`.
            ParquetUnavailable: `parquet.unavailable`.
        """
        return await self._ask(partial(answering.page, self._folder, asked, source=self._source))

    async def sref(self, subject: str) -> str | None:
        """Return the pseudonym of a subject, or None; makes none. For errors see `page`."""
        return await self._ask(lambda _: _sref(self._source, subject))

    async def record(self, name: str | int) -> exact.Exact | None:
        """Return a record, by its id or by its index in the merged log; for errors see `page`."""
        return await self._ask(partial(_record, self._folder, self._source, name))

    async def inclusion(self, index: int) -> bytes | None:
        """Return an entry's proof; see `proving.inclusion`, and `page` for errors."""
        return await self._ask(lambda _: proving.inclusion(self._folder, index))

    async def consistency(self, old_size: int, new_size: int | None) -> proving.Consistency | None:
        """Return the proof between two sizes; see `proving.consistency`, and `page` for errors."""
        return await self._ask(lambda _: proving.consistency(self._folder, old_size, new_size))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of the places for files, until it has been handed over.

        Raises:
            LogUnavailable: `reading.busy`.
        """
        _take(self._files)
        try:
            yield
        finally:
            self._files.release()

    async def file(self, name: str) -> published.Published | None:
        """Return a file; see `published.read`. Whoever asks holds a `place`.

        Raises:
            LogUnavailable: `reading.unreadable`. LogDamaged: what is there is none of a log.
        """
        with _reading():
            return await asyncio.get_running_loop().run_in_executor(
                self._fetchers, published.read, self._folder, name
            )

    def close(self) -> None:
        """Take no more questions; waits for none."""
        for threads in (self._threads, self._fetchers):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, answer: Callable[[Stopped], T]) -> T:
        _take(self._questions)
        stop = Event()
        try:
            asked = self._threads.submit(answer, stop.is_set)
        except BaseException:
            self._questions.release()
            raise
        # Not before the thread is free, however long ago its asker has gone.
        asked.add_done_callback(lambda _: self._questions.release())
        patience = asyncio.timeout(self._patience_s)
        try:
            with _reading():
                async with patience:
                    return await asyncio.wrap_future(asked)
        except TimeoutError as error:
            if not patience.expired():
                raise
            raise LogUnavailable("reading.too_long", f"no answer in {self._patience_s} s") from error
        finally:
            stop.set()


def _take(places: BoundedSemaphore) -> None:
    if not places.acquire(blocking=False):
        raise LogUnavailable("reading.busy", "every place is taken; try again")


@contextmanager
def _reading() -> Iterator[None]:
    """Put what the disk says, and what no log holds, into the words of this room."""
    try:
        yield
    except (AuditError, TimeoutError):
        raise
    except OSError as error:
        raise LogUnavailable("reading.unreadable", f"cannot read the log: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LogDamaged("log.damaged", "the log holds what is no record") from error


def _page(
    folder: Path, source: Source, wanted: Filter, most: int, after: paging.Place | None, stopped: Stopped
) -> Page:
    sref = None if wanted.subject is None else _sref(source, wanted.subject)
    rows, end = paging.page(query(folder, paging.behind(wanted, after), stopped, source), most, after)
    return Page(rows, end, sref)


def _sref(source: Source, subject: str) -> str | None:
    with source.reading() as beside:
        return beside.look_up(subject)


def _record(folder: Path, source: Source, name: str | int, stopped: Stopped) -> exact.Exact | None:
    if isinstance(name, int):
        return exact.by_index(folder, name)
    return exact.by_id(folder, name, stopped, source)
