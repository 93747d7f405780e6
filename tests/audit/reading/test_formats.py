"""Pins how rows are written for programs and spreadsheets."""

from __future__ import annotations

import csv
import io
import sys
from datetime import UTC, datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.index.row import COLUMNS, Row, row_of
from audit.reading.formats import comma_separated, json_lines
from audit.reading.parquet import ParquetUnavailable, parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

T_US = 1_700_000_000_123_456
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def row(**changes: Any) -> Row:
    """Make a row; keywords change single values of its record."""
    record = {
        "typ": "decision", "id": "i", "t_us": T_US, "writer": {"id": "w0"}, "team": "hr", "req": {"id": "r"},
        "policy": {"revision": "r1", "rules": [{"id": "a.rego:1"}, {"id": "b.rego:2,3"}]},
        "decision": {"action": "allow", "reason_code": "allowed"}, **changes,
    }  # fmt: skip
    return row_of(record, 3, log_index=7)


def read_csv(data: bytes) -> list[dict[str, str]]:
    """Read CSV back."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def test_json_lines_are_one_object_a_line() -> None:
    """With every field, and nothing invented."""
    out = io.BytesIO()
    assert json_lines([row(), row(team="x\ny")], out) == 2
    first, second = map(orjson.loads, out.getvalue().splitlines())
    assert first == row().as_json()
    assert second["team"] == "x\ny"


def test_csv_has_a_header_a_time_in_words_and_lists_in_one_cell() -> None:
    """What is null is an empty cell."""
    out = io.BytesIO()
    assert comma_separated([row()], out) == 1
    (found,) = read_csv(out.getvalue())
    assert list(found) == ["time", *COLUMNS]
    assert found["time"] == "2023-11-14T22:13:20.123456+00:00"
    assert (found["rules"], found["tenant"], found["log_index"]) == ("a.rego:1 b.rego:2,3", "", "7")


@given(team=TEXTS, start=st.sampled_from(("", "=", "+", "-", "@", "\t", "\r", "\n")), rule=TEXTS)
def test_no_cell_of_csv_is_a_formula(team: str, start: str, rule: str) -> None:
    """A spreadsheet would run a team called `=HYPERLINK(...)`; an apostrophe is put before it."""
    out = io.BytesIO()
    comma_separated([row(team=start + team, policy={"rules": [{"id": start + rule}]})], out)
    (found,) = read_csv(out.getvalue())
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in found.values())
    assert found["team"].removeprefix("'") == (start + team).removeprefix("'")


def test_rows_are_written_as_they_come() -> None:
    """The first stands in the file before the second is asked for."""
    out = io.BytesIO()
    seen = []

    def coming() -> Iterator[Row]:
        for one in repeat(row(), 3):
            yield one
            seen.append(out.getvalue().count(b"\n"))

    assert json_lines(coming(), out) == 3
    assert seen == [1, 2, 3]


def test_parquet_without_its_library_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what to install."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParquetUnavailable, match=r"regent\[parquet\]") as refused:
        parquet([row()], io.BytesIO())
    assert refused.value.code == "parquet.unavailable"


@pytest.mark.parametrize("count", [0, 1, 9_000])
def test_parquet_holds_the_same_rows(count: int) -> None:
    """Typed: times, numbers, lists of texts; in several groups where there are many."""
    tables = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: regent[parquet]")
    out = io.BytesIO()
    assert parquet(repeat(row(), count), out) == count
    out.seek(0)
    found = tables.read_table(out).to_pylist()
    time = datetime(2023, 11, 14, 22, 13, 20, 123_456, tzinfo=UTC)
    assert found == [{"time": time, **row().as_json()}] * count
