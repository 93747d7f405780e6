"""Costs are exact whole numbers: never negative, growing with every token, rounded up once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import Usage
from gateway.pricing.rates import Price, Rates, Tier, per_million, per_token, whole

COUNTS = st.integers(0, 2**53)
FEMTO = st.integers(0, 10**15)
RATES = st.builds(Rates, FEMTO, FEMTO, FEMTO, FEMTO, FEMTO, FEMTO)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """A credible usage: its parts are parts."""
    prompt, completion = draw(COUNTS), draw(COUNTS)
    cached = draw(st.integers(0, prompt))
    return Usage(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        cached_tokens=cached,
        cache_write_tokens=draw(st.integers(0, prompt - cached)),
        reasoning_tokens=draw(st.integers(0, completion)),
    )


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """A price with some tiers, each dearer than the one before, as price lists have them."""
    starts = sorted(draw(st.sets(st.integers(0, 2**53), max_size=3)))
    rates = [draw(RATES)]
    for _ in starts:
        rates.append(Rates(*(rate + draw(FEMTO) for rate in rates[-1])))
    return Price(
        tiers=tuple(map(Tier, (-1, *starts), rates)),
        hour=draw(st.integers(0, 10**19)),
        shared_by=draw(st.integers(1, 1000)),
        longest_us=draw(st.integers(0, 10**12)),
    )


def exact(price: Price, usage: Usage, upstream_us: int) -> Fraction:
    """The same in fractions of a micro-USD, part by part."""
    rates = next(tier.rates for tier in reversed(price.tiers) if usage.prompt_tokens > tier.above)
    parts = (
        (usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens, rates.input),
        (usage.cached_tokens, rates.cached),
        (usage.cache_write_tokens, rates.cache_write),
        (usage.completion_tokens - usage.reasoning_tokens, rates.output),
        (usage.reasoning_tokens, rates.reasoning),
        (1, rates.request),
    )
    tokens = sum((Fraction(count * rate, 10**9) for count, rate in parts), Fraction())
    return tokens + Fraction(price.hour * upstream_us, 10**9 * 3_600_000_000 * price.shared_by)


@given(prices(), usages(), st.integers(0, 10**12))
def test_a_cost_is_the_sum_of_its_parts_rounded_up_once(price: Price, usage: Usage, upstream_us: int) -> None:
    """Nothing is lost on the way, however large or small."""
    cost = price.cost(usage, upstream_us)

    assert isinstance(cost, int)
    assert 0 <= cost - exact(price, usage, upstream_us) < 1


@given(prices(), usages(), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_cost_grows_with_tokens_and_time(
    price: Price, usage: Usage, prompt: int, completion: int, longer_us: int
) -> None:
    """More of anything never costs less."""
    more = Usage(
        usage.prompt_tokens + prompt,
        usage.completion_tokens + completion,
        usage.total_tokens + prompt + completion,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )

    assert price.cost(more, 10 + longer_us) >= price.cost(usage, 10)


@given(prices(), usages(), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**12))
def test_no_call_costs_more_than_the_most(
    price: Price, usage: Usage, prompt: int, completion: int, upstream_us: int
) -> None:
    """As long as it has no more tokens and takes no more time than was reserved for."""
    most = price.most(usage.prompt_tokens + prompt, usage.completion_tokens + completion)

    assert price.cost(usage, min(upstream_us, price.longest_us)) <= most


@given(prices(), st.builds(Usage, *[st.integers(-(2**53), 2**53)] * 6), st.integers(-(10**6), 10**6))
def test_no_usage_costs_less_than_nothing(price: Price, usage: Usage, upstream_us: int) -> None:
    """Whatever a provider says, and whatever a clock does."""
    assert price.cost(usage, upstream_us) >= 0


def test_a_tier_begins_with_the_first_token_above_it() -> None:
    """And then holds for all tokens of the call, those of the completion, too."""
    price = Price(
        (Tier(-1, Rates(input=10**9, output=10**9)), Tier(100, Rates(input=2 * 10**9, output=5 * 10**9)))
    )

    assert price.cost(Usage(100, 10, 110), 0) == 110
    assert price.cost(Usage(101, 10, 111), 0) == 252
    assert price.most(100, 10) == 110
    assert price.most(101, 10) == 252


def test_what_is_worth_anything_is_never_free() -> None:
    """A token that costs a millionth of a micro-USD costs one."""
    price = Price((Tier(-1, Rates(input=1_000)),))

    assert price.cost(Usage(1, 0, 1), 0) == 1
    assert price.cost(Usage(0, 0, 0), 0) == 0


def test_a_machine_is_paid_by_the_time_that_a_call_takes_of_it() -> None:
    """3.60 USD an hour for eight calls at once: 125 micro-USD a second for each."""
    price = Price((Tier(-1, Rates()),), hour=whole(Decimal("3.6")), shared_by=8, longest_us=60_000_000)

    assert price.cost(Usage(10_000, 10_000, 20_000), 2_000_000) == 250
    assert price.most(10_000, 10_000) == 7_500


@given(st.decimals(0, 1_000_000, places=9))
def test_prices_of_nine_decimals_are_kept_exactly(usd: Decimal) -> None:
    """There and back."""
    assert per_million(per_token(usd)) == usd


def test_finer_prices_are_rounded_up() -> None:
    """Never a token for nothing."""
    assert per_token(Decimal("0.0000000001")) == 1
    assert per_token(Decimal("2.5")) == 2_500_000_000
