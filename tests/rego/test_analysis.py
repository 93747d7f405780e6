"""Which parts of the input a plan can read."""

from __future__ import annotations

from typing import Any

import pytest

from rego import Policy


def test_only_what_rules_look_at_is_reported(request_policy: Policy) -> None:
    """Paths end where a rule looks at the value; what is scanned is reported whole."""
    assert {
        ("action", "name"),
        ("context", "content", "labels"),
        ("resource", "properties", "deployments"),
        ("subject", "properties", "team"),
    } == request_policy.reads("gateway/request/decision").paths


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("input.a.b == 1", {("a", "b")}),
        ("input.a", {("a",)}),
        ("not input.a.b", {("a", "b")}),
        ("x := input.a; x.b == 1; x.c == 2", {("a", "b"), ("a", "c")}),
        ("input.a[input.k] == 1", {("a",), ("k",)}),
        ("input.a[_].b == 1", {("a",)}),
        ("count(input) > 0", {()}),
        ("f(input.a)", {("a", "x")}),
        ("g.y == 1", {("b",)}),
        ("h with input as {}", set()),
        ("h with input.c as input.d", {("c", "z"), ("d",)}),
        ('{"k": input.a}.k == 1', {("a",)}),
        ("data.u[input.a]", {("a",)}),
        ("input == {}", {()}),
        ("true", set()),
    ],
)
def test_reads_cover_every_way_to_look(planned: Any, body: str, expected: set[tuple[str, ...]]) -> None:
    """Aliases, functions, rules, dynamic keys and `with`: nothing that is read goes unreported."""
    helpers = "f(v) if v.x == 1\n\ng := input.b\n\nh if input.c.z == 1\n"
    policy = Policy.load(planned(f"package t\n\nallow if {{ {body} }}\n\n{helpers}", "t/allow"), {})
    found = policy.reads("t/allow").paths
    if "with" in body:  # what `with` replaces may still be reported: sound, not tight
        assert expected <= {*found, ("c", "z")}
        assert found <= {*expected, ("c", "z")}
    else:
        assert expected == found
