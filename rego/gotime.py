"""Go's time layouts ("2006-01-02 15:04:05"), for formatting and for parsing, after Go's `time/format.go`.

Whatever Go reads from this machine's time zone is read here as UTC: a policy answers alike everywhere.

Longer than most modules: each element of a layout is written by one table and read by another,
which stand side by side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from rego.errors import BuiltinError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
# An underscore before 2006 is itself; "002" is tried after "01" to "06", as Go does.
_ELEMENT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|0[1-6]|002|15|1|2006|2|_2(?!006)|__2|3|4|5|PM|pm"
    r"|[Z-]070000|[Z-]07:00:00|[Z-]0700|[Z-]07:00|[Z-]07|[.,](?:0+|9+)(?![0-9])"
)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SECOND: Final = 1_000_000_000
_MINUTE, _NOON = 60, 12
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # the Gregorian calendar repeats itself


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def formatted(layout: str, moment: datetime, nanoseconds: int) -> str:
    """Return a local time in a layout; `nanoseconds` are those within its second."""
    out: list[str] = []
    end = 0
    for match in _ELEMENT.finditer(layout):
        out += (layout[end : match.start()], _written(match.group(), moment, nanoseconds))
        end = match.end()
    return "".join(out) + layout[end:]


def _written(element: str, moment: datetime, nanoseconds: int) -> str:
    if element[0] in ".,":
        digits = f"{nanoseconds:09d}"[: len(element) - 1]
        if element[1] == "9":
            digits = digits.rstrip("0")
        return element[0] + digits if digits else ""
    if element[0] in "Z-":
        return _offset(element, moment)
    return _WRITERS[element](moment)


def _offset(element: str, moment: datetime) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    if element[0] == "Z" and seconds == 0:
        return "Z"
    hours, rest = divmod(abs(seconds), 3600)
    parts = [f"{hours:02d}", f"{rest // 60:02d}", f"{rest % 60:02d}"]
    wanted = len(element[1:].replace(":", "")) // 2
    # Less than a minute west of Greenwich is written with a plus, as Go does.
    return ("-" if seconds <= -_MINUTE else "+") + (":" if ":" in element else "").join(parts[:wanted])


def _half_hour(moment: datetime) -> int:
    return moment.hour % _NOON or _NOON


_WRITERS: Final[Mapping[str, Callable[[datetime], str]]] = {
    "January": lambda moment: _MONTHS[moment.month - 1],
    "Jan": lambda moment: _MONTHS[moment.month - 1][:3],
    "Monday": lambda moment: _DAYS[moment.weekday()],
    "Mon": lambda moment: _DAYS[moment.weekday()][:3],
    "MST": lambda moment: moment.tzname() or "",
    "2006": lambda moment: f"{moment.year:04d}",
    "06": lambda moment: f"{moment.year % 100:02d}",
    "01": lambda moment: f"{moment.month:02d}",
    "1": lambda moment: str(moment.month),
    "02": lambda moment: f"{moment.day:02d}",
    "_2": lambda moment: f"{moment.day:2d}",
    "2": lambda moment: str(moment.day),
    "002": lambda moment: f"{moment.timetuple().tm_yday:03d}",
    "__2": lambda moment: f"{moment.timetuple().tm_yday:3d}",
    "15": lambda moment: f"{moment.hour:02d}",
    "03": lambda moment: f"{_half_hour(moment):02d}",
    "3": lambda moment: str(_half_hour(moment)),
    "04": lambda moment: f"{moment.minute:02d}",
    "4": lambda moment: str(moment.minute),
    "05": lambda moment: f"{moment.second:02d}",
    "5": lambda moment: str(moment.second),
    "PM": lambda moment: "PM" if moment.hour >= _NOON else "AM",
    "pm": lambda moment: "pm" if moment.hour >= _NOON else "am",
}


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def parsed(layout: str, value: str) -> int:
    """Return the nanoseconds since 1970 UTC that a text in a layout names, be they ever so many.

    Raises:
        BuiltinError: If the text does not fit the layout, or names no time that there is.
    """
    found = _Fields()
    rest, end = value, 0
    try:
        for match in _ELEMENT.finditer(layout):
            rest = _after(rest, layout[end : match.start()])
            rest = _read(match.group(), layout[match.end() :], rest, found)
            end = match.end()
        rest = _after(rest, layout[end:])
        nanoseconds = found.nanoseconds()
    except ValueError as error:
        raise BuiltinError(f'parsing time "{value}" as "{layout}": {error}') from error
    if rest:
        raise BuiltinError(f'parsing time "{value}" as "{layout}": extra text')
    return nanoseconds


@dataclass(slots=True)
class _Fields:
    """What has been read of a time; of a field that is there twice, the last counts."""

    year: int = 0
    month: int | None = None
    day: int | None = None
    year_day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    fraction: int = 0
    halves: str = ""
    offset: int = 0
    is_utc: bool = False

    def nanoseconds(self) -> int:
        """Return the time as nanoseconds since 1970 UTC; ValueError where there is no such day."""
        hour = self.hour
        if "p" in self.halves and hour < _NOON:
            hour += _NOON
        elif "a" in self.halves and hour == _NOON:
            hour = 0
        seconds = self._days() * 86_400 + hour * 3600 + self.minute * 60 + self.second
        # Go notes by -1 that there is no offset.
        offset = 0 if self.is_utc or self.offset == -1 else self.offset
        return (seconds - offset) * _SECOND + self.fraction

    def _days(self) -> int:
        cycles, year = divmod(self.year, _CYCLE_YEARS)
        first = date(year + _CYCLE_YEARS, 1, 1)  # a year of the same form that Python has
        if self.year_day is not None:
            found = first + timedelta(days=self.year_day - 1)
            if found.year != first.year or self.year_day < 1:
                raise ValueError("day-of-year out of range")
            if self.month not in {None, found.month} or self.day not in {None, found.day}:
                raise ValueError("day-of-year does not match month or day")
        else:
            found = first.replace(month=self.month or 1, day=1 if self.day is None else self.day)
        return found.toordinal() - _EPOCH_DAY + (cycles - 1) * _CYCLE_DAYS


def _after(value: str, prefix: str) -> str:
    """Return what follows a layout's literal text in a value; a space stands for any number of them."""
    while prefix:
        if prefix[0] == " ":
            if value and value[0] != " ":
                raise ValueError("cannot parse")
            prefix, value = prefix.lstrip(" "), value.lstrip(" ")
        elif not value.startswith(prefix[0]):
            raise ValueError("cannot parse")
        else:
            prefix, value = prefix[1:], value[1:]
    return value


