"""Allowances as the scripts read them, encoded once for as long as the same are asked for again.

Keys are text that anybody may have chosen. None reaches Redis in a name: a counter's name is a digest of all
that tells it from others, each part with its length before it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from gateway.accounts import Concurrency, Purse, Rate
from gateway.ledger.merging import counter
from gateway.ledger.periods import after, before, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.accounts import Allowance, Period, Quantity
    from gateway.ledger.merging import Counter

_RATE, _AT_ONCE, _PERIOD, _ROLLING = 1, 2, 3, 4
_NOWHERE = (0, 0)


class Plan:
    """What is asked of the scripts for some allowances.

    Args:
        allowances: one for each counter, in their order.

    Attributes:
        counters: the counters' names, without the ledger's prefix.
        spec: JSON of what each allows.
        names: JSON of the keys as the policy names them.
        quantities: which standings come back: the allowance, and of what.
    """

    def __init__(self, allowances: Sequence[Allowance]) -> None:
        self.allowances = tuple(allowances)
        self.counters = [_name(counter(each)) for each in allowances]
        self.spec = json.dumps([_spec(each) for each in allowances], separators=(",", ":")).encode()
        self.names = json.dumps(list(dict.fromkeys(each.key for each in allowances))).encode()
        self.quantities = [(each, quantity) for each in allowances for quantity in _quantities(each)]
        self._calendars: list[tuple[Period, str]] = [
            (each.period, each.time_zone)
            for each in allowances
            if isinstance(each, Purse) and each.period is not None
        ]
        self._bounds = b""
        self._bounds_hold = _NOWHERE

    def bounds(self, at_us: int) -> bytes:
        """Of each calendar purse the ends of three periods: the one before a moment's, its own, the next.

        So the script can choose by the server's clock, which may be a little off the gateway's.

        Returns:
            JSON, with a comma before each.
        """
        if not self._calendars:
            return b""
        start_us, end_us = self._bounds_hold
        if not start_us <= at_us < end_us:
            self._bounds, self._bounds_hold = self._around(at_us)
        return self._bounds

    def _around(self, at_us: int) -> tuple[bytes, tuple[int, int]]:
        parts, start_us, end_us = [], 0, 2**63
        for period, zone in self._calendars:
            this = span(period, zone, at_us)
            first, last = before(period, zone, this), after(period, zone, this)
            parts.append(b",[%d,%d,%d,%d]" % (first.start_us, this.start_us, this.end_us, last.end_us))
            start_us, end_us = max(start_us, this.start_us), min(end_us, this.end_us)
        return b"".join(parts), (start_us, end_us)


def _name(of: Counter) -> str:
    # A lone surrogate is text as well, in Python.
    parts = [part.encode("utf-8", "surrogatepass") for part in of]
    text = b"".join(b"%d:%b" % (len(part), part) for part in parts)
    return "c:" + hashlib.blake2b(text, digest_size=16).hexdigest()


def _spec(of: Allowance) -> list[object]:
    if isinstance(of, Rate):
        return [_RATE, of.window_us, _or_none(of.requests), _or_none(of.tokens)]
    if isinstance(of, Concurrency):
        return [_AT_ONCE, of.calls]
    # A soft purse refuses nobody, so somebody hears when all is gone.
    marks = sorted({*of.marks_ppm})
    common = [of.usd_micros, int(of.hard), marks]
    return [_PERIOD, *common] if of.period is not None else [_ROLLING, *common, of.window_us]


def _or_none(most: int | None) -> int:
    return -1 if most is None else most


def _quantities(of: Allowance) -> tuple[Quantity, ...]:
    if isinstance(of, Concurrency):
        return ("concurrent",)
    if isinstance(of, Purse):
        return ("usd_micros",)
    if of.tokens is None:
        return ("requests",)
    return ("tokens",) if of.requests is None else ("requests", "tokens")
