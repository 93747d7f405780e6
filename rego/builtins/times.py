"""Time: nanoseconds since 1970 UTC, time zones, and Go's layouts."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from rego import numeric
from rego.builtins.operands import machine, number, refuse, text, wrong_type
from rego.gotime import LAYOUTS, formatted, parsed
from rego.values import Value, is_number

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
    "h": 3600 * _SECOND,
}  # fmt: skip
_SEGMENT: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]+)")
_EXTENDED: Final = re.compile(r"([0-9.]+)(ms|us|µs|ns|[a-z])")
_HOURS: Final[Mapping[str, int]] = {"d": 24, "w": 7 * 24, "y": 365 * 24}
_FIRST_YEAR: Final = 292_277_022_400
_FIRST_DAY: Final = 106_751_991_073_400  # 1970-01-01, counted from the first of March of that year
_LIMIT: Final = 2**63
_UINT64: Final = 2**64
_MAX_FRACTION: Final = _LIMIT - 1


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
    plain = _without_long_units(source) if any(unit in source for unit in _HOURS) else source
    return _duration(plain, source)


def _without_long_units(source: str) -> str:
    """Return a duration with days, weeks and years written as hours, computed with doubles as in OPA."""
    sign = source[:1] if source[:1] in {"+", "-"} else ""
    out, end = [sign], len(sign)
    while end < len(source):
        match = _EXTENDED.match(source, end)
        if match is None or (match[2] in _HOURS and (match[1].count(".") > 1 or match[1] == ".")):
            raise refuse(f"time: invalid duration {source!r}")
        out.append(match.group() if match[2] not in _HOURS else _as_hours(match[1], _HOURS[match[2]]))
        end = match.end()
    return "".join(out)


def _as_hours(digits: str, hours: int) -> str:
    double = float(digits) * hours
    return f"{Decimal(repr(double)):f}h" if math.isfinite(double) else "x"


def _duration(plain: str, source: str) -> int:
    """Return nanoseconds, with the rounding of Go's `time.ParseDuration`."""
    invalid = refuse(f"time: invalid duration {source!r}")
    negative, end = plain.startswith("-"), int(plain[:1] in {"+", "-"})
    if plain[end:] == "0":
        return 0
    if end == len(plain):
        raise invalid
    total = 0
    while end < len(plain):
        match = _SEGMENT.match(plain, end)
        if match is None or not (match[1] or match[2]) or match[3] not in _UNITS_NS:
            raise invalid
        total += _segment(match[1], match[2] or "", _UNITS_NS[match[3]])
        if total > _LIMIT:
            raise invalid
        end = match.end()
    if total == _LIMIT and not negative:
        raise invalid
    return -total if negative else total


def _segment(whole_digits: str, fraction_digits: str, unit_ns: int) -> int:
    if len(whole_digits.lstrip("0")) > 19:  # noqa: PLR2004 - more than a machine's integer has
        return _LIMIT + 1
    found = int(whole_digits or "0") * unit_ns
    if found > _LIMIT:
        return found
    fraction, scale = 0, 1.0
    for digit in fraction_digits:
        if fraction > _MAX_FRACTION // 10:
            break
        fraction, scale = fraction * 10 + int(digit), scale * 10
    return found + int(float(fraction) * (float(unit_ns) / scale))


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
    found = value if type(value) is int else numeric.binary(value)
    if found.denominator != 1 or not _MIN_NS <= found <= _MAX_NS:
        raise refuse("timestamp too big")
    return int(found)


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
    nanoseconds, zone, _ = _moment(value)
    more_years, more_months, more_days = machine(years, 2), machine(months, 3), machine(days, 4)
    moment, rest = _at(nanoseconds, zone)
    # Go's arithmetic overflows, and so does this.
    year, month = divmod(_int64(_int64(moment.month + more_months) - 1), 12)
    days_since = _days(_int64(moment.year + more_years) + year, month + 1, _int64(moment.day + more_days))
    seconds = _int64(days_since * 86_400 + moment.hour * 3600 + moment.minute * 60 + moment.second)
    return _bounded((seconds - _zone_offset(seconds, zone)) * _SECOND + rest)


def _int64(value: int) -> int:
    return (value + _LIMIT) % _UINT64 - _LIMIT


def _days(year: int, month: int, day: int) -> int:
    """Return the days since 1970 of a date, as Go counts them: from a March in the distant past."""
    if month < 3:  # noqa: PLR2004 - March begins the year
        month, year = month + 12, year - 1
    century, of_century = divmod((year + _FIRST_YEAR) % _UINT64, 100)
    in_year = ((month * 979 - 2919) >> 5) + 1461 * of_century // 4
    return century * 146_097 % _UINT64 // 4 + in_year + day - 1 - _FIRST_DAY


def _zone_offset(seconds: int, zone: tzinfo) -> int:
    """Return the offset that Go finds for a local time; near a change of the clock it looks twice."""
    offset = _offset_at(seconds, zone)
    return _offset_at(seconds - offset, zone) if offset else 0


def _offset_at(seconds: int, zone: tzinfo) -> int:
    if not _MIN_NS <= seconds * _SECOND <= _MAX_NS:
        return 0  # it is refused anyway
    offset = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone).utcoffset() or timedelta()
    return offset // timedelta(seconds=1)


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
