"""Points in time as people read and write them: RFC 3339, or a span back from now."""

import re
import time
from datetime import UTC, datetime

_SPAN = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def instant_us(text: str) -> int:
    """Return a point in time in microseconds UTC: of `2026-11-20T09:00:00Z`, or of `7d` before now.

    Raises:
        ValueError: it is neither, or doesn't say its time zone.
    """
    if span := _SPAN.fullmatch(text):
        return time.time_ns() // 1_000 - int(span[1]) * _SECONDS[span[2]] * 1_000_000
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither an RFC 3339 time nor a span like 7d or 24h") from None
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} does not say its time zone; add Z for UTC")
    since_epoch = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000 + since_epoch.microseconds


def instant_text(at_us: int) -> str:
    """Return a point in time, microseconds UTC, to the second: `2026-11-20T09:00:00Z`."""
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
