"""What the keyword `format` admits; a format that gojsonschema does not know admits everything."""

from __future__ import annotations

import re
from calendar import monthrange
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from rego import gourl, utf8
from rego.builtins.patterns import automaton
from rego.errors import BuiltinError
from rego.gojsonschema.addresses import is_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:[.,][0-9]+)?")
_OFFSET: Final = re.compile(r"Z|[+-]([0-9]{2}):([0-9]{2})")
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_LABEL: Final = r"([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9\-]{0,61}[a-zA-Z0-9])"
_MAX_HOSTNAME: Final = 255
# These run on RE2, in linear time: as backtracking patterns the one for templates takes exponential time.
_HOSTNAME: Final = rf"\A{_LABEL}(\.{_LABEL})*\z"
_TEMPLATE: Final = r"\A([^{]*({[^}]*})?)*\z"
_UUID: Final = r"\A(?i)[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}\z"
_POINTER: Final = r"\A(?:/(?:[^~/]|~0|~1)*)*\z"
_RELATIVE_POINTER: Final = r"\A(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)\z"


def fits(name: str, text: str) -> bool:
    """Tell whether a text has a format."""
    check = _FORMATS.get(name)
    return check is None or check(text)


@cache
def _compiled(pattern: str) -> Any:
    return automaton(pattern)


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: _compiled(pattern).search(text) is not None


def _is_clock(text: str) -> bool:
    match = _CLOCK.match(text)
    if match is None or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3]) > 59:  # noqa: PLR2004 - a day's
        return False
    rest = text[match.end() :]
    offset = _OFFSET.fullmatch(rest)
    if offset is None or offset[1] is None:
        return not rest or offset is not None
    return int(offset[1]) <= 24 and int(offset[2]) <= 60  # noqa: PLR2004 - Go's bounds


def _is_day(text: str) -> bool:
    match = _DAY.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 12:  # noqa: PLR2004 - a year's months
        return False
    year = int(match[1]) or 4  # the year 0 is a leap year, which Python does not know
    return 1 <= int(match[3]) <= monthrange(year, int(match[2]))[1]


def _is_moment(text: str) -> bool:
    day, separator, clock = text.partition("T")
    if not separator:
        return _is_day(text) or _is_clock(text)
    return _is_day(day) and _is_clock(clock) and _CLOCK.fullmatch(clock) is None


def _is_hostname(text: str) -> bool:
    return len(text) <= _MAX_HOSTNAME and _matches(_HOSTNAME)(text)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_ipv4(text: str) -> bool:
    return "." in text and _is_ip(text)


def _is_ipv6(text: str) -> bool:
    return ":" in text and _is_ip(text)


def _url(text: str) -> gourl.URL | None:
    try:
        return gourl.parse(text) if "\\" not in text else None
    except gourl.URLError:
        return None


def _is_uri(text: str) -> bool:
    url = _url(text)
    return url is not None and bool(url.scheme)


def _is_reference(text: str) -> bool:
    return _url(text) is not None


def _is_template(text: str) -> bool:
    url = _url(text)
    return url is not None and _matches(_TEMPLATE)(utf8.decoded(url.path))


def _is_pattern(text: str) -> bool:
    try:
        automaton(text)
    except BuiltinError:
        return False
    return True


_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    "date": _is_day,
    "time": _is_clock,
    "date-time": _is_moment,
    "hostname": _is_hostname,
    "email": is_address,
    "idn-email": is_address,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "uri": _is_uri,
    "uri-reference": _is_reference,
    "iri": _is_uri,
    "iri-reference": _is_reference,
    "uri-template": _is_template,
    "uuid": _matches(_UUID),
    "regex": _is_pattern,
    "json-pointer": _matches(_POINTER),
    "relative-json-pointer": _matches(_RELATIVE_POINTER),
}
