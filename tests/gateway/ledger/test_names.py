"""Counters' names: two are one exactly if their counters are, whatever the keys are made of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts import Allowance, Concurrency, Purse, Rate
from gateway.ledger.merging import counter
from gateway.ledger.names import key_of, name_of, period_of, window_of
from gateway.ledger.periods import span

NOON_US = 1_800_000_000_000_000
KEYS = st.text(st.sampled_from("ar:1\0\ud800é"), max_size=4) | st.text(max_size=256)
WINDOWS = st.sampled_from((1, 11, 111))
ALLOWANCES: st.SearchStrategy[Allowance] = st.one_of(
    st.builds(Rate, KEYS, WINDOWS, st.just(1)),
    st.builds(Concurrency, KEYS, st.just(1)),
    st.builds(Purse, KEYS, st.just(1), window_us=WINDOWS),
    st.builds(
        Purse,
        KEYS,
        st.just(1),
        st.sampled_from(("day", "month")),
        time_zone=st.sampled_from(("UTC", "Asia/Tokyo")),
    ),
)


@given(ALLOWANCES, ALLOWANCES)
def test_names_are_as_different_as_counters(one: Allowance, other: Allowance) -> None:
    """No key breaks out of its name."""
    assert (name_of(one, NOON_US) == name_of(other, NOON_US)) == (counter(one) == counter(other))


@given(ALLOWANCES)
def test_a_name_says_what_an_expiry_needs(allowance: Allowance) -> None:
    """The key, and the window or the period: whoever expires a dead process's calls has nothing else."""
    name = name_of(allowance, NOON_US)
    assert key_of(name) == allowance.key
    if isinstance(allowance, Purse) and allowance.period is not None:
        start_us = span(allowance.period, allowance.time_zone, NOON_US).start_us
        assert period_of(name) == (allowance.period, allowance.time_zone, start_us)
    elif not isinstance(allowance, Concurrency):
        assert window_of(name) == allowance.window_us
