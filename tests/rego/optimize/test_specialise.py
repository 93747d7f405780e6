"""A policy over the data that it is loaded with: what the data rules out costs nothing and reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rego import PlanError, Policy, RegoError
from tests.rego.documents import INPUTS, WORLDS
from tests.rego.generated import generated

if TYPE_CHECKING:
    from collections.abc import Callable

    Planned = Callable[..., bytes]

_WINDOWS: Final = """package t

default p := false

p if {
	count(deny) == 0
	count(advice) == 0
}

deny contains "closed" if {
	some window in data.windows
	not _open(window)
}

advice contains "late" if {
	some name, window in data.windows
	window.to < _hour
	not data.silent[name]
}

_open(window) if {
	window.from <= _hour
	_hour < window.to
}

_hour := time.clock(time.parse_rfc3339_ns(input.time))[0]
"""
_SOURCES: Final = {
    "a set behind a table": _WINDOWS,
    "a switch": 'package t\n\np if {\n\tdata.mode == "on"\n\tinput.a\n}\n',
    "an object": "package t\n\np[name] := input.a + row.n if some name, row in data.rows\n",
    "every": "package t\n\np if every row in data.rows { row.n == input.a }\n",
    "a default": "package t\n\ndefault p := 0\n\np := input.a if data.rows[input.b]\n",
    "else": "package t\n\np := input.a if data.mode == 1 else := input.b if not data.rows else := 3\n",
    "a function": "package t\n\np := f(1)\n\nf(x) := input.a if data.rows[x]\n\nf(x) := 2 if not data.n[x]\n",
    "object.get": 'package t\n\np := [x | some x in object.get(data.rows, ["x"], []); x == input.a]\n',
}
_DATA: Final[list[dict[str, Any]]] = [
    {}, {"windows": [], "rows": {}, "mode": "off"}, {"windows": {}, "rows": [], "mode": 1},
    {"windows": [{"from": 8, "to": 18}], "rows": {"x": [1, 2], "b": {"n": 1}}, "mode": "on"},
    {"windows": {"w": {"from": 0, "to": 9}}, "rows": [{"n": 1}, {"n": 2}], "mode": True, "silent": {"w": 1}},
    {"windows": "none", "rows": None, "mode": {}},
]  # fmt: skip
_INPUTS: Final = [
    {}, {"a": 1, "b": "b"}, {"a": 2, "b": 0, "time": "2026-11-20T09:00:00Z"}, {"time": "now", "a": "x"},
]  # fmt: skip


def answer(policy: Policy, document: Any) -> Any:
    """Return what a host sees but for the count of steps: value, definedness and rules, or the code."""
    try:
        return policy.evaluate("t/p", document)[:3]
    except RegoError as error:
        return error.code


@pytest.mark.parametrize("name", _SOURCES)
@pytest.mark.parametrize("tracing", [True, False])
def test_nothing_is_different_but_the_work(planned: Planned, name: str, *, tracing: bool) -> None:
    """Values, errors and the rules that fire are those of the whole policy, over any data."""
    plan = planned(_SOURCES[name], "t/p")
    whole = Policy.load(plan, specialise=False, tracing=tracing)
    fitted = Policy.load(plan, tracing=tracing)
    for data in _DATA:
        for document in _INPUTS:
            expected = answer(whole.with_data(data), document)
            assert (
                expected
                == answer(fitted.with_data(data), document)
                == answer(Policy.load(plan, data, tracing=tracing), document)
            ), (data, document)


def test_a_rule_without_its_table_reads_nothing(planned: Planned) -> None:
    """Nobody need gather the time for windows that there aren't; with one there is something to ask."""
    plan = planned(_WINDOWS, "t/p")
    tables: list[dict[str, Any]] = [{}, {"windows": []}, {"windows": {}}, {"windows": None}]
    for data in tables:
        policy = Policy.load(plan, data)
        assert policy.reads("t/p").paths == set()
        assert "input" not in generated(policy)
        assert policy.evaluate("t/p", {}).statements == 0
    whole = Policy.load(plan, {}, specialise=False)
    assert whole.reads("t/p").paths == {("time",)}
    assert Policy.load(plan, {"windows": [{"from": 8, "to": 18}]}).reads("t/p").paths == {("time",)}


def test_what_is_left_is_pure_where_nothing_else_is(planned: Planned) -> None:
    """A clock that no rule with a row looks at is no reason to ask again."""
    plan = planned("package t\n\ndefault p := 0\n\np := time.now_ns() if data.rows[_]\n", "t/p")
    assert Policy.load(plan, {}).pure
    assert not Policy.load(plan, {}, specialise=False).pure
    assert not Policy.load(plan, {}).with_data({"rows": [1]}).pure
    assert Policy.load(plan, {"rows": [1]}).with_data({"rows": []}).pure


def test_other_data_compiles_again_only_where_it_has_to(planned: Planned) -> None:
    """A row more in a table that has some is no other code; the first row is, and so is a type of scalar."""
    plan = planned("package t\n\np := [data.n, data.rows[input.a]]\n", "t/p")
    first = Policy.load(plan, {"n": 1, "rows": {"x": 1, "z": 3}}).prepare()
    same = first.with_data({"n": 1, "rows": {"x": 1, "y": 2}})
    assert same._programs.ask("t/p").program is first._programs.ask("t/p").program
    assert same.evaluate("t/p", {"a": "y"}).value == [1, 2]
    for data, value in (({"n": True, "rows": {"y": 2}}, [True, 2]), ({"n": 1.0, "rows": {"y": 2}}, [1.0, 2])):
        other = first.with_data(data)
        assert other._programs.ask("t/p").program is not first._programs.ask("t/p").program
        assert repr(other.evaluate("t/p", {"a": "y"}).value) == repr(value)
    assert not first.with_data({"n": 1, "rows": {}}).evaluate("t/p", {"a": "x"}).defined
    whole = Policy.load(plan, {}, specialise=False)
    other = whole.prepare().with_data({"n": 1, "rows": {}})
    assert other._programs.ask("t/p").program is whole._programs.ask("t/p").program


