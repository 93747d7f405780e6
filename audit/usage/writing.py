"""A report as a file: JSON, CSV or Parquet, a row at a time."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

import orjson

from audit.reading.formats import guarded
from audit.reading.parquet import pyarrow
from audit.usage.parts import Place, UsageTooLarge
from audit.usage.report import Line, Report
from audit.usage.sheet import Cell, Column, Sheet, moment, name_of
from audit.usage.sheet import sheet as as_it_is
from audit.usage.wanted import MEASURES, Sums

_GROUP_ROWS = 8_192
_MOST = 2**63 - 1


def comma_separated(sheet: Sheet, out: BinaryIO) -> int:
    """Write CSV (RFC 4180) in UTF-8 with a header; return how many rows there were.

    Times are RFC 3339 in UTC, money has a point and six places, and what is absent is empty. A text that a
    spreadsheet would take for a formula has an apostrophe before it.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(column.name for column in sheet.columns)
        count = 0
        for count, row in enumerate(sheet.rows, 1):  # noqa: B007 - the last one is the answer
            writer.writerow(map(_cell, row))
        return count
    finally:
        text.detach()  # the file under it is the caller's


def json(report: Report, lines: Iterable[Line], out: BinaryIO, end: Place | None = None) -> int:
    """Write the report as one JSON object; return how many lines it has.

    Args:
        lines: of the report.
        end: where the next page begins; None after the last one.

    Raises:
        UsageTooLarge: `usage.too_large`.
    """
    wanted = report.wanted
    head = {
        "object": "usage.report",
        "period": wanted.period,
        "time_zone": wanted.where.key,
        "by": [name_of(each) for each in wanted.by],
        # By these, a request may stand under several lines: they add up to more than the total.
        "overlapping": [name_of(each) for each in wanted.by if each.many],
        "since": _text(moment(wanted.since_us)),
        "until": _text(moment(wanted.until_us)),
        "total": _sums(report.total),
        "expired": _sums(report.expired),
        "next": end.text() if end else None,
    }
    out.write(orjson.dumps(head)[:-1] + b',"data":[')
    table = as_it_is(report, lines)
    names = [column.name for column in table.columns]
    count = 0
    for count, row in enumerate(table.rows, 1):
        line = {name: _plain(cell) for name, cell in zip(names, row, strict=True)}
        out.write((b"," if count > 1 else b"") + orjson.dumps(line))
    out.write(b"]}\n")
    return count


def parquet(sheet: Sheet, out: BinaryIO) -> int:
    """Write a Parquet file, some thousand rows at a time; return how many rows there were.

    Raises:
        ParquetUnavailable: `parquet.unavailable`.
    """
    pa, writer_of = pyarrow()
    schema = pa.schema([(column.name, _type(pa, column)) for column in sheet.columns])
    coming, count = iter(sheet.rows), 0
    with writer_of(out, schema, compression="zstd") as writer:
        while group := list(islice(coming, _GROUP_ROWS)):
            arrays = [pa.array([row[at] for row in group], field.type) for at, field in enumerate(schema)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(group)
    return count


def _type(pa: Any, column: Column) -> Any:
    types = {
        "text": pa.string(),
        "count": pa.int64(),
        "money": pa.decimal128(38, 6),
        "time": pa.timestamp("us", tz="UTC"),
    }
    return types[column.kind]


def _sums(found: Sums) -> dict[str, int]:
    sums = {name: int(getattr(found, name)) for name in MEASURES}
    if max(sums.values()) > _MOST:
        raise UsageTooLarge("usage.too_large", "a total is beyond 2^63; ask for less")
    return sums


def _plain(cell: Cell) -> Any:
    return _text(cell) if isinstance(cell, datetime) else cell


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _cell(value: Cell) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.6f}"
    if isinstance(value, datetime):
        return _text(value)
    return guarded(value)
