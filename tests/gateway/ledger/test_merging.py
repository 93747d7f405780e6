"""One counter is asked once, for the stricter of all that was said about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts import Allowance, Concurrency, Purse, Rate
from gateway.ledger.merging import counter, merged

MINUTE_US = 60_000_000
SHARES = st.none() | st.sampled_from((0.25, 0.5))
COUNTS = st.integers(1, 5)
ALLOWANCES = st.one_of(
    st.builds(
        Rate,
        key=st.sampled_from("ab"),
        window_us=st.sampled_from((1, 2)),
        requests=COUNTS | st.none(),
        share=SHARES,
    ),
    st.builds(Concurrency, key=st.sampled_from("ab"), calls=COUNTS, share=SHARES),
    st.builds(
        Purse,
        key=st.sampled_from("ab"),
        usd_micros=COUNTS,
        period=st.sampled_from(("day", "month")),
        hard=st.booleans(),
        warn_ppm=st.sampled_from(((), (500_000,), (800_000, 1_000_000))),
        share=SHARES,
    ),
)


def test_limits_of_one_window_hold_together() -> None:
    """The least of each quantity is kept, also where each is said by another limit."""
    rates = (Rate("a", MINUTE_US, requests=9), Rate("a", MINUTE_US, requests=5, tokens=7))
    assert merged(rates) == (Rate("a", MINUTE_US, requests=5, tokens=7),)


def test_a_burst_and_what_is_sustained_are_two_counters() -> None:
    """Windows of two lengths count apart, in the order in which they were named."""
    rates = (Rate("a", MINUTE_US, requests=100), Rate("a", 1_000_000, requests=5))
    assert merged(rates) == rates


@pytest.mark.parametrize("turned", [False, True])
def test_a_soft_sum_does_not_end_what_a_hard_one_allows(turned: bool) -> None:  # noqa: FBT001 - a parameter
    """The soft sum becomes a mark of the hard one on the same counter, and so do its marks."""
    purses = [Purse("a", 500, "month"), Purse("a", 100, "month", hard=False, warn_ppm=(500_000,))]
    found = merged(reversed(purses) if turned else purses)
    assert found == (Purse("a", 500, "month", warn_ppm=(100_000, 200_000)),)


def test_a_hard_sum_ends_calls_below_a_soft_one() -> None:
    """A soft sum that is larger says nothing any more."""
    purses = [Purse("a", 500, "month", hard=False), Purse("a", 100, "month")]
    assert merged(purses) == (Purse("a", 100, "month"),)


def test_what_only_one_of_two_shares_nobody_shares() -> None:
    """Without the ledger a replica gives out of its own only where every limit on the counter says so."""
    assert merged([Concurrency("a", 4, share=0.5), Concurrency("a", 9)]) == (Concurrency("a", 4),)


@given(st.lists(ALLOWANCES, max_size=8))
def test_nothing_gets_looser(allowances: list[Allowance]) -> None:
    """Each counter appears once, and merging what is merged changes nothing."""
    once = merged(allowances)
    assert [counter(each) for each in once] == list(dict.fromkeys(map(counter, allowances)))
    assert merged(once) == once
    for each in allowances:
        kept = next(other for other in once if counter(other) == counter(each))
        if isinstance(each, Concurrency) and isinstance(kept, Concurrency):
            assert kept.calls <= each.calls
        if isinstance(each, Rate) and isinstance(kept, Rate) and each.requests is not None:
            assert kept.requests is not None
            assert kept.requests <= each.requests
        if isinstance(each, Purse) and isinstance(kept, Purse) and each.hard:
            assert kept.hard
            assert kept.usd_micros <= each.usd_micros


@pytest.mark.parametrize(("first", "second"), [(0, 50), (50, 0), (0, 0)])
@pytest.mark.parametrize("hard", [False, True])
def test_a_sum_of_nothing_merges(first: int, second: int, *, hard: bool) -> None:
    """It is the smaller one, and no part of it is a mark of a larger one."""
    one = Purse("k", first, "day", warn_ppm=(500_000,), hard=hard)
    other = Purse("k", second, "day", warn_ppm=(250_000,), hard=hard)
    (found,) = merged([one, other])
    assert isinstance(found, Purse)

    assert found.usd_micros == 0
    own = {500_000} if first == 0 else {250_000}
    assert set(found.warn_ppm) == (own if first or second else {250_000, 500_000})
