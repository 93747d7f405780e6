"""The calendar: in which day, week, month, quarter or year of a time zone a moment lies.

By the zones of IANA as the machine, or the package `tzdata`, has them. A day that daylight saving makes 23 or
25 hours long is one day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from gateway.accounts import Period

_SECOND_US = 1_000_000
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Span(NamedTuple):
    """A stretch of time.

    Args:
        start_us: its first moment, microseconds since the epoch.
        end_us: the first moment that isn't in it any more.
    """

    start_us: int
    end_us: int


def span(period: Period, time_zone: str, at_us: int) -> Span:
    """Return the period that a moment lies in.

    Args:
        time_zone: IANA name.
        at_us: microseconds since the epoch.

    Raises:
        ValueError: the zone is unknown here, or the moment is outside the years 2 to 9998.
    """
    return _of_the_day(period, time_zone, _local(at_us, _zone(time_zone)))


def before(period: Period, time_zone: str, given: Span) -> Span:
    """Return the period just before one."""
    return span(period, time_zone, given.start_us - 1)


def after(period: Period, time_zone: str, given: Span) -> Span:
    """Return the period just after one."""
    return span(period, time_zone, given.end_us)


def is_zone(name: str) -> bool:
    """Tell whether a time zone is known here."""
    try:
        _zone(name)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _of_the_day(period: Period, time_zone: str, day: date) -> Span:
    start = _first(period, day)
    zone = _zone(time_zone)
    return Span(_midnight_us(start, zone), _midnight_us(_next(period, start), zone))


def _first(period: Period, day: date) -> date:
    if period == "day":
        return day
    if period == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[period]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _next(period: Period, start: date) -> date:
    if period == "day":
        return start + timedelta(days=1)
    if period == "week":
        return start + timedelta(days=7)
    months = start.month - 1 + _MONTHS[period]
    return date(start.year + months // 12, months % 12 + 1, 1)


def _local(at_us: int, zone: ZoneInfo) -> date:
    try:
        return datetime.fromtimestamp(at_us // _SECOND_US, zone).date()
    except (OverflowError, OSError) as error:
        raise ValueError("a moment outside the calendar") from error


def _midnight_us(day: date, zone: ZoneInfo) -> int:
    """The day's first moment; where clocks skip midnight, the moment at which they do."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(midnight.astimezone(UTC).timestamp()) * _SECOND_US


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # A name may be a path out of the folder of zones (ValueError), or that of a folder in it (OSError).
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no time zone of that name") from error
