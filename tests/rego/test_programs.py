"""When an entrypoint is compiled: when it is first asked, once, and before that when the host says so."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from rego import PlanError, Policy, collector, programs
from rego.compiler import compiled as compiled_program

if TYPE_CHECKING:
    from collections.abc import Callable

    Planned = Callable[..., bytes]

_SOURCE = """package t

p := [q, r, input.a]

q := {x | some x in input.xs}

r := lower(input.s)

other if r == "a"
"""


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The entrypoints of each program that is compiled, as it happens."""
    made: list[list[str]] = []
    compile_ = compiled_program

    def noted(ready: Any, left: Any) -> Any:
        made.append(list(left.entrypoints))
        return compile_(ready, left)

    monkeypatch.setattr(programs, "compiled", noted)
    return made


def test_only_what_is_asked_is_compiled(planned: Planned, compiled: list[list[str]]) -> None:
    """Not by loading, not by being looked at, and once."""
    policy = Policy.load(planned(_SOURCE, "t/p", "t/other"))
    assert set(policy.entrypoints) == {"t/other", "t/p"}
    assert policy.pure
    assert policy.reads("t/other").paths == {("s",)}
    assert compiled == []
    for _ in range(2):
        assert policy.evaluate("t/other", {"s": "A"}).value is True
    assert compiled == [["t/other"]]


def test_a_prepared_policy_compiles_nothing_more(planned: Planned, compiled: list[list[str]]) -> None:
    """Whoever asks it first doesn't wait; what is not named waits to be asked."""
    policy = Policy.load(planned(_SOURCE, "t/p", "t/other"))
    assert policy.prepare(["t/p"]) is policy
    assert compiled == [["t/p"]]
    assert policy.prepare().evaluate("t/other", {}).value is None
    policy.bindings("t/p", {})
    assert sorted(compiled) == [["t/other"], ["t/p"]]
    with pytest.raises(PlanError) as refusal:
        policy.prepare(["t/nothing"])
    assert refusal.value.code == "plan.unknown_entrypoint"


def test_other_data_takes_what_was_compiled(planned: Planned, compiled: list[list[str]]) -> None:
    """Also over data in between that nobody asked about."""
    first = Policy.load(planned(_SOURCE, "t/p", "t/other")).prepare()
    last = first.with_data({"a": 1}).with_data({"b": 2}).prepare()
    assert len(compiled) == len(first.entrypoints)
    assert last.evaluate("t/p", {"a": 1, "xs": [2], "s": "X"}).value == [[2], "x", 1]


def test_threads_that_ask_first_share_one_program(planned: Planned, compiled: list[list[str]]) -> None:
    """One compiles, the others wait for it."""
    policy = Policy.load(planned(_SOURCE, "t/p", "t/other"))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: policy.evaluate("t/other", {"s": "a"}).value, range(32)))
    assert answers == [True] * 32
    assert compiled == [["t/other"]]


def test_the_collector_is_as_it_was() -> None:
    """It rests while a plan is read, and goes on after it, also after a plan that is none."""
    seen = []
    assert gc.isenabled()
    with collector.resting():
        seen.append(gc.isenabled())
        with collector.resting():
            seen.append(gc.isenabled())
        seen.append(gc.isenabled())
    with pytest.raises(PlanError):
        Policy.load(b"{}")
    assert [*seen, gc.isenabled()] == [False, False, False, True]
    gc.disable()
    try:
        with collector.resting():
            pass
        assert not gc.isenabled()  # the host's choice stays
    finally:
        gc.enable()
