"""What several allowances come to: one counter is asked once, for the stricter of all that is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.accounts import WHOLE_PPM, Concurrency, Purse, Rate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.accounts import Allowance

Counter = tuple[str, ...]


def counter(allowance: Allowance) -> Counter:
    """Return the name of what an allowance counts on: two of one name share their counts.

    A purse by month in Berlin and one in UTC are two, because their periods are.
    """
    if isinstance(allowance, Rate):
        return ("rate", allowance.key, str(allowance.window_us))
    if isinstance(allowance, Concurrency):
        return ("at_once", allowance.key)
    if allowance.period is None:
        return ("rolling", allowance.key, str(allowance.window_us))
    return ("period", allowance.key, allowance.period, allowance.time_zone)


def merged(allowances: Iterable[Allowance]) -> tuple[Allowance, ...]:
    """Return one allowance for each counter, in the order in which the counters were first named."""
    found: dict[Counter, Allowance] = {}
    for each in allowances:
        name = counter(each)
        found[name] = _stricter(found[name], each) if name in found else each
    return tuple(found.values())


def _stricter(one: Allowance, other: Allowance) -> Allowance:
    share = None if one.share is None or other.share is None else min(one.share, other.share)
    if isinstance(one, Rate) and isinstance(other, Rate):
        requests, tokens = _least(one.requests, other.requests), _least(one.tokens, other.tokens)
        return replace(one, requests=requests, tokens=tokens, share=share)
    if isinstance(one, Concurrency) and isinstance(other, Concurrency):
        return replace(one, calls=min(one.calls, other.calls), share=share)
    if isinstance(one, Purse) and isinstance(other, Purse):
        return _smaller(one, other, share)
    raise TypeError("two kinds of allowance never share a counter")


def _smaller(one: Purse, other: Purse, share: float | None) -> Purse:
    """The smaller hard one, if there is a hard one; what the other says becomes marks of it."""
    chosen, rest = sorted((one, other), key=lambda each: (not each.hard, each.usd_micros))
    marks = set(chosen.warn_ppm)
    for mark in (*rest.warn_ppm, WHOLE_PPM) if chosen.hard and not rest.hard else rest.warn_ppm:
        if chosen.usd_micros or not rest.usd_micros:  # of nothing no part is a larger sum's
            marks.add(-(-mark * rest.usd_micros // chosen.usd_micros) if chosen.usd_micros else mark)
    within = tuple(sorted(mark for mark in marks if mark <= WHOLE_PPM))
    return replace(chosen, warn_ppm=within, share=share)


def _least(one: int | None, other: int | None) -> int | None:
    said = [each for each in (one, other) if each is not None]
    return min(said, default=None)
