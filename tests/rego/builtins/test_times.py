"""Time: nanoseconds, time zones, Go's layouts and durations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego.errors import BuiltinError, OperandError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "operands", "expected"),
    [
        ("time.now_ns", (), 0),
        ("time.parse_rfc3339_ns", ("2026-11-20T09:00:00.5+01:00",), 1795161600500000000),
        ("time.parse_rfc3339_ns", ("1970-01-02T00:00:00+24:00",), 0),
        ("time.parse_ns", ("2006-01-02", "1970-01-02"), 86_400 * 10**9),
        ("time.parse_ns", ("RFC1123", "Thu, 01 Jan 1970 00:00:01 CET"), 10**9),
        ("time.parse_ns", ("2006-002", "1972-060"), 68_169_600 * 10**9),
        ("time.parse_ns", ("3:04PM 2006", "12:00AM 1970"), 0),
        ("time.parse_ns", ("2006 05.00", "1970 01.25"), 1_250_000_000),
        ("time.format", ([0, "Europe/Berlin", "RFC1123Z"],), "Thu, 01 Jan 1970 01:00:00 +0100"),
        ("time.format", (1,), "1970-01-01T00:00:00.000000001Z"),
        ("time.format", ([0, "", "__2|_2|Z07:00|.00|Janus"],), "  1| 1|Z|.00|Janus"),
        ("time.date", ([0, "America/New_York"],), [1969, 12, 31]),
        ("time.clock", (-1,), [23, 59, 59]),
        ("time.weekday", (0,), "Thursday"),
        ("time.add_date", (0, 0, 1, 30), 61 * 86_400 * 10**9),
        ("time.add_date", ([1711753200 * 10**9, "Europe/Berlin"], 0, 0, 1), 1711839600 * 10**9),
        ("time.add_date", (1, 7, 2**63 - 1, 0), 218149632000000001),
        ("time.diff", (0, 86_400 * 10**9 * 31), [0, 1, 0, 0, 0, 0]),
        ("time.parse_duration_ns", ("-1h1.5s",), -3601500000000),
        ("time.parse_duration_ns", ("1d12h",), 129_600 * 10**9),
        ("time.parse_duration_ns", ("159.388y0.0ms",), 5026459968000000360),
    ],
)
def test_times_are_gos(
    name: str, operands: tuple[Any, ...], expected: Any, gives: Callable[..., None]
) -> None:
    """Layouts, changes of the clock, overflows and rounding are those of Go's time package."""
    gives(name, operands, expected)


@pytest.mark.parametrize(
    ("name", "operands", "error"),
    [
        ("time.format", ([0, "../../etc/passwd"],), BuiltinError),
        ("time.format", (1.5,), BuiltinError),
        ("time.format", ([],), OperandError),
        ("time.format", (10**23,), BuiltinError),
        ("time.parse_rfc3339_ns", ("2026-02-30T00:00:00Z",), BuiltinError),
        ("time.parse_rfc3339_ns", ("9999-01-01T00:00:00Z",), BuiltinError),
        ("time.parse_rfc3339_ns", ("\uff12026-01-01T00:00:00Z",), BuiltinError),
        ("time.parse_ns", ("2006-01 Jan 002", "2023-01 Jan 032"), BuiltinError),
        ("time.add_date", (0, 0, 10**23, 0), OperandError),
        ("time.add_date", (0, 1000, 0, 0), BuiltinError),
        ("time.parse_duration_ns", ("293y",), BuiltinError),
        ("time.parse_duration_ns", ("1",), BuiltinError),
    ],
)
def test_what_is_no_time_is_refused(
    name: str, operands: tuple[Any, ...], error: type[Exception], fails: Callable[..., None]
) -> None:
    """A time beyond what 64 bits of nanoseconds hold is none."""
    fails(name, operands, error)
