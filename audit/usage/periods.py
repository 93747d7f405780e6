"""Days and months of a time zone, as stretches of time.

By the zones of IANA as the machine has them. A day that daylight saving makes 23 or 25 hours long is one day.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Period = Literal["day", "month", "all"]
"""`all` is the whole stretch that is asked for."""
PERIODS: tuple[Period, ...] = get_args(Period)

_SECOND_US = 1_000_000
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_US = 2**53  # of any time in a record: it lies in the years 1684 to 2255


class Span(NamedTuple):
    """A stretch of time: its first moment and the first one after it, microseconds UTC."""

    start_us: int
    end_us: int


FOREVER = Span(-(1 << 62), 1 << 62)


def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        ValueError: there is none of that name here.
    """
    if not _ZONE.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no name of a time zone")
    try:
        return ZoneInfo(name)
    # Zones are files: a name may be that of a folder, or of something else beside them.
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r} here") from None


def span(period: Period, where: ZoneInfo, at_us: int) -> Span:
    """Return the period that a moment lies in; what no clock of a record says is in one of two long ones."""
    if period == "all":
        return FOREVER
    if at_us >= _MOST_US:
        return Span(_MOST_US, FOREVER.end_us)
    if at_us <= -_MOST_US:
        return Span(FOREVER.start_us, 1 - _MOST_US)
    local = datetime.fromtimestamp(at_us // _SECOND_US, where).date()
    found = _whole(period, where, local if period == "day" else local.replace(day=1))
    return Span(max(found.start_us, 1 - _MOST_US), min(found.end_us, _MOST_US))


def month_of(where: ZoneInfo, given: Span) -> Span:
    """Return the month in which a day or month begins."""
    return span("month", where, given.start_us)


@lru_cache(maxsize=4096)
def _whole(period: Period, where: ZoneInfo, first: date) -> Span:
    following = first + timedelta(days=1 if period == "day" else 32)
    if period == "month":
        following = following.replace(day=1)
    return Span(_midnight_us(first, where), _midnight_us(following, where))


def _midnight_us(day: date, where: ZoneInfo) -> int:
    """The day's first moment; where clocks skip midnight, the moment at which they do."""
    since = datetime(day.year, day.month, day.day, tzinfo=where).astimezone(UTC) - _EPOCH
    return (since.days * 86_400 + since.seconds) * _SECOND_US
