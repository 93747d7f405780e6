"""The public face: answers, errors, limits, sharing between threads."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from rego import UNDEFINED, EvaluationError, PlanError, Policy, plan
from tests.rego.generated import generated


def test_an_answer_names_the_rules_that_fired(request_policy: Policy, question: dict[str, Any]) -> None:
    """The value is plain JSON, and the heads of the rules with a result are listed."""
    result = request_policy.evaluate("gateway/request/decision", question)
    assert result.value == {
        "allow": False,
        "obligations": [{"deployments": ["b"], "kind": "route"}],
        "reasons": [{"id": "residency", "user": "dep a"}],
    }
    assert [location.row for location in result.fired] == [14, 12, 5, 22, 27]
    assert result.defined
    assert result.statements > 0


def test_undefined_is_neither_false_nor_null(planned: Any) -> None:
    """A rule without a value gives an undefined result, which is not the value false."""
    policy = Policy.load(planned("package t\n\np := input.x\n", "t/p"), {})
    assert policy.evaluate("t/p", {})[:2] == (None, False)
    assert policy.evaluate("t/p", UNDEFINED)[:2] == (None, False)
    assert policy.evaluate("t/p", {"x": None})[:2] == (None, True)
    assert policy.evaluate("t/p", {"x": False})[:2] == (False, True)


def test_a_builtin_that_is_not_there_is_refused_by_name(by_hand: Any) -> None:
    """Loading fails; a missing builtin is never undefined at run time, unless the host brings it."""
    call = ("CallStmt", {"func": "http.send", "args": [{"type": "local", "value": 0}], "result": 2})
    document = by_hand([call], builtins=("http.send",))
    with pytest.raises(PlanError, match=r"'http\.send'") as refusal:
        Policy.load(document, {})
    assert refusal.value.code == "plan.unsupported_builtin"
    asked: list[Any] = []
    Policy.load(document, {}, builtins={"http.send": asked.append}).evaluate("main", "url")
    assert asked == ["url"]


def test_errors_in_builtins_end_strict_evaluations_only(planned: Any) -> None:
    """Strictly, the codes are OPA's and the place is named; leniently the call is undefined."""
    plan = planned('package t\n\np if {\n\tlower(input.x) != ""; input.y / input.z > 0\n}\n', "t/p")
    strict = Policy.load(plan, {})
    for given, code in (
        ({"x": 1, "y": 1, "z": 1}, "eval_type_error"),
        ({"x": "A", "y": 1, "z": 0}, "eval_builtin_error"),
    ):
        with pytest.raises(EvaluationError) as failure:
            strict.evaluate("t/p", given)
        assert (code, 4) == (failure.value.code, failure.value.location and failure.value.location.row)
        assert not Policy.load(plan, {}, strict_builtin_errors=False).evaluate("t/p", given).defined


def test_work_without_end_exhausts_its_budget(planned: Any) -> None:
    """Loops in loops end with an error of their own, and so does a collection too large to make."""
    loops = "package t\n\np := count([1 | some a in input; some b in input; some c in input])\n"
    policy = Policy.load(planned(loops, "t/p"), {}, max_steps=5_000)
    assert policy.evaluate("t/p", list(range(10))).value == 1000
    for source, given in ((loops, list(range(100))), ("package t\n\np := numbers.range(0, input)\n", 10**12)):
        with pytest.raises(EvaluationError) as failure:
            Policy.load(planned(source, "t/p"), {}, max_steps=5_000).evaluate("t/p", given)
        assert failure.value.code == "eval_budget_exceeded"


def test_a_document_too_deep_is_an_error(planned: Any) -> None:
    """Comparing what nests without end is stopped, not crashed."""
    policy = Policy.load(planned("package t\n\np if input.a == input.b\n", "t/p"), {})
    one: list[Any] = []
    two: list[Any] = []
    for _ in range(5_000):
        one, two = [one], [two]
    with pytest.raises(EvaluationError) as failure:
        policy.evaluate("t/p", {"a": one, "b": two})
    assert failure.value.code == "eval_depth_exceeded"


def test_data_can_change_without_compiling(request_policy: Policy, question: dict[str, Any]) -> None:
    """`with_data` leaves the policy that it was asked of as it was."""
    question["context"]["content"]["labels"] = []
    other = request_policy.with_data({"teams": ["it"]})
    assert not other.evaluate("gateway/request/allow", question).value
    assert request_policy.evaluate("gateway/request/allow", question).value


