"""Go's time layouts, written and read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rego.errors import BuiltinError
from rego.gotime import LAYOUTS, formatted, parsed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS = st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31))  # noqa: DTZ001 - the zone is added below
_ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(_MOMENTS, _ZONES, st.integers(0, 999))
def test_a_time_reads_back_as_itself(moment: datetime, zone: timezone, nanoseconds: int) -> None:
    """To the nanosecond, in any zone."""
    local = moment.replace(tzinfo=zone)
    fraction = local.microsecond * 1000 + nanoseconds
    since = (local.replace(microsecond=0) - _EPOCH) // timedelta(seconds=1)
    layout = LAYOUTS["RFC3339Nano"]
    assert parsed(layout, formatted(layout, local, fraction)) == since * 10**9 + fraction


@given(st.text("0123456789:.,-+ TZJanMoPM_", max_size=30), st.text("0123456789:.,-+ TZJanMoPM", max_size=30))
def test_reading_fails_in_one_way_only(layout: str, text: str) -> None:
    """Whatever layout and text a policy brings, it gets a time or a builtin's error."""
    try:
        assert type(parsed(layout, text)) is int
    except BuiltinError as error:
        assert "parsing time" in str(error)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("Jan 2 15:04:05.000 2006", "Feb 3 16:05:06.007 1999"),
        ("Monday, _2 January 06 03:04PM", "Wednesday,  3 February 99 04:05PM"),
        ("002|__2|3pm|.9|.999|,00|05.0x", "034| 34|4pm||.007|,00|06.0x"),
        ("-0700 Z07:00 MST", "+0000 Z UTC"),
        ("Januaries Mondays 2006-2006", "Januaries Wednesdays 1999-1999"),
    ],
)
def test_layouts_are_read_as_go_reads_them(layout: str, expected: str) -> None:
    """The longest element counts, and what looks like none stays as it is."""
    moment = datetime(1999, 2, 3, 16, 5, 6, 7000, tzinfo=UTC)
    assert formatted(layout, moment, 7_000_000) == expected
