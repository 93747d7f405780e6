"""The formats that a schema of the data may ask of a text: what no pattern can tell; knows no table.

A glob that can't be read makes every question that it is held against an error, an unknown time zone a window
that never opens. Both are found here, where the data is written, and not when somebody calls.
"""

from __future__ import annotations

import ipaddress
import zoneinfo
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OF_THE_MACHINE: Final = "Local"
"""To Go's library the zone of whichever machine asks: the same policy would answer otherwise elsewhere."""


def _is_glob(text: str) -> bool:
    from rego.builtins import globs  # noqa: PLC0415 - settings are checked by commands that need no policies

    return globs.is_well_formed(text)


def _is_time_zone(text: str) -> bool:
    if text == _OF_THE_MACHINE:
        return False
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # unknown; no name; a folder of names
        return False
    return True


def _is_address_range(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "glob": (_is_glob, "a glob with each [ and { closed, or written as \\[ and \\{"),
    "time-zone": (_is_time_zone, "a time zone by its IANA name, such as Europe/Berlin"),
    "address-range": (_is_address_range, "a range of addresses such as 10.0.0.0/8 or 2001:db8::/32"),
}
"""Each with the test of a text, and what an author reads after "must be"."""
