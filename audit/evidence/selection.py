"""Which entries go into a pack: a range of the log whole, a range with some entries shown, or single ones.

Read from the log itself. The index could answer sooner, but an entry that it lacks would be missing from a
pack that says how many there are.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from audit.evidence.published import Published
from audit.evidence.refused import EvidenceRefused
from audit.index.row import END_COLUMNS, ENDS, OPEN, End, Row, end_of, is_shown, row_of
from audit.index.wanted import Filter, matches
from audit.tlog.tiles import FULL


@dataclass(frozen=True, slots=True)
class Selection:
    """Entries of one state of a log.

    Attributes:
        span: first index of a range and the one behind its last; None for single entries.
        shown: indices, in order; None for all of the range.
        wanted: what was asked for, as codes; None for everything.
    """

    span: tuple[int, int] | None
    shown: Sequence[int] | None = None
    wanted: dict[str, Any] | None = None

    @property
    def kind(self) -> str:
        """`whole`, `filtered` or `single`."""
        if self.span is None:
            return "single"
        return "whole" if self.shown is None else "filtered"

    @property
    def count(self) -> int:
        """Entries that are shown."""
        if self.shown is not None:
            return len(self.shown)
        return self.span[1] - self.span[0] if self.span else 0

    def entries(self, published: Published) -> Iterator[tuple[int, bytes]]:
        """Yield (index, entry) of what is shown, in order.

        Raises:
            TlogRefused: the files aren't what the checkpoint stands for.
            OSError: they can't be read.
        """
        if self.shown is not None:
            yield from _some(published, self.shown)
        elif self.span:
            yield from published.entries(*self.span)


def whole(published: Published) -> Selection:
    """Return everything that is still there.

    Raises:
        EvidenceRefused: `evidence.empty`.
    """
    return Selection(_span(published, published.minimum, published.size))


def between(published: Published, first: int, last: int) -> Selection:
    """Return the entries from one index to another, both included.

    Raises:
        EvidenceRefused: `evidence.range`.
    """
    if not published.minimum <= first <= last < published.size:
        raise EvidenceRefused(
            "evidence.range", f"the checkpoint covers the entries {published.minimum} to {published.size - 1}"
        )
    return Selection((first, last + 1), wanted={"from": first, "to": last})


def period(published: Published, since_us: int | None, until_us: int | None) -> Selection:
    """Return the smallest range that has every entry of a period.

    Clocks of several writers differ and merging takes a moment, so that it may have a few others at its ends.

    Args:
        published: the log.
        since_us: wall clock, microseconds UTC, inclusive; None for the beginning.
        until_us: likewise, exclusive.

    Raises:
        EvidenceRefused: `evidence.empty`: there is no entry of that time.
        TlogRefused, OSError: the log can't be read.
    """
    first = end = -1
    for index, entry in published.entries(published.minimum, published.size):
        t_us = _t_us(entry)
        if t_us is not None and (since_us or 0) <= t_us and (until_us is None or t_us < until_us):
            first, end = (index if first < 0 else first), index + 1
    wanted = {"since_us": since_us, "until_us": until_us}
    said = {name: value for name, value in wanted.items() if value is not None}
    return Selection(_span(published, first, end), wanted=said or None)


def filtered(published: Published, within: Selection, wanted: Filter, sref: str | None) -> Selection:
    """Return a range of which only the records that match are shown, decisions with their ends.

    Args:
        published: the log.
        within: the range.
        wanted: what to look for; `limit` is not looked at.
        sref: pseudonym of the subject that is asked for; None for anybody.

    Raises:
        TlogRefused, OSError: the log can't be read.
    """
    matching = _Matching(wanted, sref)
    for index, entry in within.entries(published):
        try:
            matching.see(index, orjson.loads(entry))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # what is no record matches nothing; `verify` says what it is
    return Selection(within.span, matching.finish(), _codes(wanted, sref, within.wanted))


class _Matching:
    """Finds records that match, as they pass; a decision is judged once its end has come."""

    def __init__(self, wanted: Filter, sref: str | None) -> None:
        self._wanted, self._sref = wanted, sref
        self._shown: array[int] = array("Q")
        self._opened: dict[str, tuple[int, Row]] = {}

    def see(self, index: int, record: dict[str, Any]) -> None:
        kind = record["typ"]
        if kind in ENDS:
            begun = self._opened.pop(record["ref"], None)
            if begun:
                self._settle(begun[0], _ended(begun[1], end_of(record, index)))
        elif is_shown(kind):
            row = row_of(record, 0, OPEN)
            if kind == "decision" and record["decision"]["action"] == "allow":
                self._opened[record["id"]] = index, row
            else:
                self._settle(index, row)

    def finish(self) -> Sequence[int]:
        for index, row in self._opened.values():
            self._settle(index, row)
        return array("Q", sorted(self._shown))

    def _settle(self, index: int, row: Row) -> None:
        if matches(row, self._wanted, self._sref):
            self._shown.append(index)
            if row.end_index is not None:
                self._shown.append(row.end_index)


def single(published: Published, indices: Iterable[int]) -> Selection:
    """Return single entries, with a proof each.

    Raises:
        EvidenceRefused: `evidence.range`, `evidence.empty`.
    """
    chosen = array("Q", sorted(set(indices)))
    if not chosen:
        raise EvidenceRefused("evidence.empty", "no entry was asked for")
    if not published.minimum <= chosen[0] <= chosen[-1] < published.size:
        raise EvidenceRefused(
            "evidence.range", f"the checkpoint covers the entries {published.minimum} to {published.size - 1}"
        )
    return Selection(None, chosen, {"entries": len(chosen)})


def _ended(row: Row, end: End) -> Row:
    for name, value in zip(END_COLUMNS, end, strict=True):
        setattr(row, name, value)
    return row


def _span(published: Published, first: int, end: int) -> tuple[int, int]:
    if not published.minimum <= first < end <= published.size:
        raise EvidenceRefused("evidence.empty", "the log has no entry of that kind")
    return first, end


def _some(published: Published, indices: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    bundle, entries = -1, list[bytes]()
    for index in indices:
        number, place = divmod(index, FULL)
        if number != bundle:
            bundle, entries = number, published.tree.entries(number)
        yield index, entries[place]


def _t_us(entry: bytes) -> int | None:
    try:
        found = orjson.loads(entry)["t_us"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None


_PLAIN = (
    "tenant",
    "team",
    "model",
    "action",
    "reason_code",
    "request_id",
    "id",
    "rule",
    "control",
    "deployment",
    "since_us",
    "until_us",
)


def _codes(wanted: Filter, sref: str | None, before: dict[str, Any] | None) -> dict[str, Any]:
    """Return what was asked for as a pack and an `access` record say it: a subject by its pseudonym only."""
    said: dict[str, Any] = dict(before or {})
    said |= {name: value for name in _PLAIN if (value := getattr(wanted, name)) is not None}
    if wanted.kinds is not None:
        said["kinds"] = sorted(wanted.kinds)
    if sref is not None:
        said["sref"] = sref
    return said