@pytest.mark.parametrize(
    "data", [[], {"a": {1: 2}}, {"a": (1,)}, {"a": float("nan")}, {"a": {"b": object()}}]
)
def test_data_that_is_not_json_is_refused(plan_bytes: bytes, data: Any) -> None:
    """Generated code asks for exact types, so nothing else gets in."""
    with pytest.raises(PlanError) as refusal:
        Policy.load(plan_bytes, data)
    assert refusal.value.code == "plan.data_malformed"


def test_time_is_the_callers_where_it_is_given(planned: Any) -> None:
    """One evaluation sees one time."""
    policy = Policy.load(
        planned("package t\n\np := [time.now_ns(), time.format(time.now_ns())]\n", "t/p"), {}
    )
    assert policy.evaluate("t/p", {}, now_ns=0).value == [0, "1970-01-01T00:00:00Z"]


def test_print_reaches_its_sink(by_hand: Any) -> None:
    """Parts come as sets; an undefined part is shown as such, and without a sink nothing happens."""
    parts: list[tuple[str, dict[str, Any]]] = [
        ("MakeArrayStmt", {"capacity": 3, "target": 2}),
        ("ArrayAppendStmt", {"value": {"type": "string_index", "value": 0}, "array": 2}),
        ("MakeSetStmt", {"target": 3}),
        ("SetAddStmt", {"value": {"type": "local", "value": 0}, "set": 3}),
        ("ArrayAppendStmt", {"value": {"type": "local", "value": 3}, "array": 2}),
        ("MakeSetStmt", {"target": 4}),
        ("ArrayAppendStmt", {"value": {"type": "local", "value": 4}, "array": 2}),
        ("CallStmt", {"func": "internal.print", "args": [{"type": "local", "value": 2}], "result": 5}),
    ]
    document = by_hand(parts, builtins=("internal.print",))
    lines: list[str] = []
    Policy.load(document, {}, on_print=lines.append).evaluate("main", [1, "b"])
    assert lines == ['result [1, "b"] <undefined>']
    assert not Policy.load(document, {}).evaluate("main", 1).defined


def test_one_policy_answers_many_threads(request_policy: Policy, question: dict[str, Any]) -> None:
    """Each thread gets the answer to its own question."""

    def ask(team: str) -> Any:
        own = {**question, "context": {}, "subject": {"properties": {"team": team}}}
        return [request_policy.evaluate("gateway/request/allow", own).value for _ in range(200)]

    teams = ["hr", "none", "it", "other"] * 4
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, teams))
    assert [[team in {"hr", "it"}] * 200 for team in teams] == answers


def test_an_entrypoint_that_is_not_there_is_an_error(request_policy: Policy) -> None:
    """It is never undefined."""
    for ask in (lambda: request_policy.evaluate("nothing", {}), lambda: request_policy.reads("nothing")):
        with pytest.raises(PlanError) as refusal:
            ask()
        assert refusal.value.code == "plan.unknown_entrypoint"


def test_the_plan_is_there_as_nodes(request_policy: Policy, plan_bytes: bytes) -> None:
    """Whoever analyses a policy walks what it was loaded from; evaluation changes nothing of it."""
    assert plan.parse(plan_bytes) == request_policy.plan
    assert [found.name for found in request_policy.plan.entrypoints] == list(request_policy.entrypoints)
    assert request_policy.with_data({}).plan is request_policy.plan
    with pytest.raises(AttributeError):
        request_policy.plan.functions[0].name = "other"  # type: ignore[misc]  # which is the point


def test_rules_are_explained_by_their_paths(request_policy: Policy, question: dict[str, Any]) -> None:
    """In the order in which they are given, each with where it stands."""
    fired = request_policy.evaluate("gateway/request/decision", question).fired
    found = request_policy.explain(fired)
    assert [entry.location for entry in found] == list(fired)
    package = "data.gateway.request."
    assert {package + name for name in ("decision", "allow", "deny", "denied", "obligations")} >= {
        entry.rule for entry in found
    }
    assert request_policy.explain([]) == ()


def test_without_tracing_the_answer_is_the_same(plan_bytes: bytes, question: dict[str, Any]) -> None:
    """It only does not say which rules fired."""
    data = {"teams": ["hr", "it"]}
    traced, plain = Policy.load(plan_bytes, data), Policy.load(plan_bytes, data, tracing=False)
    for labels in ([], ["hr"], ["other"]):
        question["context"]["content"]["labels"] = labels
        expected = traced.evaluate("gateway/request/decision", question)
        found = plain.evaluate("gateway/request/decision", question)
        assert expected._replace(fired=()) == found
        assert expected.fired
    assert "w[" not in generated(plain)


