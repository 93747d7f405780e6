"""Loops over known names that ask rules by name: the same answers, member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import EvaluationError, Policy, nodes
from rego import plan as p
from tests.rego.optimize.test_folding import left

if TYPE_CHECKING:
    from collections.abc import Callable

    Planned = Callable[..., bytes]

_RULES = """

r.a contains x if some x in input.xs

r.b contains 10 / input.n

r.c := input.c
"""
_ASKED = [
    "p if every name in data.names { is_set(data.t.r[name]) }",
    "p if every name in data.names { count(data.t.r[name]) > 0 }",
    "p if { every name in data.names { data.t.r[name] }; input.xs }",
    "p contains name if { some name in data.names; count(data.t.r[name]) > 0 }",
    "p := [x | some name in data.names; x := data.t.r[name]]",
    "p := [n | every name in data.names { is_set(data.t.r[name]) }; some n in data.names; data.t.r[n]]",
    "p if { every a in data.names { is_set(data.t.r[a]) }; every b in data.names { data.t.r[b] != {1} } }",
    "p if { some name in data.names; not data.t.r[name] }",
    "p if not all_of\n\nall_of if every i, name in data.names { data.t.r[name]; i < 2 }",
]


@pytest.mark.parametrize("source", _ASKED)
@pytest.mark.parametrize(
    "names", [[], ["a"], ["a", "b"], ["b", "a"], ["c", "b"], ["a", "no", "b"], {"k": "a"}]
)
def test_the_answer_is_opas(agreed: Callable[..., Any], source: str, names: Any) -> None:
    """Undefined rules, names of no rule, and errors: of a rule behind one that failed there is none."""
    for document in ({}, {"xs": [1], "n": 2, "c": 1}, {"xs": [], "n": 0}, {"xs": [1], "n": 0, "c": False}):
        agreed(source + _RULES, document, {"names": names})


def test_known_names_are_calls(planned: Planned) -> None:
    """No loop is left, and no question which rule is meant."""
    found = left(planned, _ASKED[0] + _RULES, {"names": ["a", "b"]})
    assert not any(isinstance(s, p.Scan | nodes.Reference) for s in found)
    assert [s.func for s in found if isinstance(s, p.Call)] == ["g0.data.t.r.a", "g0.data.t.r.b"]


def test_long_lists_stay_loops(planned: Planned) -> None:
    """Code must not grow with the data."""
    found = left(planned, _ASKED[0] + _RULES, {"names": ["a"] * 17})
    assert any(isinstance(s, p.Scan) for s in found)


def test_every_rule_behind_the_first_that_fails_is_left_alone(planned: Planned) -> None:
    """Its error is not seen; that of one before is."""
    source = f"package t\n\n{_ASKED[1]}{_RULES}"
    policy = Policy.load(planned(source, "t/p"), {"names": ["a", "b"]})
    assert not policy.evaluate("t/p", {"xs": [], "n": 0}).defined
    with pytest.raises(EvaluationError):
        policy.with_data({"names": ["b", "a"]}).evaluate("t/p", {"xs": [], "n": 0})
