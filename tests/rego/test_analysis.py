"""Which parts of the input a plan can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rego import Policy, RegoError
from tests.rego.documents import INPUTS, WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    plan = planned(f"package t\n\nallow if {{ {body} }}\n\n{helpers}", "t/allow")
    policy = Policy.load(plan, {"u": {"x": 1}})
    found = policy.reads("t/allow").paths
    if "with" in body:  # what `with` replaces may still be reported: sound, not tight
        assert expected <= {*found, ("c", "z")}
        assert found <= {*expected, ("c", "z")}
    else:
        assert expected == found


@pytest.mark.parametrize(
    ("body", "dynamic"),
    [
        ("input.a.b == 1", set()),
        ("input.a[input.k] == 1", {("a",)}),
        ("x := input.k; input.a[x].b == 1", {("a",)}),
        ("input[input.k] == 1", {()}),
        ("input.a[0] == 1", set()),
        ('input.a["b"] == 1', set()),
        ("some i; input.a[i] == 1", set()),
        ("f(input.a, input.k)", {("a",)}),
        ("input.a.b == 1; input.c[input.k] == 1", {("c",)}),
        ("data.u[input.a]", set()),
    ],
)
def test_a_key_known_only_at_run_time_is_told(planned: Any, body: str, dynamic: set[tuple[str, ...]]) -> None:
    """The path it is used at is reported as dynamic; a constant key, or a loop over all of them, is not."""
    source = f"package t\n\nallow if {{ {body} }}\n\nf(v, k) if v[k] == 1\n"
    found = Policy.load(planned(source, "t/allow"), {}).reads("t/allow")
    assert dynamic == found.dynamic
    assert found.dynamic <= found.paths


def test_a_reference_reaches_only_rules_that_its_path_may_mean(planned: Any) -> None:
    """`data.t.a[k]` may be any rule in that package, and none beside it."""
    source = """package t

a.one := input.one

a.two := input.two

c.one := input.three

b.one := input.four

p := data.t.a[input.k]
"""
    policy = Policy.load(planned(source, "t/p", "t/b/one", "t/c/one"), {})
    found = policy.reads("t/p").paths
    assert {("k",), ("one",), ("two",)} <= found
    assert found.isdisjoint({("three",), ("four",)})


def test_the_paths_reported_are_enough_to_answer(request_policy: Policy, question: dict[str, Any]) -> None:
    """A question cut down to them has the same answer, with the same rules behind it."""
    paths = request_policy.reads("gateway/request/decision").paths
    kept: dict[str, Any] = {}
    for path in paths:
        source, target = question, kept
        for step in path[:-1]:
            source, target = source[step], target.setdefault(step, {})
        target[path[-1]] = source[path[-1]]
    assert kept != question or len(paths) > 3
    whole = request_policy.evaluate("gateway/request/decision", question)
    assert whole == request_policy.evaluate("gateway/request/decision", kept)


_TABLES = """package t

allow if {
	some row in data.house.windows
	input.time == row.at
}

allow if {
	count(data.house.ranges) > 0
	input.address
}

allow if {
	row := data.house.people[input.id]
	row.level == input.level
}

allow if {
	not data.house.open
	input.always
}
"""


@pytest.mark.parametrize(
    ("house", "expected"),
    [
        (None, {"always"}),
        ({}, {"always"}),
        ({"windows": {}, "people": {}}, {"always"}),
        ({"windows": []}, {"always"}),
        ({"windows": {"a": {"at": 1}}}, {"always", "time"}),
        ({"windows": "a text"}, {"always"}),
        ({"ranges": ["a"]}, {"always", "address"}),
        ({"ranges": []}, {"always"}),
        ({"people": {"ann": {"level": 1}}}, {"always", "level"}),
        ({"open": True}, set()),
    ],
)
def test_what_the_data_never_lets_run_reads_nothing(planned: Any, house: Any, expected: set[str]) -> None:
    """A table that is absent or empty ends a rule before it looks at the input; one with a row doesn't."""
    policy = Policy.load(planned(_TABLES, "t/allow"), {} if house is None else {"house": house})
    found = {path[0] for path in policy.reads("t/allow").paths}
    assert expected == found - {"id"}  # the id may be stepped to before the table is looked at


def test_data_that_is_replaced_may_hold_anything(planned: Any) -> None:
    """Where `with` puts other data in place, what the base documents lack leaves no path out."""
    source = """package t

allow if looked with data.house.open as true

looked if {
	data.house.open
	input.time
}
"""
    found = Policy.load(planned(source, "t/allow"), {}).reads("t/allow").paths
    assert ("time",) in found


def test_other_data_may_read_more(planned: Any) -> None:
    """The same plan over other data has reads of its own."""
    policy = Policy.load(planned(_TABLES, "t/allow"), {})
    assert ("time",) not in policy.reads("t/allow").paths
    more = policy.with_data({"house": {"windows": {"a": {"at": 1}}}})
    assert ("time",) in more.reads("t/allow").paths


@pytest.mark.slow
@pytest.mark.parametrize("specialise", [True, False])
def test_no_program_reads_what_is_not_reported(language_plan: bytes, *, specialise: bool) -> None:
    """Random questions cut down to what is reported have the same answers: the gateway remembers by it."""
    builtins = {"rand.intn": lambda _, __: 5}
    loaded = Policy.load(language_plan, builtins=builtins, specialise=specialise)

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(WORLDS, st.lists(INPUTS, min_size=1, max_size=3))
    def ask(world: Any, documents: list[Any]) -> None:
        policy = loaded.with_data({"world": world})
        for entrypoint in policy.entrypoints:
            paths = policy.reads(entrypoint).paths
            for document in documents:
                if "uuid" not in entrypoint:
                    whole = _answer(policy, entrypoint, document)
                    assert whole == _answer(policy, entrypoint, _cut(document, paths)), (entrypoint, document)

    ask()


def _answer(policy: Policy, entrypoint: str, document: Any) -> Any:
    try:
        return repr(policy.evaluate(entrypoint, document, now_ns=0))
    except RegoError as error:
        return error.code


def _cut(document: Any, paths: Iterable[tuple[str, ...]]) -> Any:
    """Return what of a document is at some paths, or on the way to them."""
    paths = set(paths)
    if () in paths or type(document) is not dict:
        return document
    return {
        name: _cut(document[name], {path[1:] for path in paths if path[0] == name})
        for name in {path[0] for path in paths} & document.keys()
    }
