"""What is known of a function's value: only what always holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rego import plan
from rego.builtins import tables
from rego.compiler import Builtins, _Scope, ready

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("rule", "kind", "defined"),
    [
        ("q contains x if some x in input.xs", "set", True),
        ("q[k] := v if some k, v in input.o", "dict", True),
        ("default q := false\nq if input.a", "bool", True),
        ("q if input.a", "bool", False),
        ('q := "x" if input.a', "str", False),
        ("q := 1 if input.a", "int", False),
        ("q := [1, input.a]", "list", False),
        ("q := [1]", "list", False),
        ("q := input.a", None, False),
        ("q := 1 if input.a\nq := true if input.b", None, False),
        ("default q := 0\nq := input.a if input.b", None, True),
        ("default q := 0\nq := r if input.b\nr := 2 if input.c", "int", True),
        ('q := "x" if { input.a } else := {"y"}', None, False),
        ("q := 1.5", None, False),
    ],
)
def test_a_functions_value_has_the_type_that_all_ways_to_it_give(
    planned: Callable[[str, str], bytes], rule: str, kind: str | None, *, defined: bool
) -> None:
    """A default makes it defined; a value from the input may be of any type."""
    found = plan.parse(planned(f"package t\n\n{rule}\n\np := [q | q]\n", "t/p"))
    checked = ready(found, Builtins(tables(found.builtins, {})))
    scope = _Scope(checked, checked.whole.bodies())
    assert (kind, defined) == (scope.returns("g0.data.t.q").kind, scope.returns("g0.data.t.q").defined)


@pytest.mark.parametrize(
    ("source", "document", "expected"),
    [
        (
            "default q := false\nq if input.a\np := [q, q == false, q == 0]",
            {},
            ("value", [False, True, False]),
        ),
        (
            "default q := 0\nq := input.a if input.a != null\np := [q == 0, q == 1]",
            {"a": 1.0},
            ("value", [False, True]),
        ),
        ("q if input.a\np := [x | x := [q, q]]", {}, ("value", [])),
        ("q contains 1 if input.a\np := [count(q), q == set(), 1 in q]", {}, ("value", [0, True, False])),
        (
            "q[1] := 2 if input.a\np := [count(q), q == {}, [v | v := q[_]]]",
            {"a": 1},
            ("value", [1, False, [2]]),
        ),
        ("default q(_) := 7\nq(x) := x if x > 1\np := [q(1), q(2)]", {}, ("value", [7, 2])),
        ("default q := false\nq if input.a\np if not q", {}, ("value", True)),
        ("q := null if input.a\np := [q == null, q == false]", {"a": 1}, ("value", [True, False])),
    ],
)
def test_what_is_known_never_shows(
    agreed: Callable[..., Any], source: str, document: Any, expected: tuple[str, Any]
) -> None:
    """Comparisons and undefinedness are as they would be if nothing were known."""
    assert expected == agreed(source, document)