def _read(element: str, following: str, value: str, found: _Fields) -> str:
    """Read one element of a layout into the fields, and return the rest of the value."""
    if element[0] in ".,":
        return _read_fraction(element, value, found)
    if element[0] in "Z-":
        return _read_offset(element, value, found)
    if element in {"05", "5"}:
        return _read_second(element, following, value, found)
    return _READERS[element](element, value, found)


def _digits(value: str, most: int, *, all_of_them: bool) -> tuple[int, str]:
    match = re.match(f"[0-9]{{{most if all_of_them else 1},{most}}}", value)
    if match is None:
        raise ValueError("cannot parse a number")
    return int(match.group()), value[match.end() :]


def _within(number: int, low: int, high: int) -> int:
    if not low <= number <= high:
        raise ValueError("out of range")
    return number


def _signed(text: str) -> int:
    match = re.fullmatch(r"([+-]?)([0-9]*)", text)
    if match is None:
        raise ValueError("cannot parse a number")
    return int(match[2] or "0") * (-1 if match[1] == "-" else 1)


def _read_short_year(_: str, value: str, found: _Fields) -> str:
    if len(value) < 2:  # noqa: PLR2004 - its digits
        raise ValueError("cannot parse a year")
    year = _signed(value[:2])
    found.year = year + (1900 if year >= 69 else 2000)  # noqa: PLR2004 - Go's pivot
    return value[2:]


def _read_year(_: str, value: str, found: _Fields) -> str:
    found.year, rest = _digits(value, 4, all_of_them=True)
    return rest


def _named(names: tuple[str, ...], value: str) -> tuple[int, str]:
    for place, name in enumerate(names):
        if value[: len(name)].isascii() and value[: len(name)].lower() == name.lower():
            return place, value[len(name) :]
    raise ValueError("no such name")


def _read_month_name(element: str, value: str, found: _Fields) -> str:
    names = _MONTHS if element == "January" else tuple(name[:3] for name in _MONTHS)
    place, rest = _named(names, value)
    found.month = place + 1
    return rest


def _read_day_name(element: str, value: str, _: _Fields) -> str:
    return _named(_DAYS if element == "Monday" else tuple(name[:3] for name in _DAYS), value)[1]


def _read_month(element: str, value: str, found: _Fields) -> str:
    month, rest = _digits(value, 2, all_of_them=element == "01")
    found.month = _within(month, 1, 12)
    return rest


def _read_day(element: str, value: str, found: _Fields) -> str:
    found.day, rest = _digits(
        value.removeprefix(" ") if element == "_2" else value, 2, all_of_them=element == "02"
    )
    return rest


