"""Pins a report's files: JSON, CSV and Parquet hold the same lines."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from audit.reading.parquet import ParquetUnavailable
from audit.usage import focus, writing
from audit.usage.answering import FORMS, Asked, page
from audit.usage.parts import UsageTooLarge
from audit.usage.periods import zone
from audit.usage.report import Report, report
from audit.usage.sheet import sheet
from audit.usage.wanted import MEASURES, Wanted, dimensions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.audit.usage.conftest import Book

ASKED = Wanted(dimensions("team,tag"), "day", zone("Europe/Berlin"))


def file(folder: Path, write: Callable[[Report, io.BytesIO], object], asked: Wanted = ASKED) -> bytes:
    """The bytes of a report."""
    out = io.BytesIO()
    with report(folder, asked) as found:
        write(found, out)
    return out.getvalue()


def document(folder: Path, asked: Wanted = ASKED) -> Any:
    """The report as JSON."""
    return json.loads(file(folder, lambda found, out: writing.json(found, found.lines(), out), asked))


def test_json_says_what_was_asked_and_what_there_is(filled: Book) -> None:
    """One object; lines that overlap are said to."""
    found = document(filled.folder)
    assert (found["object"], found["period"], found["time_zone"]) == ("usage.report", "day", "Europe/Berlin")
    assert (found["by"], found["overlapping"], found["next"]) == (["team", "tag"], ["tag"], None)
    assert (found["since"], found["until"]) == (None, None)
    assert (found["total"]["requests"], found["expired"]["requests"]) == (5, 0)
    line = found["data"][0]
    assert list(line) == ["period", "period_start", "period_end", "line", "team", "tag", *MEASURES]
    assert (line["period"], line["team"], line["tag"], line["cost_micro"]) == (
        "2026-10-31",
        "hr",
        "batch",
        1000,
    )
    assert (line["period_start"], line["period_end"]) == ("2026-10-30T23:00:00Z", "2026-10-31T23:00:00Z")
    assert sum(each["requests"] for each in found["data"]) == 6  # one of them under two tags


def test_what_nobody_used_is_an_empty_list(book: Book) -> None:
    """And no error."""
    assert document(book.folder)["data"] == []


@pytest.mark.parametrize(("period", "labels"), [("month", ["2026-10", "2026-11"]), ("all", [None])])
def test_periods_have_the_names_that_people_give_them(filled: Book, period: Any, labels: list[str]) -> None:
    """One stretch has none, and no ends if none were asked for."""
    found = document(filled.folder, Wanted(period=period))["data"]
    assert [line["period"] for line in found] == labels
    assert (found[0]["period_start"] is None) == (period == "all")


def test_csv_and_parquet_hold_the_same_lines(filled: Book) -> None:
    """Absent is empty in one and null in the other."""
    expected = document(filled.folder)["data"]
    text = file(filled.folder, lambda found, out: writing.comma_separated(sheet(found, found.lines()), out))
    read = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert read == [
        {name: "" if cell is None else str(cell) for name, cell in line.items()} for line in expected
    ]
    data = file(filled.folder, lambda found, out: writing.parquet(sheet(found, found.lines()), out))
    found = pq.read_table(io.BytesIO(data)).to_pylist()
    for line in expected:
        for name in ("period_start", "period_end"):
            line[name] = datetime.fromisoformat(line[name])
    assert found == expected


def test_money_in_parquet_is_decimal(filled: Book) -> None:
    """Not a binary fraction, and times are points in time."""
    data = file(
        filled.folder,
        lambda found, out: writing.parquet(focus.sheet(found, found.lines(), "house"), out),
        focus.charges(Wanted()),
    )
    table = pq.read_table(io.BytesIO(data))
    assert sum(table["BilledCost"].to_pylist()) == Decimal("5.002000")
    assert str(table.schema.field("ChargePeriodStart").type) == "timestamp[us, tz=UTC]"
    assert table.column_names == [column.name for column in focus.COLUMNS]


async def test_a_formula_is_no_formula_in_csv(book: Book) -> None:
    """A team may be called anything."""
    await book.call(team='=HYPERLINK("http://x")\n')
    text = file(book.folder, lambda found, out: writing.comma_separated(sheet(found, found.lines()), out))
    (row,) = csv.DictReader(io.StringIO(text.decode(), newline=""))
    assert row["team"] == '\'=HYPERLINK("http://x")\n'


@pytest.mark.parametrize("form", FORMS)
def test_a_page_is_a_file_of_its_form(filled: Book, form: Any) -> None:
    """With the place of its last line where there are more."""
    wanted = focus.charges(ASKED) if form.startswith("focus") else ASKED
    found = page(filled.folder, Asked(wanted, form, 2), lambda: False)
    assert (found.lines, found.end is None) == (2, False)
    rest = page(filled.folder, Asked(wanted, form, 100, found.end), lambda: False)
    assert (rest.lines, rest.end) == (3, None)
    magic = {"json": b"{", "csv": b"period,", "focus": b"BilledCost,"}
    assert found.body.startswith(magic.get(form, b"PAR1"))


async def test_a_total_that_no_number_holds_is_an_error(book: Book) -> None:
    """Also where each line's sum is one."""
    for number in range(1_030):
        made = await book.begin(team=f"team-{number % 4}")
        await book.end(made.id, usage_in=2**53 - 1)
    with pytest.raises(UsageTooLarge):
        document(book.folder, Wanted(dimensions("team")))


def test_without_pyarrow_there_is_no_parquet(filled: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """And who asks is told what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetUnavailable, match="pip install"):
        file(filled.folder, lambda found, out: writing.parquet(sheet(found, found.lines()), out))
