"""What the counters are called in a store: bytes from which a key can't break out.

The key stands last and in full, so no text that somebody chose for one is read as anything else, and two
counters never share a name. Text that is no Unicode (a lone surrogate) has a name as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from gateway.accounts import Concurrency, Rate
from gateway.ledger.periods import span

if TYPE_CHECKING:
    from gateway.accounts import Allowance, Period
    from gateway.ledger.periods import Span

RATE, AT_ONCE, ROLLING, PERIOD = b"r", b"c", b"w", b"p"
_FIELDS = {RATE: 2, AT_ONCE: 1, ROLLING: 2, PERIOD: 4}


def name_of(allowance: Allowance, at_us: int) -> bytes:
    """Return the name of what an allowance counts on at a moment: each period has a counter of its own.

    Raises:
        ValueError: a time zone that is unknown here.
    """
    key = allowance.key.encode("utf-8", "surrogatepass")
    if isinstance(allowance, Rate):
        return b"r:%d:%b" % (allowance.window_us, key)
    if isinstance(allowance, Concurrency):
        return b"c:%b" % key
    if allowance.period is None:
        return b"w:%d:%b" % (allowance.window_us or 0, key)
    zone = allowance.time_zone
    return period_name(allowance.key, allowance.period, zone, span(allowance.period, zone, at_us))


def period_name(key: str, period: str, time_zone: str, given: Span) -> bytes:
    """Return the name of a purse's counter for one period of the calendar."""
    text = f"p:{period}:{time_zone}:{given.start_us}:"
    return text.encode() + key.encode("utf-8", "surrogatepass")


def window_of(name: bytes) -> int:
    """Return the window in the name of a rate or of a rolling purse, microseconds."""
    return int(name.split(b":", 2)[1])


def period_of(name: bytes) -> tuple[Period, str, int]:
    """Return the period, its time zone and its first moment in the name of a purse by the calendar."""
    _, period, zone, start_us, _ = name.split(b":", _FIELDS[PERIOD])
    return cast("Period", period.decode()), zone.decode(), int(start_us)


def key_of(name: bytes) -> str:
    """Return the key in a name."""
    return name.split(b":", _FIELDS[name[:1]])[-1].decode("utf-8", "surrogatepass")
