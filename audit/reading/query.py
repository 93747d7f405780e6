"""Answers questions about the log: newest first, a decision and its end in one row.

What is merged is asked of the index, and what isn't yet is read from the writers' segments; without an
index, everything is. An answer is a convenience for people, never evidence: that is what `audit.verify`
is for.
"""

import heapq
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from audit.errors import LogDamaged, LogUnavailable
from audit.index.row import DECISIONS, ENDS, KINDS, OPEN, End, Row, end_of, is_shown, row_of
from audit.index.search import Search
from audit.index.wanted import Filter, matches
from audit.reading.source import Beside, FolderSource, Source
from audit.reading.tail import Unmerged

_OPENED = 65_536

__all__ = ["DECISIONS", "KINDS", "Filter", "Row", "Stopped", "query"]

Stopped = Callable[[], bool]
"""Tells whether nobody waits for the answer any more."""


def _never() -> bool:
    return False


def query(
    folder: Path, wanted: Filter, stopped: Stopped = _never, source: Source | None = None
) -> Iterator[Row]:
    """Yield the rows that match, newest first.

    Memory: a page of the index; per writer about a megabyte of its segments, and of those not merged the
    ends whose decisions were not met yet.

    Args:
        folder: the log.
        wanted: what to look for.
        stopped: asked again and again from this thread; once it says so, the search ends.
        source: where the rest of the log is, if the folder is a copy; None where it is in the folder.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log, `vault.unavailable` when a subject
            is asked for and the map cannot be read, `index.unreadable` or `index.rebuilt` when the index
            fails half-way, `query.stopped`.
        LogDamaged: `log.damaged` when something in it is no record.
    """
    if not (folder / "origin.json").is_file():
        raise LogUnavailable("log.cannot_open", f"there is no log in {folder}")
    try:
        with (source or FolderSource(folder)).reading() as beside:
            sref = None
            if wanted.subject is not None:
                sref = beside.look_up(wanted.subject)
                if sref is None:
                    return
            most = None if wanted.limit is None else min(wanted.limit, sys.maxsize)
            yield from islice(_newest_first(folder, beside, wanted, sref, stopped), most)
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"cannot read the log in {folder}: {error}") from error
    except sqlite3.Error as error:
        if stopped():
            raise _stop() from error
        raise LogUnavailable(
            "index.unreadable", f"the index of {folder} fails ({error}); `regent audit reindex` makes it anew"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogDamaged("log.damaged", f"{folder} holds what is no record; see `verify`") from error


def _newest_first(
    folder: Path, beside: Beside, wanted: Filter, sref: str | None, stopped: Stopped
) -> Iterator[Row]:
    search = Search.open(folder)
    if search is None:
        yield from _merge(beside.tails({}), [], wanted, sref, stopped)
        return
    with closing(search):
        search.heed(stopped)
        tails = beside.tails(search.places)
        # Ends that came after the index, of decisions that it has: their rows are completed here.
        late: dict[int | None, Row] = {}
        for row in _completed(tails, search, stopped):
            late.setdefault(row.log_index, row)  # a second end ends nothing
        indexed = search.rows(wanted, sref)
        if not late:
            yield from _merge(tails, [indexed], wanted, sref, stopped)
            return
        completed = sorted(late.values(), key=_newest, reverse=True)
        others = [
            (row for row in indexed if row.log_index not in late),
            (row for row in completed if matches(row, wanted, sref)),
        ]
        yield from _merge(tails, others, wanted, sref, stopped)


def _merge(
    tails: Sequence[Unmerged],
    others: Sequence[Iterator[Row]],
    wanted: Filter,
    sref: str | None,
    stopped: Stopped,
) -> Iterator[Row]:
    streams = [*(_rows(tail, wanted, sref, stopped) for tail in tails), *others]
    return streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_newest, reverse=True)


def _newest(row: Row) -> int:
    return row.t_us


def _rows(tail: Unmerged, wanted: Filter, sref: str | None, stopped: Stopped) -> Iterator[Row]:
    """Yield one writer's rows, newest first. An end comes after its decision, so it is met before it."""
    ends: dict[str, End] = {}
    newest_us = 0
    for part in tail.newest_first():
        if stopped():
            raise _stop()
        for index, body in part:
            record = orjson.loads(body)
            newest_us = max(newest_us, record["t_us"])
            kind = record["typ"]
            if kind in ENDS:
                ends[record["ref"]] = end_of(record)
            elif is_shown(kind):
                end = ends.pop(record["id"], OPEN) if kind == "decision" else OPEN
                row = row_of(record, index, end)
                if matches(row, wanted, sref):
                    yield row
        if not part:  # the end of a segment
            # Clocks may step, so a whole segment must be too old before older ones are left unread.
            if newest_us and wanted.since_us is not None and newest_us < wanted.since_us:
                return
            newest_us = 0


def _completed(tails: Sequence[Unmerged], search: Search, stopped: Stopped) -> Iterator[Row]:
    """Yield the rows of the index whose ends are not merged yet."""
    for tail in tails:
        opened: dict[str, None] = {}
        for body in tail.oldest_first():
            if stopped():
                raise _stop()
            # Anything a caller wrote has its quotes escaped, so nothing else can look like this.
            if b'"typ":"decision"' in body:
                opened[orjson.loads(body)["id"]] = None
                if len(opened) > _OPENED:
                    del opened[next(iter(opened))]  # the index is asked in its place
            elif b'"typ":"outcome"' in body or b'"typ":"aborted"' in body:
                record: dict[str, Any] = orjson.loads(body)
                if record["ref"] in opened:
                    del opened[record["ref"]]
                elif row := search.by_id(record["ref"]):
                    yield _with_end(row, end_of(record))


def _with_end(row: Row, end: End) -> Row:
    return replace(row, **end._asdict())


def _stop() -> LogUnavailable:
    return LogUnavailable("query.stopped", "nobody waits for the answer any more")
