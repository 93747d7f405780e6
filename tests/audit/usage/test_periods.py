"""Pins where days and months begin, in any time zone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.usage.periods import FOREVER, Period, month_of, span, zone

HOUR_US = 3_600_000_000


def at(text: str) -> int:
    """A point in time of the year 2026, microseconds UTC."""
    return int(datetime.fromisoformat("2026-" + text).astimezone(UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("period", "name", "moment", "start", "end"),
    [
        ("day", "UTC", "11-20T23:59:59Z", "11-20T00:00:00Z", "11-21T00:00:00Z"),
        ("day", "Asia/Tokyo", "11-20T15:00:00Z", "11-21T00:00:00+09:00", "11-22T00:00:00+09:00"),
        ("month", "UTC", "11-30T12:00:00Z", "11-01T00:00:00Z", "12-01T00:00:00Z"),
        ("month", "Asia/Tokyo", "10-31T15:00:00Z", "11-01T00:00:00+09:00", "12-01T00:00:00+09:00"),
        # 25 and 23 hours long.
        ("day", "Europe/Berlin", "10-25T12:00:00Z", "10-25T00:00:00+02:00", "10-26T00:00:00+01:00"),
        ("day", "Europe/Berlin", "03-29T12:00:00Z", "03-29T00:00:00+01:00", "03-30T00:00:00+02:00"),
        # Clocks there go from 23:59 to 01:00.
        ("day", "America/Santiago", "09-06T12:00:00Z", "09-06T01:00:00-03:00", "09-07T00:00:00-03:00"),
    ],
)  # fmt: skip
def test_a_period_is_that_of_the_calendar(
    period: Period, name: str, moment: str, start: str, end: str
) -> None:
    """Its first moment, and the first one that isn't in it any more."""
    assert span(period, zone(name), at(moment)) == (at(start), at(end))


@given(
    st.integers(-(1 << 60), 1 << 60),
    st.sampled_from(("UTC", "Europe/Berlin", "America/Santiago", "Pacific/Apia", "Asia/Kathmandu")),
    st.sampled_from(("day", "month", "all")),
)
def test_every_moment_lies_in_its_period(at_us: int, name: str, period: Period) -> None:
    """Also where no clock of a record ever is, and the next one begins where it ends."""
    where = zone(name)
    found = span(period, where, at_us)
    assert found.start_us <= at_us < found.end_us
    assert found.end_us == FOREVER.end_us or span(period, where, found.end_us).start_us == found.end_us


def test_a_day_lies_in_its_month() -> None:
    """By the same time zone."""
    where = zone("Asia/Tokyo")
    day = span("day", where, at("10-31T15:00:00Z"))
    assert month_of(where, day) == span("month", where, at("11-15T00:00:00Z"))


@pytest.mark.parametrize(
    "name",
    [
        "", "Europe/Nowhere", "../../etc/passwd", "/etc/passwd", "Europe", "Europe/", "a" * 200, "UTC\x00",
        "é", "a/b/c/d",
    ],
)  # fmt: skip
def test_a_name_that_is_no_zone_is_refused(name: str) -> None:
    """Names of zones are names of files: none leads out of their folder, and a folder is none."""
    with pytest.raises(ValueError, match="zone"):
        zone(name)
