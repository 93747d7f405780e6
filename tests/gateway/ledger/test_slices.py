"""The sliding window against a list of events: never over in any stretch, and never too strict for long."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts import Amount, Rate
from gateway.ledger.rates import RateCount
from gateway.ledger.slices import SLICES, Slices

NOON_US = 1_800_000_000_000_000


@given(
    st.integers(1, 400),
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 3)), max_size=60),
)
def test_no_stretch_of_the_window_sees_more_than_the_number(
    window_us: int, most: int, asked: list[tuple[int, int]]
) -> None:
    """Whoever is refused finds as much used in the window and one slice, and fits when he was told."""
    rate, count = Rate("a", window_us, tokens=most), RateCount(window_us, 0, [], [])
    passed: list[tuple[int, int]] = []
    now_us = NOON_US
    for pause_us, tokens in asked:
        now_us += pause_us
        amount = Amount(1, tokens)
        if count.fits(rate, amount, now_us):
            count.take(rate, amount, now_us)
            passed.append((now_us, tokens))
        else:
            slice_us = -(-window_us // SLICES)
            recent = sum(took for at_us, took in passed if at_us > now_us - window_us - slice_us)
            assert recent + tokens > most
            (refusal,) = count.refusals(rate, amount, now_us)
            if refusal.retry_at_us is not None:
                assert not deepcopy(count).fits(rate, amount, refusal.retry_at_us - 1)
                assert deepcopy(count).fits(rate, amount, refusal.retry_at_us)
    for start_us, _ in passed:
        assert sum(took for at_us, took in passed if start_us <= at_us <= start_us + window_us) <= most


@given(
    st.integers(1, 10**12),
    st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(-9, 9)), max_size=30),
)
def test_slices_stay_few_and_never_fall_below_nothing(window_us: int, changes: list[tuple[int, int]]) -> None:
    """However clocks jump: at most 61, none negative, all of them between the window's start and now."""
    slices = Slices(window_us, 0, ([], []))
    now_us = NOON_US
    for jump_us, change in changes:
        before_us, now_us = now_us, now_us + jump_us
        slices.add(before_us, (change, 1), now_us)
        assert len(slices.uses[0]) == len(slices.uses[1]) <= SLICES + 1
        assert all(use >= 0 for uses in slices.uses for use in uses)
        last = slices.first + len(slices.uses[0]) - 1
        assert (now_us - window_us) // slices.slice_us <= slices.first
        assert last <= now_us // slices.slice_us
