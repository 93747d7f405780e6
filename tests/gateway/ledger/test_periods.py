"""Periods of the calendar: they follow each other without a gap, in every zone, over changes of clocks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.periods import Span, after, before, is_zone, span

if TYPE_CHECKING:
    from gateway.accounts import Period

ZONES = ("UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo")
PERIODS: tuple[Period, ...] = ("day", "week", "month", "quarter", "year")
HOUR_US = 3_600_000_000


def at(text: str, zone: str = "UTC") -> int:
    """Microseconds since the epoch of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("day", "2026-11-21", "2026-11-22"),
        ("week", "2026-11-16", "2026-11-23"),
        ("month", "2026-11-01", "2026-12-01"),
        ("quarter", "2026-10-01", "2027-01-01"),
        ("year", "2026-01-01", "2027-01-01"),
    ],
)
def test_a_period_begins_at_midnight_of_its_zone(period: Period, start: str, end: str) -> None:
    """Weeks begin on Monday, quarters in January, April, July and October."""
    moment = at("2026-11-21T23:59:59", "Europe/Berlin")
    assert span(period, "Europe/Berlin", moment) == Span(at(start, "Europe/Berlin"), at(end, "Europe/Berlin"))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T12:00:00", 23),
        ("Europe/Berlin", "2026-10-25T12:00:00", 25),
        ("America/Sao_Paulo", "2018-11-04T12:00:00", 23),  # clocks skipped midnight itself
        ("Pacific/Apia", "2011-12-29T12:00:00", 24),  # and the 30th never was
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, day: str, hours: int) -> None:
    """Daylight saving and a moved date line shorten or lengthen a day; they never leave a gap."""
    found = span("day", zone, at(day, zone))
    assert (found.end_us - found.start_us) == hours * HOUR_US


@given(
    st.sampled_from(PERIODS),
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - made UTC below
)
def test_periods_tile_time(period: Period, zone: str, moment: datetime) -> None:
    """Each moment lies in exactly one period, and its neighbours begin where it ends."""
    at_us = int(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000
    found = span(period, zone, at_us)
    assert found.start_us <= at_us < found.end_us
    assert span(period, zone, found.end_us - 1) == found
    assert after(period, zone, found).start_us == found.end_us
    assert before(period, zone, found).end_us == found.start_us


@pytest.mark.parametrize("name", ["", "nowhere", "../../etc/passwd", "/etc/localtime", "Europe", "\0"])
def test_what_is_no_zone_is_none(name: str) -> None:
    """Neither an unknown name nor a path out of the folder of zones."""
    assert not is_zone(name)
    with pytest.raises(ValueError, match="no time zone"):
        span("day", name, 0)
