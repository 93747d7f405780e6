"""Threads side by side: everything is done or a failure is raised, evidence first."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.errors import LogDamaged
from audit.objects.lanes import Lanes


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 4))
def test_a_drain_sums_up(values: list[int], count: int) -> None:
    """Each job was done once, whatever the number of threads, and counts anew after a drain."""
    with Lanes(count) as lanes:
        for each in values:
            lanes.submit(partial(int, each))
        assert lanes.drain() == sum(values)
        assert lanes.drain() == 0


def test_a_failure_stops_the_rest() -> None:
    """It is raised where jobs come from, and what follows isn't begun."""
    done: list[int] = []

    def fail() -> int:
        raise OSError("away")

    def do() -> int:
        done.append(1)
        return 0

    with Lanes(1) as lanes:
        lanes.submit(fail)
        with pytest.raises(OSError, match="away"):
            lanes.drain()
        with pytest.raises(OSError, match="away"):
            lanes.submit(do)
    assert done == []


def test_evidence_goes_before_other_failures() -> None:
    """A network that fails at the same moment must not hide it."""
    begun = threading.Barrier(2)

    def damaged() -> int:
        begun.wait(10)
        raise LogDamaged("copy.other_bytes", "other")

    def away() -> int:
        begun.wait(10)
        raise OSError("away")

    for pair in ((damaged, away), (away, damaged)):
        with Lanes(2) as lanes:
            for each in pair:
                lanes.submit(each)
            with pytest.raises(LogDamaged):
                lanes.drain()
