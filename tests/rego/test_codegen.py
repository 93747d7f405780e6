"""What the generated Python does: jumps, scopes, owners of collections, and no code from a plan."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from rego import EvaluationError, PlanError, Policy

LOCAL = "local"
HOSTILE = "x'];__import__('os').abort();#\n\"\"\"\\\x00{0}%s{l0}"


def local(number: int) -> dict[str, Any]:
    """Return an operand that is a local."""
    return {"type": LOCAL, "value": number}


def text(number: int) -> dict[str, Any]:
    """Return an operand that is a constant string."""
    return {"type": "string_index", "value": number}


def answer(number: int) -> list[tuple[str, dict[str, Any]]]:
    """Return statements that answer with a local's value."""
    return [
        ("MakeObjectStmt", {"target": 90}),
        ("ObjectInsertStmt", {"key": text(0), "value": local(number), "object": 90}),
        ("ResultSetAddStmt", {"value": 90}),
    ]


def test_a_plan_cannot_inject_code(by_hand: Any) -> None:
    """Names, constants, files and paths full of quotes and code come out as the text they are."""
    name = f"g0.data.{HOSTILE}"
    function = {
        "name": name,
        "params": [0, 1],
        "return": 2,
        "path": ["g0", HOSTILE],
        "blocks": [
            {
                "stmts": [
                    {"type": "AssignVarStmt", "stmt": {"source": text(1), "target": 2}},
                    {"type": "ReturnLocalStmt", "stmt": {"source": 2}},
                ]
            }
        ],
    }
    statements = [
        ("CallStmt", {"func": name, "args": [local(0), local(1)], "result": 3}),
        ("DotStmt", {"source": local(0), "key": text(1), "target": 4}),
        ("EqualStmt", {"a": local(3), "b": text(1)}),
        ("WithStmt", {"local": 0, "path": [1], "value": text(1), "block": {"stmts": []}}),
        *answer(4),
    ]
    document = by_hand(statements, strings=("result", HOSTILE), functions=(function,))
    document["static"]["files"] = [{"value": HOSTILE}]
    document["plans"]["plans"][0]["name"] = HOSTILE
    policy = Policy.load(document, {})
    assert policy.entrypoints == (HOSTILE,)
    assert policy.evaluate(HOSTILE, {HOSTILE: "yes"}).value == "yes"


def test_breaks_leave_as_many_blocks_as_they_say(by_hand: Any, block_of: Any) -> None:
    """A break of n leaves n + 1 blocks, through scans too, at any depth that Python would refuse."""

    def nested(depth: int, levels: int) -> dict[str, Any]:
        inner = block_of([("BreakStmt", {"index": levels})])
        for _ in range(depth):
            inner = block_of(
                [
                    ("MakeNullStmt", {"target": 5}),
                    ("ScanStmt", {"source": 0, "key": 6, "value": 7, "block": inner}),
                    ("AssignIntStmt", {"value": 0, "target": 10}),
                ]
            )
        made: dict[str, Any] = inner
        return made

    for depth in (1, 3, 24):
        for levels in range(depth + 1):
            statements = [
                ("AssignIntStmt", {"value": 1, "target": 10}),
                ("BlockStmt", {"blocks": [nested(depth, levels)]}),
                *answer(10),
            ]
            found = Policy.load(by_hand(statements), {}).evaluate("main", ["one"]).value
            # Only a break that leaves every block passes by all assignments.
            assert (1 if levels == depth else 0) == found, (depth, levels)


def test_not_goes_on_exactly_where_its_block_fails(by_hand: Any, block_of: Any) -> None:
    """Undefined inside `not` is success, and the other way round."""
    for value, expected in ((True, False), (False, True)):
        inner = block_of([("EqualStmt", {"a": local(0), "b": {"type": "bool", "value": True}})])
        statements = [("NotStmt", {"block": inner}), *answer(0)]
        assert expected == Policy.load(by_hand(statements), {}).evaluate("main", value).defined


def test_input_and_data_are_never_changed(by_hand: Any) -> None:
    """A plan that appends to or inserts into a part of the input works on a copy."""
    statements = [
        ("DotStmt", {"source": local(0), "key": text(1), "target": 3}),
        ("ArrayAppendStmt", {"value": text(1), "array": 3}),
        ("DotStmt", {"source": local(1), "key": text(1), "target": 4}),
        ("ObjectInsertStmt", {"key": text(1), "value": text(1), "object": 4}),
        ("ObjectInsertOnceStmt", {"key": text(0), "value": local(4), "object": 1}),
        *answer(3),
    ]
    given, data = {"list": [1]}, {"list": {"a": 1}}
    kept = copy.deepcopy((given, data))
    policy = Policy.load(by_hand(statements, strings=("result", "list")), data)
    assert policy.evaluate("main", given).value == [1, "list"]
    assert kept == (given, data)


def test_a_scan_does_not_see_what_its_body_appends(by_hand: Any, block_of: Any) -> None:
    """A body that lengthens the array under it still ends."""
    body = block_of([("ArrayAppendStmt", {"value": local(6), "array": 4})])
    statements = [
        ("MakeArrayStmt", {"capacity": 0, "target": 4}),
        ("ArrayAppendStmt", {"value": text(0), "array": 4}),
        ("ScanStmt", {"source": 4, "key": 5, "value": 6, "block": body}),
        *answer(4),
    ]
    assert Policy.load(by_hand(statements), {}).evaluate("main", {}).value == ["result", "result"]


def test_two_values_for_one_local_are_a_conflict(by_hand: Any) -> None:
    """The same value twice is none; the error says where."""
    for second, code in ((0, None), (1, "eval_conflict_error")):
        statements = [
            ("AssignVarOnceStmt", {"source": text(0), "target": 3}),
            ("AssignVarOnceStmt", {"source": text(second), "target": 3, "row": 7, "col": 2}),
            *answer(3),
        ]
        policy = Policy.load(by_hand(statements, strings=("result", "other")), {})
        if code is None:
            assert policy.evaluate("main", {}).value == "result"
            continue
        with pytest.raises(EvaluationError) as conflict:
            policy.evaluate("main", {})
        assert (code, "test.rego:7:2") == (conflict.value.code, str(conflict.value.location))


def test_recursion_is_refused_or_stopped(by_hand: Any, block_of: Any) -> None:
    """Functions that call themselves by name are refused; by path they end at Python's depth."""
    call = ("CallStmt", {"func": "f", "args": [local(0), local(1)], "result": 3})
    dynamic = ("CallDynamicStmt", {"args": [0, 1], "result": 3, "path": [text(0)]})
    deep = block_of([dynamic])
    for _ in range(3):
        deep = block_of([("BlockStmt", {"blocks": [deep]})])
    for blocks in ([block_of([call])], [deep]):
        function = {"name": "f", "params": [0, 1], "return": 2, "path": ["result"], "blocks": blocks}
        document = by_hand([call, *answer(3)], functions=(function,))
        with pytest.raises((PlanError, EvaluationError)) as stopped:
            Policy.load(document, {}).evaluate("main", {})
        assert stopped.value.code in {"plan.recursive", "eval_depth_exceeded"}
