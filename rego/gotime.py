"""Go's time layouts ("2006-01-02 15:04:05"), for formatting and for parsing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYOUTS: Final[Mapping[str, str]] = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}
_TOKEN: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|(?<=_)2006|__2|_2(?!006)|002|01|02|03|04|05|06|15|PM|pm"
    r"|[Z-]07:00:00|[Z-]070000|[Z-]07:00|[Z-]0700|[Z-]07|[.,](?:0+|9+)(?![0-9])|[1-5]"
)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE: Final = r"[+-]\d{2}"
_READ: Final[Mapping[str, str]] = {
    "January": rf"(?i:(?P<month_name>{'|'.join(_MONTHS)}))",
    "Jan": rf"(?i:(?P<month_name>{'|'.join(name[:3] for name in _MONTHS)}))",
    "Monday": rf"(?i:{'|'.join(_DAYS)})",
    "Mon": rf"(?i:{'|'.join(name[:3] for name in _DAYS)})",
    "MST": r"(?P<abbreviation>[A-Z]{3,5}|[+-]\d{2})",
    "2006": r"(?P<year>\d{4})",
    "06": r"(?P<short_year>\d{2})",
    "01": r"(?P<month>\d{2})",
    "1": r"(?P<month>\d{1,2})",
    "02": r"(?P<day>\d{2})",
    "_2": r" ?(?P<day>\d{1,2})",
    "2": r"(?P<day>\d{1,2})",
    "002": r"(?P<year_day>\d{3})",
    "__2": r" {0,2}(?P<year_day>\d{1,3})",
    "15": r"(?P<hour>\d{1,2})",
    "03": r"(?P<half_hour>\d{2})",
    "3": r"(?P<half_hour>\d{1,2})",
    "04": r"(?P<minute>\d{2})",
    "4": r"(?P<minute>\d{1,2})",
    "05": r"(?P<second>\d{2})",
    "5": r"(?P<second>\d{1,2})",
    "PM": r"(?P<half>AM|PM)",
    "pm": r"(?P<half>am|pm)",
}


def formatted(layout: str, moment: datetime, nanoseconds: int) -> str:
    """Return a local time in a layout; `nanoseconds` are those within its second."""
    out: list[str] = []
    end = 0
    for match in _TOKEN.finditer(layout):
        out += (layout[end : match.start()], _written(match.group(), moment, nanoseconds))
        end = match.end()
    return "".join(out) + layout[end:]


def _written(token: str, moment: datetime, nanoseconds: int) -> str:
    if token[0] in ".,":
        digits = f"{nanoseconds:09d}"[: len(token) - 1]
        if token[1] == "9":
            digits = digits.rstrip("0")
        return token[0] + digits if digits else ""
    if token[0] in "Z-" and len(token) > 1:
        return _offset(token, moment)
    half = moment.hour % 12 or 12
    return {
        "January": _MONTHS[moment.month - 1], "Jan": _MONTHS[moment.month - 1][:3],
        "Monday": _DAYS[moment.weekday()], "Mon": _DAYS[moment.weekday()][:3],
        "MST": moment.tzname() or "", "2006": f"{moment.year:04d}", "06": f"{moment.year % 100:02d}",
        "01": f"{moment.month:02d}", "1": str(moment.month), "02": f"{moment.day:02d}",
        "_2": f"{moment.day:2d}", "2": str(moment.day), "002": f"{moment.timetuple().tm_yday:03d}",
        "__2": f"{moment.timetuple().tm_yday:3d}", "15": f"{moment.hour:02d}", "03": f"{half:02d}",
        "3": str(half), "04": f"{moment.minute:02d}", "4": str(moment.minute),
        "05": f"{moment.second:02d}", "5": str(moment.second),
        "PM": "PM" if moment.hour >= 12 else "AM",  # noqa: PLR2004 - noon
        "pm": "pm" if moment.hour >= 12 else "am",  # noqa: PLR2004 - noon
    }[token]  # fmt: skip


def _offset(token: str, moment: datetime) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    if token[0] == "Z" and seconds == 0:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    parts = [f"{hours:02d}", f"{rest // 60:02d}", f"{rest % 60:02d}"]
    wanted = len(token[1:].replace(":", "")) // 2
    return ("-" if seconds < 0 else "+") + (":" if ":" in token else "").join(parts[:wanted])


def parsed(layout: str, value: str) -> int:
    """Return the nanoseconds since 1970 UTC that a text in a layout names.

    Raises:
        BuiltinError: If the text does not fit the layout, or names no time that there is.
    """
    match = re.fullmatch(_reader(layout), value)
    if match is None:
        raise BuiltinError(f'parsing time "{value}" as "{layout}": cannot parse')
    found = {name: part for name, part in match.groupdict().items() if part is not None}
    try:
        return _nanoseconds(found)
    except (ValueError, OverflowError) as error:
        raise BuiltinError(f'parsing time "{value}": out of range') from error


def _reader(layout: str) -> str:
    out: list[str] = []
    seen: set[str] = set()
    end = 0
    for match in _TOKEN.finditer(layout):
        token = match.group()
        out.append(re.escape(layout[end : match.start()]))
        read = _reading(token, layout[match.end() : match.end() + 2])
        for name in re.findall(r"\(\?P<(\w+)>", read):
            if name in seen:  # a field given twice: the last one counts in Go; both must fit here
                read = read.replace(f"(?P<{name}>", "(?:")
            seen.add(name)
        out.append(read)
        end = match.end()
    return "".join(out) + re.escape(layout[end:])


def _reading(token: str, following: str) -> str:
    if token[0] in ".,":
        digits = len(token) - 1
        return (
            rf"[.,](?P<fraction>\d{{{digits}}})" if token[1] == "0" else r"(?:[.,](?P<fraction>\d{1,9})\d*)?"
        )
    if token[0] in "Z-" and len(token) > 1:
        wanted = len(token[1:].replace(":", "")) // 2
        colon = ":" if ":" in token else ""
        offset = _ZONE + (colon + r"\d{2}") * (wanted - 1)
        return rf"(?P<offset>{'Z|' if token[0] == 'Z' else ''}{offset})"
    if token in {"05", "5"} and not re.match(r"[.,][09]", following):
        return _READ[token] + r"(?:[.,](?P<fraction>\d{1,9})\d*)?"
    return _READ[token]


def _nanoseconds(found: Mapping[str, str]) -> int:
    hour = int(found.get("hour", 0))
    if "half_hour" in found:
        hour = int(found["half_hour"])
        if not 0 <= hour <= 12:  # noqa: PLR2004 - a half day's hours
            raise ValueError("hour")
        if "half" in found:
            hour = hour % 12 + (12 if found["half"].lower() == "pm" else 0)
    minute, second = int(found.get("minute", 0)), int(found.get("second", 0))
    year = int(found.get("year", 0)) if "short_year" not in found else _century(int(found["short_year"]))
    month = int(found.get("month", 1))
    if "month_name" in found:
        month = [name[:3].lower() for name in _MONTHS].index(found["month_name"][:3].lower()) + 1
    if year == 0:
        raise ValueError("a year that a nanosecond count cannot reach")
    moment = datetime(year, month, int(found.get("day", 1)), hour, minute, second, tzinfo=_zone(found))
    if "year_day" in found:
        moment += timedelta(days=int(found["year_day"]) - 1)
    since = moment - _EPOCH
    nanoseconds = int(found.get("fraction", "0").ljust(9, "0"))
    return (since.days * 86_400 + since.seconds) * _SECOND + nanoseconds


def _century(short: int) -> int:
    return short + (1900 if short >= 69 else 2000)  # noqa: PLR2004 - Go's pivot


def _zone(found: Mapping[str, str]) -> timezone:
    offset = found.get("offset", "Z")
    if offset == "Z":
        return UTC
    digits = offset[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if hours > 24 or minutes > 60 or seconds > 60:  # noqa: PLR2004 - Go's bounds
        raise ValueError("offset")
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-size if offset[0] == "-" else size)
