"""Sums over what is not indexed yet: the ends of the writers' logs, or without an index all of them."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from audit.errors import LogUnavailable
from audit.index.row import EXPIRED as EXPIRED_KIND
from audit.index.row import OPEN, End, Row, end_of, request_of, row_of
from audit.index.search import Search
from audit.reading.tail import Unmerged
from audit.usage import periods
from audit.usage.parts import EXPIRED, USAGE, Parts
from audit.usage.wanted import Wanted
from audit.usage.worth import lines_of, sums_of

_OPENED = 16_384
# Anything a caller wrote has its quotes escaped, so nothing else can look like these.
_DECISION, _ALLOW = b'"typ":"decision"', b'"action":"allow"'
_EXPIRED = b'"typ":"' + EXPIRED_KIND.encode() + b'"'
_ENDS = (b'"typ":"outcome"', b'"typ":"aborted"')


def gather(
    tails: Iterable[Unmerged],
    search: Search | None,
    wanted: Wanted,
    parts: Parts,
    stopped: Callable[[], bool],
) -> None:
    """Add up what writers logged behind the index.

    Args:
        search: the index, to find decisions whose ends came behind it; None without one.

    Raises:
        LogUnavailable: `query.stopped`, and the codes of the index.
        ValueError, KeyError, TypeError, AttributeError: what is there is no record.
        OSError: it can't be read.
    """
    for tail in tails:
        _Writer(search, wanted, parts).read(tail, stopped)
    for body in parts.held():
        _count_held(body, search, wanted, parts)


def _count_held(body: bytes, search: Search | None, wanted: Wanted, parts: Parts) -> None:
    """Count a reservation that expired, if the index hasn't and its request didn't end after all."""
    row = row_of(orjson.loads(body), 0)
    reservation = row.request_id or ""
    ref = request_of(reservation)
    known = search is not None and (search.has(EXPIRED_KIND, reservation) or search.ended(ref))
    if not known and not parts.has_end(ref):
        _count(wanted, parts, EXPIRED, row.t_us, row, row)


class _Writer:
    """One writer's records, in their order: a decision, and later its end."""

    def __init__(self, search: Search | None, wanted: Wanted, parts: Parts) -> None:
        self._search, self._wanted, self._parts = search, wanted, parts
        self._opened: dict[str, bytes] = {}
        self._claimed: set[str] = set()  # decisions of the index that have an end here

    def read(self, tail: Unmerged, stopped: Callable[[], bool]) -> None:
        for body in tail.oldest_first():
            if stopped():
                raise LogUnavailable("query.stopped", "nobody waits for the answer any more")
            if _DECISION in body and _ALLOW in body:  # a refusal has no end
                self._open(orjson.loads(body)["id"], body)
            elif any(each in body for each in _ENDS):
                record = orjson.loads(body)
                row, end = self._decision(record["ref"]), end_of(record)
                self._parts.put_end(record["ref"])
                t_us = record["t_us"] if row is None else row.t_us
                _count(self._wanted, self._parts, USAGE, t_us, row, end)
            elif _EXPIRED in body:
                # Two gateways may tell of the same one, and its request may end elsewhere: all is read first.
                self._parts.put_held(orjson.loads(body)["reservation"], body)
        for record_id, body in self._opened.items():
            self._parts.put_aside(record_id, body)  # another writer may end them

    def _open(self, record_id: str, body: bytes) -> None:
        self._opened[record_id] = body
        if len(self._opened) > _OPENED:
            oldest = next(iter(self._opened))
            self._parts.put_aside(oldest, self._opened.pop(oldest))

    def _decision(self, ref: str) -> Row | None:
        body = self._opened.pop(ref, None) or self._parts.take_back(ref)
        if body is not None:
            record: dict[str, Any] = orjson.loads(body)
            return row_of(record, 0, OPEN)
        if self._search is None or ref in self._claimed:
            return None
        self._claimed.add(ref)
        return self._search.by_id(ref)


def _count(wanted: Wanted, parts: Parts, kind: int, t_us: int, row: Row | None, end: End | Row) -> None:
    if not wanted.since_us <= t_us < wanted.until_us:
        return
    lines = lines_of(wanted, row, end)
    if not lines:
        return
    sums = sums_of(end)
    parts.count(kind, sums)
    start_us = periods.span(wanted.period, wanted.where, t_us).start_us
    for values in lines:
        parts.add(start_us, kind, values, sums)
