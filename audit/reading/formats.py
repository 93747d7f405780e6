"""Rows as text for programs and spreadsheets: JSON Lines and CSV. One row at a time."""

import csv
import io
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import orjson

from audit.index.row import COLUMNS, Row

Write = Callable[[Iterable[Row], BinaryIO], int]
"""Writes rows, as they come, and returns how many there were."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What a spreadsheet takes for a formula (OWASP, "CSV Injection"); a team may be called `=HYPERLINK(...)`.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def instant(t_us: int) -> datetime:
    """Return a point in time, of microseconds UTC."""
    return _EPOCH + timedelta(microseconds=t_us)


def json_lines(rows: Iterable[Row], out: BinaryIO) -> int:
    """Write one JSON object a line."""
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007 - the last one is the answer
        out.write(orjson.dumps(row.as_json(), option=orjson.OPT_APPEND_NEWLINE))
    return count


def comma_separated(rows: Iterable[Row], out: BinaryIO) -> int:
    """Write CSV (RFC 4180) in UTF-8, with a header and the time in words; lists have spaces between.

    A cell that a spreadsheet would take for a formula has an apostrophe before it.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(("time", *COLUMNS))
        count = 0
        for count, row in enumerate(rows, 1):  # noqa: B007 - as above
            time = instant(row.t_us).isoformat(timespec="microseconds")
            writer.writerow((time, *(_cell(getattr(row, name)) for name in COLUMNS)))
        return count
    finally:
        text.detach()  # the file under it is the caller's


def _cell(value: Any) -> Any:
    return guarded(" ".join(value) if isinstance(value, list) else value)


def guarded(value: Any) -> Any:
    """Return a cell as no spreadsheet takes it for a formula: a text with an apostrophe, if need be."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
