"""Rules behind a test of the input: skipped where none can hold, and no error that OPA raises gets lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rego import EvaluationError, Policy
from rego.codegen import function
from tests.rego.generated import generated

if TYPE_CHECKING:
    from collections.abc import Callable

#: Rules of each way to ask the input for a text, more than are asked one by one.
_WAYS = {
    "is": 'input.a == "t@"',
    "is_in": 'input.a in {"t@", "u@"}',
    "is_in_array": 'input.a in ["t@", "u@"]',
    "begins": 'startswith(input.a, "t@")',
    "glob": 'glob.match("t@/*", ["/"], input.a)',
    "has": '"t@" in input.a',
}
_HEADS = {
    "set": "p contains @ if {",
    "object": "p[@] := @ if {",
    "complete": "p := @ if {",
    "same": 'p := "same" if {',
    "default": "p := @ if {",
}
_COUNT = 30


def _rules(head: str, way: str, then: str = "") -> str:
    rules = [f"{_HEADS[head]} {_WAYS[way]}{then} }}".replace("@", str(n)) for n in range(_COUNT)]
    return "\n".join([*(["default p := -1"] if head == "default" else []), *rules])


def _asked(policy: Policy, document: Any) -> tuple[str, str]:
    try:
        result = policy.evaluate("t/p", document)
    except EvaluationError as error:
        return "error", error.code
    return ("value", json.dumps(result.value)) if result.defined else ("undefined", "")


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("head", _HEADS)
def test_many_rules_mean_what_they_mean_in_opa(agreed: Callable[..., Any], head: str, way: str) -> None:
    """The one that holds is found, and its neighbours are not taken for it."""
    source = _rules(head, way)
    for asked in ("t7", "u7", ["t7"], 7):
        agreed(source, {"a": asked})
    agreed(source, {})


@pytest.mark.parametrize("way", _WAYS)
def test_a_test_hides_the_errors_that_opas_index_hides(agreed: Callable[..., Any], way: str) -> None:
    """A body that is not entered cannot fail; one that is entered does."""
    source = _rules("set", way, "; 1 / input.n > 0")
    for asked in ("t7", ["t7"], "none", ["none"], 7, None, {"k": "t7"}, {"t7": "k"}):
        agreed(source, {"a": asked, "n": 0})


def test_rules_stand_behind_tests(planned: Callable[[str, str], bytes]) -> None:
    """A question that concerns none of a hundred rules is answered by a few comparisons."""
    for way in _WAYS:
        source = generated(Policy.load(planned(f"package t\n\n{_rules('set', way)}\n", "t/p")))
        tests = [
            line for line in source.splitlines() if line.strip().startswith("if ") and " v " in f" {line} "
        ]
        assert tests, way
    few = "\n".join(f'p contains {n} if input.a == "t{n}"' for n in range(3))
    assert "begins(" not in generated(Policy.load(planned(f"package t\n\n{few}\n", "t/p")))


@pytest.mark.parametrize(
    "odd",
    [
        "p contains 100 if true",
        "p contains 100 if not input.a",
        'p contains 100 if input.a != "t1"',
        'p contains input.b if input.c == "t1"',
        "p contains x if some x in input.a",
        'p contains 100 if { input.b; input.a == "t2" }',
        "p contains count(q) if true\nq contains 1 if input.a",
    ],
)
def test_a_rule_that_asks_for_something_else_is_always_asked(agreed: Callable[..., Any], odd: str) -> None:
    """Wherever it stands among those that share a test."""
    rules = _rules("set", "is").splitlines()
    for place in (0, 3, _COUNT):
        source = "\n".join([*rules[:place], odd, *rules[place:]])
        for document in ({"a": "t2", "b": 5, "c": "t1"}, {"c": "t1", "b": "x"}, {"a": ["y"]}):
            agreed(source, document)


_TEXT = st.sampled_from([f"t{n}" for n in range(0, _COUNT, 4)] + ["t", "", "u3", "t2x", "x"])
_VALUE = _TEXT | st.sampled_from([None, True, 3, 1.5]) | st.lists(_TEXT | st.just(1), max_size=3)
_DOCUMENT = st.fixed_dictionaries({}, optional={"a": _VALUE | st.dictionaries(_TEXT, _VALUE, max_size=2)})


def _compare(guarded: Policy, plain: Policy) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(_DOCUMENT)
    def ask(document: Any) -> None:
        found, expected = _asked(guarded, document), _asked(plain, document)
        assert found == expected or expected[0] == "error"

    ask()


@pytest.mark.slow
@pytest.mark.parametrize("head", _HEADS)
def test_tests_change_no_answer(planned: Callable[[str, str], bytes], head: str) -> None:
    """With and without them every policy gives the same, but for errors that are not entered."""
    for way in _WAYS:
        plan = planned(f"package t\n\n{_rules(head, way)}\n", "t/p")
        guarded = Policy.load(plan)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(function, "guarded", lambda found: range(len(found.blocks)))
            plain = Policy.load(plan).prepare()
        assert generated(guarded) != generated(plain), way
        _compare(guarded, plain)


def test_what_a_body_does_before_it_asks_is_done(by_hand: Any) -> None:
    """A body that adds to the set first is entered whatever the input has; no policy of OPA's has one."""
    texts = [f"t{n}" for n in range(8)]

    def body(number: int) -> dict[str, Any]:
        text = {"type": "string_index", "value": number + 1}
        asked = {
            "source": {"type": "local", "value": 0},
            "key": {"type": "string_index", "value": 9},
            "target": 10 + number,
        }
        stmts = [
            ("SetAddStmt", {"value": text, "set": 2}),
            ("DotStmt", asked),
            ("EqualStmt", {"a": {"type": "local", "value": 10 + number}, "b": text}),
        ]
        return {"stmts": [{"type": kind, "stmt": given_} for kind, given_ in stmts]}

    made = {"stmts": [{"type": "MakeSetStmt", "stmt": {"target": 2}}]}
    returned = {"stmts": [{"type": "ReturnLocalStmt", "stmt": {"source": 2}}]}
    blocks = [made, *map(body, range(8)), returned]
    function_ = {"name": "f", "params": [0, 1], "return": 2, "path": ["f"], "blocks": blocks}
    arguments = [{"type": "local", "value": 0}, {"type": "local", "value": 1}]
    key = {"type": "string_index", "value": 0}
    statements = [
        ("CallStmt", {"func": "f", "args": arguments, "result": 5}),
        ("MakeObjectStmt", {"target": 6}),
        ("ObjectInsertStmt", {"key": key, "value": {"type": "local", "value": 5}, "object": 6}),
        ("ResultSetAddStmt", {"value": 6}),
    ]
    policy = Policy.load(by_hand(statements, strings=("result", *texts, "a"), functions=(function_,)))
    assert texts == policy.evaluate("main", {"a": "none"}).value
