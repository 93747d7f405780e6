"""A report as columns and rows, whatever file they are written to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

from audit.reading.formats import instant
from audit.usage.periods import FOREVER
from audit.usage.report import Line, Report
from audit.usage.wanted import DIMENSIONS, MEASURES, Dimension

Kind = Literal["text", "count", "money", "time"]
Cell = str | int | Decimal | datetime | None

_LABELS = {"day": "%Y-%m-%d", "month": "%Y-%m"}
_NAMES = {dimension: name for name, dimension in DIMENSIONS.items()}


class Column(NamedTuple):
    """A column: what it is called, and what stands in it."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Sheet:
    """Columns, and rows that have a cell for each; to be read once."""

    columns: tuple[Column, ...]
    rows: Iterable[tuple[Cell, ...]]


def name_of(dimension: Dimension) -> str:
    """Return what a dimension is called."""
    return _NAMES[dimension]


def columns(report: Report) -> tuple[Column, ...]:
    """Return the columns of a report as it is."""
    return (
        Column("period", "text"),
        Column("period_start", "time"),
        Column("period_end", "time"),
        Column("line", "text"),
        *(Column(name_of(each), "text") for each in report.wanted.by),
        *(Column(name, "count") for name in MEASURES),
    )


def sheet(report: Report, lines: Iterable[Line]) -> Sheet:
    """Return lines of a report as they are: a period, a value for each dimension, and the sums."""
    return Sheet(columns(report), (_row(report, line) for line in lines))


def _row(report: Report, line: Line) -> tuple[Cell, ...]:
    return (
        label(report, line),
        moment(line.span.start_us),
        moment(line.span.end_us),
        "expired" if line.expired else "usage",
        *line.values,
        *sums(line),
    )


def sums(line: Line) -> Iterator[int]:
    """Yield a line's sums in the order of the measures."""
    return (getattr(line.sums, name) for name in MEASURES)


def label(report: Report, line: Line) -> str | None:
    """Return what people call a line's period, in the report's time zone; None where it is one stretch."""
    form = _LABELS.get(report.wanted.period)
    if form is None or abs(line.place.start_us) > FOREVER.end_us >> 2:
        return None
    return instant(line.place.start_us).astimezone(report.wanted.where).strftime(form)


def moment(at_us: int) -> datetime | None:
    """Return a point in time; None of one that nobody named."""
    return None if abs(at_us) >= FOREVER.end_us >> 2 else instant(at_us)
