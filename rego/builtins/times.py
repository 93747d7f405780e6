"""Time: nanoseconds since 1970 UTC, time zones, and Go's layouts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from rego.builtins.operands import number, refuse, text, whole, wrong_type
from rego.gotime import LAYOUTS, formatted, parsed
from rego.values import Value, integer, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from rego.builtins.context import Context

_SECOND: Final = 1_000_000_000
_MIN_NS, _MAX_NS = -(2**63), 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_UNITS_NS: Final[Mapping[str, int]] = {
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": _SECOND, "m": 60 * _SECOND,
    "h": 3600 * _SECOND, "d": 86_400 * _SECOND, "w": 7 * 86_400 * _SECOND, "y": 365 * 86_400 * _SECOND,
}  # fmt: skip
_DURATION: Final = re.compile(r"([+-]?)((?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|[smhdwy]))+)")
_SEGMENT: Final = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|[smhdwy])")


def _bounded(value_ns: int) -> int:
    if not _MIN_NS <= value_ns <= _MAX_NS:
        raise refuse("time outside of valid range")
    return value_ns


def _now(context: Context) -> int:
    return context.now_ns


def _parse(layout: Value, value: Value) -> int:
    wanted, source = text(layout, 1), text(value, 2)
    return _bounded(parsed(LAYOUTS.get(wanted, wanted), source))


def _parse_rfc3339(value: Value) -> int:
    return _bounded(parsed(LAYOUTS["RFC3339"], text(value, 1)))


def _parse_duration(value: Value) -> int:
    source = text(value, 1)
    if source.lstrip("+-") == "0" and len(source) < 3:  # noqa: PLR2004 - a sign and a zero
        return 0
    match = _DURATION.fullmatch(source)
    if match is None:
        raise refuse(f"time: invalid duration {source!r}")
    parts = _SEGMENT.findall(match.group(2))
    total = sum(int(Fraction(digits.rstrip(".") or "0") * _UNITS_NS[unit]) for digits, unit in parts)
    return _bounded(-total if match.group(1) == "-" else total)


def _moment(value: Value) -> tuple[int, tzinfo, str]:
    """Return nanoseconds, time zone and layout of an operand: a number, or an array of up to three."""
    if is_number(value):
        return _nanoseconds(value), UTC, ""
    if type(value) is not list or not value:
        raise wrong_type(1, value, "either number (ns) or [number (ns), string (tz)]")
    nanoseconds = _nanoseconds(number(value[0], 1))
    zone = _zone(text(value[1], 1)) if len(value) > 1 else UTC
    return nanoseconds, zone, text(value[2], 1) if len(value) > 2 else ""  # noqa: PLR2004 - time, zone, layout


def _nanoseconds(value: Value) -> int:
    found = integer(value)
    if found is None or not _MIN_NS <= found <= _MAX_NS:
        raise refuse("timestamp too big")
    return found


def _zone(name: str) -> tzinfo:
    if name in {"", "UTC"}:
        return UTC
    if name == "Local":
        return datetime.now(UTC).astimezone().tzinfo or UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise refuse(f"unknown time zone {name}") from error


def _local(value: Value) -> tuple[datetime, int]:
    """Return the local time of an operand, to the second, and the nanoseconds left over."""
    nanoseconds, zone, _ = _moment(value)
    return _at(nanoseconds, zone)


def _at(nanoseconds: int, zone: tzinfo) -> tuple[datetime, int]:
    seconds, rest = divmod(nanoseconds, _SECOND)
    return (_EPOCH + timedelta(seconds=seconds)).astimezone(zone), rest


def _format(value: Value) -> str:
    nanoseconds, zone, layout = _moment(value)
    moment, rest = _at(nanoseconds, zone)
    return formatted(LAYOUTS.get(layout or "RFC3339Nano", layout), moment, rest)


def _date(value: Value) -> list[int]:
    moment, _ = _local(value)
    return [moment.year, moment.month, moment.day]


def _clock(value: Value) -> list[int]:
    moment, _ = _local(value)
    return [moment.hour, moment.minute, moment.second]


def _weekday(value: Value) -> str:
    moment, _ = _local(value)
    return _WEEKDAYS[moment.weekday()]


def _add_date(value: Value, years: Value, months: Value, days: Value) -> int:
    moment, rest = _local(value)
    year, month = divmod((moment.year + whole(years, 2)) * 12 + moment.month - 1 + whole(months, 3), 12)
    try:
        day = datetime(year, month + 1, 1, moment.hour, moment.minute, moment.second, tzinfo=moment.tzinfo)
        day += timedelta(days=moment.day - 1 + whole(days, 4))
    except (ValueError, OverflowError) as error:
        raise refuse("time outside of valid range") from error
    since = day.astimezone(UTC) - _EPOCH
    return _bounded((since.days * 86_400 + since.seconds) * _SECOND + rest)


def _diff(one: Value, two: Value) -> list[int]:
    (first, zone, _), (second, _, _) = _moment(one), _moment(two)
    earlier, _ = _at(min(first, second), zone)
    later, _ = _at(max(first, second), zone)
    parts = [a - b for a, b in zip(later.timetuple()[:6], earlier.timetuple()[:6], strict=True)]
    following = date(earlier.year + earlier.month // 12, earlier.month % 12 + 1, 1)
    days_in_month = (following - earlier.date().replace(day=1)).days
    for place, size in ((5, 60), (4, 60), (3, 24), (2, days_in_month), (1, 12)):
        if parts[place] < 0:
            parts[place] += size
            parts[place - 1] -= 1
    return parts


TABLE: Final[Mapping[str, Callable[..., Any]]] = {
    "time.parse_ns": _parse,
    "time.parse_rfc3339_ns": _parse_rfc3339,
    "time.parse_duration_ns": _parse_duration,
    "time.format": _format,
    "time.date": _date,
    "time.clock": _clock,
    "time.weekday": _weekday,
    "time.add_date": _add_date,
    "time.diff": _diff,
}
CONTEXTUAL: Final[Mapping[str, Callable[..., Any]]] = {"time.now_ns": _now}
