"""Ways out of blocks: what leaves one leaves the ones around it as far as it says."""

from __future__ import annotations

import pytest

from rego.optimize.exits import GOES_ON, MAY_STOP, RETURNS, STOPS, Exit


def leaving(*levels: int) -> Exit:
    """Return the exit of a statement that leaves so many blocks more."""
    return Exit(goes_on=False, stops=False, breaks=frozenset(levels))


@pytest.mark.parametrize("ways", [GOES_ON, MAY_STOP, STOPS, RETURNS, leaving(2)])
def test_nothing_follows_what_does_not_go_on(ways: Exit) -> None:
    """And all ways out count of what does."""
    assert GOES_ON.and_then(ways) == ways
    assert ways.and_then(GOES_ON) == ways
    assert STOPS.and_then(ways) == STOPS
    assert leaving(1).and_then(ways) == leaving(1)
    assert MAY_STOP.and_then(ways).stops


def test_a_break_counts_down_from_block_to_block() -> None:
    """Out of the block around it stops that one; further out, the next."""
    assert leaving(1).around(goes_on=False, stops=False) == STOPS
    assert leaving(1, 3).around(goes_on=True, stops=False) == Exit(
        goes_on=True, stops=True, breaks=frozenset({2})
    )
    assert MAY_STOP.around(goes_on=True, stops=False) == GOES_ON
    assert RETURNS.around(goes_on=False, stops=False) == RETURNS


def test_where_nobody_asks_an_end_is_an_end() -> None:
    """A block that is left goes on after itself, unless it is left further."""
    assert STOPS.whatever() == MAY_STOP.whatever() == GOES_ON
    assert leaving(2).whatever() == leaving(2)
    assert RETURNS.whatever() == RETURNS
    assert STOPS.lets_on
    assert not leaving(1).lets_on
    assert GOES_ON.only_goes_on
    assert not MAY_STOP.only_goes_on