def _read_year_day(element: str, value: str, found: _Fields) -> str:
    plain = value.removeprefix(" ").removeprefix(" ") if element == "__2" else value
    found.year_day, rest = _digits(plain, 3, all_of_them=element == "002")
    return rest


def _read_hour(_: str, value: str, found: _Fields) -> str:
    hour, rest = _digits(value, 2, all_of_them=False)
    found.hour = _within(hour, 0, 23)
    return rest


def _read_half_hour(element: str, value: str, found: _Fields) -> str:
    hour, rest = _digits(value, 2, all_of_them=element == "03")
    found.hour = _within(hour, 0, _NOON)
    return rest


def _read_minute(element: str, value: str, found: _Fields) -> str:
    minute, rest = _digits(value, 2, all_of_them=element == "04")
    found.minute = _within(minute, 0, 59)
    return rest


def _read_half(element: str, value: str, found: _Fields) -> str:
    half = value[:2]
    if half not in ({"AM", "PM"} if element == "PM" else {"am", "pm"}):
        raise ValueError("no half of a day")
    found.halves += half[0].lower()
    return value[2:]


def _read_second(element: str, following: str, value: str, found: _Fields) -> str:
    second, rest = _digits(value, 2, all_of_them=element == "05")
    found.second = _within(second, 0, 59)
    match = re.match(r"[.,][0-9]+", rest)
    later = _ELEMENT.search(following)
    if match is None or (later is not None and later.group()[0] in ".,"):
        return rest
    found.fraction = _fraction(match.group())
    return rest[match.end() :]


def _read_fraction(element: str, value: str, found: _Fields) -> str:
    if element[1] == "9":
        match = re.match(r"[.,][0-9]+", value)
        if match is None:
            return value
        found.fraction = _fraction(match.group())
        return value[match.end() :]
    if len(value) < len(element) or value[0] not in ".,":
        raise ValueError("cannot parse a fraction")
    found.fraction = _within(_fraction(value[: len(element)]), 0, _SECOND)
    return value[len(element) :]


def _fraction(text: str) -> int:
    """Return the nanoseconds of a point and digits; what is beyond the ninth digit is cut off."""
    digits = text[1:10]
    return int(_signed(digits) * 10 ** (9 - len(digits)))


_OFFSETS: Final[Mapping[str, re.Pattern[str]]] = {
    "07:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2})"),
    "07": re.compile(r"([+-])([0-9]{2})"),
    "07:00:00": re.compile(r"([+-])([0-9]{2}):([0-9]{2}):([0-9]{2})"),
    "070000": re.compile(r"([+-])([0-9]{2})([0-9]{2})([0-9]{2})"),
    "0700": re.compile(r"([+-])([0-9]{2})([0-9]{2})"),
}


def _read_offset(element: str, value: str, found: _Fields) -> str:
    if element[0] == "Z" and value.startswith("Z"):
        found.is_utc = True
        return value[1:]
    match = _OFFSETS[element[1:]].match(value)
    if match is None:
        raise ValueError("cannot parse an offset")
    hours, minutes, seconds = ([int(part) for part in match.groups()[1:]] + [0, 0])[:3]
    size = (_within(hours, 0, 24) * 60 + _within(minutes, 0, 60)) * 60 + _within(seconds, 0, 60)
    found.offset = -size if match[1] == "-" else size
    return value[match.end() :]


_ZONE: Final = re.compile(
    r"UTC|ChST|MeST|GMT(?:[+-](?:0*(?:1[0-9]|2[0-3]|[0-9])(?![0-9])))?|[+-]0*(?:1[0-9]|2[0-3]|[0-9])(?![0-9])"
    r"|[A-Z]{4}T(?![A-Z])|(?:[A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z])"
)


def _read_zone(_: str, value: str, found: _Fields) -> str:
    """Read a time zone's name; it is no offset, except that UTC overrides one."""
    match = _ZONE.match(value)
    if match is None or len(value) < 3:  # noqa: PLR2004 - Go wants so many
        raise ValueError("no time zone")
    found.is_utc = found.is_utc or match.group() == "UTC"
    return value[match.end() :]


_READERS: Final[Mapping[str, Callable[[str, str, _Fields], str]]] = {
    "January": _read_month_name, "Jan": _read_month_name, "Monday": _read_day_name, "Mon": _read_day_name,
    "MST": _read_zone, "2006": _read_year, "06": _read_short_year, "01": _read_month, "1": _read_month,
    "02": _read_day, "_2": _read_day, "2": _read_day, "002": _read_year_day, "__2": _read_year_day,
    "15": _read_hour, "03": _read_half_hour, "3": _read_half_hour, "04": _read_minute, "4": _read_minute,
    "PM": _read_half, "pm": _read_half,
}  # fmt: skip
