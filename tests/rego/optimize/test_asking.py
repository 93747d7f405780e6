"""Builtins asked when a plan is loaded say what they would say, and are not asked what costs much."""

from __future__ import annotations

from typing import Any

import pytest

from rego.builtins import PLAIN
from rego.optimize.asking import ASKED, answer
from rego.optimize.effects import TOTAL
from rego.optimize.known import ANYTHING, SOMETHING, Known, exactly, of_kind, one_of
from rego.values import UNDEFINED, RegoSet

_VALUES: list[Any] = [None, True, 0, 1.5, "x", [], ["x"], {}, {"x": 1}, RegoSet(), RegoSet(["x"])]


def ask(name: str, *operands: Known) -> tuple[Known, bool]:
    """Return what is known of a call of our own builtin."""
    return answer(name, PLAIN[name], list(operands))


@pytest.mark.parametrize("name", sorted(TOTAL))
def test_what_is_total_answers_everything_with_a_boolean(name: str) -> None:
    """So a call that nobody asks for may be left out, whatever its operands."""
    for one in _VALUES:
        for other in _VALUES:
            assert type(PLAIN[name](*(one, other, one)[: TOTAL[name]])) is bool
    assert ask(name, *[SOMETHING] * TOTAL[name])[1]


@pytest.mark.parametrize("name", sorted(ASKED))
def test_an_answer_is_the_builtins_own(name: str) -> None:
    """Where it is one; an error is left to whoever calls it."""
    for one in _VALUES:
        for other in _VALUES:
            operands = (one, other, one)[: ASKED[name]]
            found, quiet = ask(name, *map(exactly, operands))
            try:
                expected = PLAIN[name](*operands)
            except Exception:  # noqa: BLE001 - whatever it refuses
                assert not quiet
                continue
            if found.values is not None:
                assert [repr(expected)] == [repr(value) for value in found.values] or expected is UNDEFINED


@pytest.mark.parametrize(
    ("name", "operands", "value"),
    [
        ("internal.member_2", (SOMETHING, exactly([])), False),
        ("internal.member_2", (SOMETHING, one_of([{}, [], 3], defined=True)), False),
        ("internal.member_3", (SOMETHING, SOMETHING, exactly({})), False),
        ("is_set", (of_kind("set"),), True),
        ("is_set", (of_kind("list"),), False),
        ("is_number", (exactly(1.5),), True),
        ("object.get", (exactly({"a": {"b": 1}}), exactly(["a", "b"]), exactly(0)), 1),
        ("object.get", (exactly({}), exactly("a"), exactly([])), []),
        ("count", (one_of([[], {}], defined=True),), 0),
    ],
)
def test_what_is_known_of_operands_is_enough(name: str, operands: tuple[Known, ...], value: Any) -> None:
    """A type, or that there is nothing in a collection, may say all."""
    found, quiet = ask(name, *operands)
    assert (found.values, found.defined, quiet) == ((value,), True, True)


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("equal", (exactly([1]), exactly([1]))),
        ("lt", (exactly({"a": 1}), exactly(1))),
        ("internal.member_2", (exactly([1]), exactly([[1]]))),
        ("internal.member_2", (ANYTHING, exactly([1]))),
        ("is_set", (ANYTHING,)),
        ("internal.member_2", (SOMETHING, one_of([[]], defined=False))),
    ],
)
def test_what_may_be_large_or_absent_is_not_asked(name: str, operands: tuple[Known, ...]) -> None:
    """A policy could make loading slow with it; that it gives a boolean is known all the same."""
    found, quiet = ask(name, *operands)
    assert (found.values, found.kind, quiet) == (None, "bool", True)
