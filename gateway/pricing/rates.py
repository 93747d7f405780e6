"""What a call costs, in whole numbers: what a token, a request and an hour are worth, and their sum.

Rates are integer femto-USD (1e-15 USD), so that a price in USD for a million tokens has nine decimals of room
and a sum loses nothing. It is rounded once, up, to a micro-USD: a call that costs anything is never free,
and a thousand of them never cost more than a thousand micro-USD too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from adapters.contract import Usage

_FEMTO_PER_MICRO: Final = 10**9
_FEMTO_PER_USD: Final = 10**15
_TOKENS_PRICED: Final = 10**6
_US_PER_HOUR: Final = 3_600_000_000


class Rates(NamedTuple):
    """What one of each costs, in femto-USD.

    Args:
        input: a prompt token that is neither of the next two.
        cached: a prompt token that the upstream had in its cache.
        cache_write: a prompt token that it put there.
        output: a completion token that isn't the next.
        reasoning: a completion token that was thought and not told.
        request: the request itself.
    """

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    request: int = 0


class Tier(NamedTuple):
    """The rates of calls whose prompt has more than `above` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Price:
    """What calls of one deployment cost.

    Args:
        tiers: by size of the prompt, ascending; the first is for every size (`above` is -1).
        hour: an hour of the machine, femto-USD.
        shared_by: how many calls share the machine.
        longest_us: the upstream time that is reserved where time costs, microseconds.
    """

    tiers: tuple[Tier, ...]
    hour: int = 0
    shared_by: int = 1
    longest_us: int = 0

    def cost(self, usage: Usage, upstream_us: int) -> int:
        """What a call did cost, in micro-USD.

        Args:
            usage: its tokens; parts that are more than their whole count as the whole.
            upstream_us: how long an upstream was at it.
        """
        prompt, completion = max(0, usage.prompt_tokens), max(0, usage.completion_tokens)
        cached = min(max(0, usage.cached_tokens), prompt)
        written = min(max(0, usage.cache_write_tokens), prompt - cached)
        thought = min(max(0, usage.reasoning_tokens), completion)
        rates = self.tiers[0].rates
        for tier in self.tiers:
            if prompt > tier.above:
                rates = tier.rates
        total = (
            (prompt - cached - written) * rates.input
            + cached * rates.cached
            + written * rates.cache_write
            + (completion - thought) * rates.output
            + thought * rates.reasoning
            + rates.request
        )
        return self._rounded(total, upstream_us)

    def most(self, prompt: int, completion: int) -> int:
        """The most that a call can cost, in micro-USD, if it has at most so many tokens."""
        total = max(
            prompt * max(rates.input, rates.cached, rates.cache_write)
            + completion * max(rates.output, rates.reasoning)
            + rates.request
            for above, rates in self.tiers
            if prompt > above
        )
        return self._rounded(total, self.longest_us)

    def _rounded(self, femto: int, upstream_us: int) -> int:
        if not self.hour:
            return -(-femto // _FEMTO_PER_MICRO)
        shared = _US_PER_HOUR * self.shared_by
        return -(-(femto * shared + self.hour * max(0, upstream_us)) // (_FEMTO_PER_MICRO * shared))


def per_token(usd_per_million: Decimal) -> int:
    """What one token costs, in femto-USD, where a million cost so many USD; rounded up."""
    return whole(usd_per_million / _TOKENS_PRICED)


def whole(usd: Decimal) -> int:
    """An amount in femto-USD, rounded up."""
    return int((usd * _FEMTO_PER_USD).to_integral_value(ROUND_CEILING))


def per_million(femto: int) -> Decimal:
    """The other way round, for people: USD for a million tokens."""
    return (Decimal(femto) * _TOKENS_PRICED / _FEMTO_PER_USD).normalize()