@pytest.mark.parametrize("max_steps", [0, -1, True, 1.0, "9", None])
def test_a_limit_that_is_none_is_refused(plan_bytes: bytes, max_steps: Any) -> None:
    """A mistaken limit must not turn into no limit, or into a policy that never answers."""
    with pytest.raises(PlanError) as refusal:
        Policy.load(plan_bytes, {}, max_steps=max_steps)
    assert refusal.value.code == "plan.bad_argument"


@pytest.mark.parametrize("now_ns", [True, 1.0, "9"])
def test_a_time_that_is_none_is_refused(request_policy: Policy, now_ns: Any) -> None:
    """Whether the policy looks at the clock or not."""
    for ask in (request_policy.evaluate, request_policy.bindings):
        with pytest.raises(PlanError) as refusal:
            ask("gateway/request/decision", {}, now_ns=now_ns)
        assert refusal.value.code == "plan.bad_argument"


@pytest.mark.parametrize("kind", [float, Decimal])
@pytest.mark.parametrize(("number", "named"), [("nan", "NaN"), ("-inf", "an infinite number")])
def test_a_number_that_json_has_not_is_named(
    plan_bytes: bytes, kind: type[float | Decimal], number: str, named: str
) -> None:
    """A host finds it sooner than "a float"; a large finite one is a number like any other."""
    Policy.load(plan_bytes, {"a": Decimal("1e400")})
    with pytest.raises(PlanError, match=named) as refusal:
        Policy.load(plan_bytes, {"a": kind(number)})
    assert refusal.value.code == "plan.data_malformed"


def test_a_policy_shows_its_size_and_no_data(request_policy: Policy) -> None:
    """What gets into logs by `repr` is short, and nobody's."""
    shown = repr(request_policy.with_data({"teams": ["hidden"]}))
    names = "'gateway/request/decision', 'gateway/request', 'gateway/request/allow', ..."
    assert shown == f"<Policy of 4 entrypoints ({names}), 5 functions, 4 builtins>"


def test_policies_are_told_apart_by_identity(request_policy: Policy) -> None:
    """They can be keys, and equal ones are the same one."""
    other = request_policy.with_data({"teams": ["hr", "it"]})
    assert {request_policy: 1, other: 2}[other] == 2
    assert request_policy != other


def test_a_number_that_no_double_holds_is_a_decimal(planned: Any) -> None:
    """All else in a result is plain JSON, and one parameter of `json.dumps` makes it so."""
    value = (
        Policy.load(planned("package t\n\np := [input.x / 3, 0.5]\n", "t/p")).evaluate("t/p", {"x": 1}).value
    )
    assert [Decimal, float] == [type(part) for part in value]
    assert json.dumps(value, default=float) == "[0.3333333333333333, 0.5]"


@pytest.mark.parametrize(
    "document",
    [
        OrderedDict(doc={"kind": "merger"}),
        MappingProxyType({"doc": {"kind": "merger"}}),
        {"doc": defaultdict(str, kind="merger")},
        {"doc": {}, "parcels": ("a",)},
    ],
    ids=repr,
)
def test_what_no_json_parser_makes_is_refused_where_it_is_met(planned: Any, document: Any) -> None:
    """A rule that took it for a scalar would not see what is in it, and not deny."""
    source = (
        'p contains 1 if input.doc.kind != "merger"\np contains 2 if { some x in input.parcels; x == "a" }\n'
    )
    policy = Policy.load(planned(f"package t\n\n{source}", "t/p"), {})
    with pytest.raises(EvaluationError) as refusal:
        policy.evaluate("t/p", document)
    assert refusal.value.code == "eval_internal_error"


def test_a_lone_loop_counts_against_the_budget(planned: Any) -> None:
    """It is not cut off, as it is no longer than what it is about, but there is no answer."""
    policy = Policy.load(planned("package t\n\np := [x | some x in input.xs]\n", "t/p"), {}, max_steps=100)
    assert policy.evaluate("t/p", {"xs": [1] * 100}).value == [1] * 100
    with pytest.raises(EvaluationError) as refusal:
        policy.evaluate("t/p", {"xs": [1] * 101})
    assert refusal.value.code == "eval_budget_exceeded"