def test_a_plan_is_refused_for_what_its_data_never_lets_it_call(planned: Planned) -> None:
    """Else a row in a table would turn a policy that works into one that can't be loaded."""
    plan = planned('package t\n\np := rand.intn("x", 2) if data.rows[_]\n', "t/p")
    with pytest.raises(PlanError) as refusal:
        Policy.load(plan, {})
    assert refusal.value.code == "plan.unsupported_builtin"


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("p if { lower(input.a) == input.b; some row in data.rows; row.x }", True),
        ("p if { some row in data.rows; lower(input.a) == row }", False),
        ("p if { not q }\n\nq if { lower(input.a) == input.b; data.rows[_] }", True),
        ("p if { x := {lower(y) | some y in input.ys}; some row in data.rows; row in x }", True),
        ("p if { every y in input.ys { lower(y) == y; data.rows[_] } }", True),
        ("p contains f(y) if some y in input.ys\n\nf(x) := lower(x) if data.rows[_]", False),
    ],
)
def test_an_error_before_the_table_still_happens(
    agreed: Callable[..., Any], rule: str, *, fails: bool
) -> None:
    """OPA would have met it, too; one behind it happens to nobody."""
    kind, said = agreed(rule, {"a": 1, "b": "x", "ys": [1]}, {})
    assert (kind == "error") == fails, said


def test_data_that_with_replaces_is_not_what_is_known(agreed: Callable[..., Any]) -> None:
    """Whatever may be asked about other data stays whole, also where it is asked about the policy's own."""
    source = """
q contains row if some row in data.rows

r := count(q)

on if data.mode == "on"

p := [q, r, a, b, c] if {
	a := q with data.rows as [input.x]
	b := r with data.rows as [1, 2]
	c := {x | x := on with data.mode as "on"}
}
"""
    assert agreed(source, {"x": 7}, {}) == ("value", [[], 0, [7], 2, [True]])
    assert agreed(source, {"x": 7}, {"rows": [3]}) == ("value", [[3], 1, [7], 2, [True]])


def test_shared_constants_are_nobodys_to_change(planned: Planned) -> None:
    """What an evaluation builds upon an empty set, object or array of the plan is gone with it."""
    source = """package t

p := [union({none, {input.a}}), array.concat(list, [input.a]), object.union(map, {"a": input.a}), all, doc]

none contains x if some x in data.rows

list := [x | some x in data.rows]

map[k] := v if some k, v in data.rows

all contains x if some x in none

all contains input.a

doc.a contains x if some x in data.rows

doc.b contains input.a
"""
    policy = Policy.load(planned(source, "t/p"), {})
    for number in (1, 2, 1):
        one = [number]
        assert policy.evaluate("t/p", {"a": number}).value == [
            one, one, {"a": number}, one, {"a": [], "b": one}
        ]  # fmt: skip


@pytest.mark.parametrize("value", ["data.d[input.k]", "data.d.x", "data.e[input.k]"])
@pytest.mark.parametrize("members", [[{}, {"a": ""}], [{"a": ""}, {}], [{"a": {}}], []])
def test_every_ends_at_its_first_failure_though_nothing_can_come_of_it(
    agreed: Callable[..., Any], value: str, members: Any
) -> None:
    """No error of a member behind the first that fails is seen, also where the rule has no value anyway."""
    source = f"p := {value} if every v in input.a {{ v in object.keys(v.a) }}"
    for document in ({"a": members}, {"a": members, "k": "z"}):
        agreed(source, document, {"d": {}, "e": {"z": 1}})


def test_rules_may_be_nested_deeper_than_python_calls(planned: Planned) -> None:
    """Specialising takes a stack of its own."""
    rules = [f"r{number} := r{number + 1} if not data.rows[r{number + 1}]" for number in range(140)]
    source = "package t\n\np := r0\n\n" + "\n\n".join(rules) + "\n\nr140 := input.a\n"
    assert Policy.load(planned(source, "t/p"), {}).evaluate("t/p", {"a": 5}).value == 5


@pytest.mark.slow
def test_every_program_gives_what_the_whole_of_it_gives(language_plan: bytes) -> None:
    """Value, code and the rules that fired, over random data, with and without a trace."""
    builtins = {"rand.intn": lambda _, __: 5}
    pairs = [
        [
            Policy.load(
                language_plan, builtins=builtins, tracing=tracing, strict_builtin_errors=strict, specialise=on
            )
            for on in (True, False)
        ]
        for strict in (True, False)
        for tracing in (True, False)
    ]

    def found(policy: Policy, entrypoint: str, document: Any) -> Any:
        try:
            value, defined, fired, _ = policy.evaluate(entrypoint, document, now_ns=0)
        except RegoError as error:
            return error.code
        return repr(value), defined, fired

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(WORLDS, st.lists(INPUTS, min_size=1, max_size=3), st.sampled_from(pairs))
    def ask(world: Any, documents: list[Any], pair: list[Policy]) -> None:
        fitted, whole = [policy.with_data({"world": world}) for policy in pair]
        for document in documents:
            for entrypoint in whole.entrypoints:
                if "uuid" not in entrypoint:
                    expected = found(whole, entrypoint, document)
                    assert found(fitted, entrypoint, document) == expected, (entrypoint, document, world)

    ask()
