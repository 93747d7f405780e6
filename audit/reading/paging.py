"""Answers in pages: an order in which no two rows are equal, and the place in it where a page ended.

A writer's group has one time for all its records, so that time alone is no place.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Self

from typing_extensions import override

from audit.index.row import Row
from audit.index.wanted import Filter

_PLACE = re.compile(r"([0-9]{1,17})\.([0-9]{1,15})\.([A-Za-z0-9_-]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The place of a row; newer rows have greater ones.

    Attributes:
        t_us: when it was logged.
        index: its index in its writer's log.
        writer: who logged it.
    """

    t_us: int
    index: int
    writer: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """Return the place of a row."""
        return cls(row.t_us, row.index, row.writer)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` has written.

        Raises:
            ValueError: it is nothing of the kind.
        """
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:80]!r} is no place")
        return cls(int(found[1]), int(found[2]), found[3])

    @override
    def __str__(self) -> str:
        return f"{self.t_us}.{self.index}.{self.writer}"


def behind(wanted: Filter, after: Place | None) -> Filter:
    """Return the filter that finds what follows a page, and the rows of the last one's very moment."""
    if after is None:
        return replace(wanted, limit=None)
    until_us = after.t_us + 1 if wanted.until_us is None else min(wanted.until_us, after.t_us + 1)
    return replace(wanted, until_us=until_us, limit=None)


def page(rows: Iterable[Row], most: int, after: Place | None = None) -> tuple[list[Row], Place | None]:
    """Return at most so many rows, and where the next page begins; None after the last one.

    Args:
        rows: newest first, as `query` yields them; those of one moment in any order.
        most: rows on a page.
        after: where the page before this one ended.
    """
    found: list[Row] = []
    for row in _ordered(rows):
        if after is not None and Place.of(row) >= after:
            continue
        if len(found) == most:
            return found, Place.of(found[-1])
        found.append(row)
    return found, None


def _ordered(rows: Iterable[Row]) -> Iterator[Row]:
    for _, moment in groupby(rows, lambda row: row.t_us):
        yield from sorted(moment, key=Place.of, reverse=True)
