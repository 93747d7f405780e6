"""The strict reading of plans."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rego import Policy, RegoError, plan
from rego.errors import PlanError

JUNK = st.sampled_from(
    [None, True, -1, 0, 1, 7, 2**70, 1.5, "", "x", "g0.data.gateway.request.deny", [], [0], {}, {"type": "x"}]
)


def test_a_plan_is_read_whole(plan_bytes: bytes) -> None:
    """Entrypoints, functions, builtins and places in the sources come out as nodes."""
    found = plan.parse(plan_bytes)
    assert found.entrypoints[0].name == "gateway/request/decision"
    assert {"count", "gt", "internal.member_2", "sprintf"} == set(found.builtins)
    first = found.functions[0].blocks[0].statements[0]
    assert isinstance(first, plan.MakeSet)
    assert str(first.location) == "request.rego:14:1"


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b"{", b'{"static": 1}', b'{"plans": {"plans": [{}]}}', b"[" * 100_000, b"\xff"],
)
def test_what_is_no_plan_is_refused(document: bytes) -> None:
    """Whatever the bytes are, the refusal is a `plan.malformed`."""
    with pytest.raises(PlanError) as refusal:
        plan.parse(document)
    assert refusal.value.code == "plan.malformed"


@pytest.mark.parametrize("part", ["static", "plans", "funcs"])
def test_a_document_without_a_plans_parts_is_refused(plan_bytes: bytes, part: str) -> None:
    """Another JSON document must not load as a policy that knows no question."""
    whole = json.loads(plan_bytes)
    left = {name: value for name, value in whole.items() if name != part}
    for document in ({}, left, whole | {part: None}, whole | {"plans": {}}):
        with pytest.raises(PlanError) as refusal:
            Policy.load(document)
        assert refusal.value.code == "plan.malformed"


def test_a_plan_without_functions_is_read(plan_bytes: bytes) -> None:
    """Go writes the empty list as null."""
    document = json.loads(plan_bytes) | {"plans": {"plans": None}, "funcs": {"funcs": None}}
    assert plan.parse(document).functions == ()


def test_a_plans_builtins_cannot_be_changed(plan_bytes: bytes) -> None:
    """A plan is shared with whoever analyses it."""
    with pytest.raises(TypeError):
        plan.parse(plan_bytes).builtins["x"] = plan.Builtin("x", 0, void=False)  # type: ignore[index]  # which is the point


@pytest.mark.parametrize(
    ("kind", "given_"),
    [
        ("NoSuchStmt", {}),
        ("DotStmt", {"source": {"type": "local", "value": -1}}),
        ("DotStmt", {"source": {"type": "local", "value": True}}),
        ("EqualStmt", {"a": {"type": "string_index", "value": 9}, "b": {"type": "bool", "value": True}}),
        ("EqualStmt", {"a": {"type": "bool", "value": 1}, "b": {"type": "bool", "value": True}}),
        ("BreakStmt", {"index": 1}),
        ("BreakStmt", {"index": -1}),
        ("MakeNumberRefStmt", {"index": 0, "target": 1}),
        ("CallDynamicStmt", {"args": [0, 1], "result": 2, "path": []}),
        (
            "WithStmt",
            {"local": 0, "path": [3], "value": {"type": "bool", "value": True}, "block": {"stmts": []}},
        ),
    ],
)
def test_statements_that_do_not_fit_are_refused(by_hand: Any, kind: str, given_: dict[str, Any]) -> None:
    """Numbers out of range, wrong types and impossible breaks never reach the compiler."""
    with pytest.raises(PlanError) as refusal:
        plan.parse(by_hand([(kind, given_)]))
    assert refusal.value.code == "plan.malformed"


def test_blocks_without_end_are_refused(by_hand: Any, block_of: Any) -> None:
    """Nesting beyond what Python compiles is refused by its own code, not by a crash."""
    inner: dict[str, Any] = block_of([])
    for _ in range(100):
        inner = block_of([("BlockStmt", {"blocks": [inner]})])
    with pytest.raises(PlanError) as refusal:
        plan.parse(by_hand([("BlockStmt", {"blocks": [inner]})]))
    assert refusal.value.code == "plan.too_deep"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 10**9), JUNK, st.booleans()), min_size=1, max_size=4))
def test_a_damaged_plan_gives_only_errors_of_our_own(
    plan_bytes: bytes, question: dict[str, Any], changes: list[tuple[int, Any, bool]]
) -> None:
    """Whatever is changed in a real plan, loading and running it ends, with an answer or a `RegoError`."""
    document = json.loads(plan_bytes)
    before = copy.deepcopy(question)
    for where, junk, remove in changes:
        places = list(every_place(document)) or [({"": 0}, "")]
        holder, key = places[where % len(places)]
        if remove:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(junk)
    try:
        policy = Policy.load(document, {"teams": ["hr"]}, max_steps=10_000)
        for entrypoint in policy.entrypoints:
            policy.reads(entrypoint)
            policy.evaluate(entrypoint, question)
    except RegoError as error:
        assert error.code
    assert before == question


def every_place(document: Any) -> Any:
    """Yield each place in a JSON document as its container and key."""
    parts = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in list(parts):
        yield document, key
        if isinstance(value, dict | list):
            yield from every_place(value)
