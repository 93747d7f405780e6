"""Plans that OPA did not write: loading and running them ends, in an answer or an error of ours.

They are damaged real ones, or made of random statements. Code hides in every text of them; none of it runs.
Longer than most modules: it makes plans of every statement there is.
"""

from __future__ import annotations

import builtins
import copy
import json
import re
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rego import UNDEFINED, PlanError, Policy, RegoError, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

_HERE: Final = Path(__file__).parent
_REAL: Final = tuple(
    json.loads(path.read_bytes())
    for path in (
        _HERE / "policies" / "request.plan.json",
        _HERE.parents[1] / "bundles" / "default" / "plan.json",
    )
)
_CODE: Final = "__import__('builtins').__dict__.__setitem__('taken', 1)"
_TEXTS: Final = [
    f"x'];{_CODE};#", f'x"];{_CODE};#', f"\n{_CODE}\n", f"'''{_CODE}'''", f"\\';{_CODE}#",
    f"{{{_CODE}}}", f"\r{_CODE}", f"\x0c{_CODE}", f"\u2028{_CODE}", "\\N{BULLET}", "\\x41\\", '"""', "\x00",
    "\ud800", "%s", "{l1}",
    "l0", "t[0]", "m", "U", "N", "break", "a.b", "", "0", "1", "result", "lower", "internal.print",
]  # fmt: skip
_JUNK: Final[list[Any]] = [
    None, True, False, 0, 1, 2, 3, 7, -1, 2**31, 2**63, 2**64, 10**400, 1.5, float("inf"), float("nan"),
    [], [[]], {}, {"type": "local", "value": 3}, {"type": "string_index", "value": 0},
    {"type": "bool", "value": "x"}, {"blocks": []}, {"stmts": None}, {"type": "NopStmt", "stmt": {}}, *_TEXTS,
]  # fmt: skip
_BUILTINS: Final = {
    "plus": 2, "mul": 2, "count": 1, "lower": 1, "concat": 2, "sprintf": 2, "numbers.range": 2, "split": 2,
    "array.concat": 2, "object.union": 2, "json.unmarshal": 1, "json.marshal": 1, "walk": 1, "equal": 2,
    "gt": 2, "internal.member_2": 2, "internal.print": 1, "glob.match": 3, "regex.match": 2, "time.now_ns": 0,
    "or": 2, "to_number": 1, "and": 2, "minus": 2, "sort": 1, "graph.reachable": 2, "json.patch": 2,
}  # fmt: skip
_INPUTS: Final = [
    {}, [], None, "x", 3, UNDEFINED, [[1, [2]], {"a": 1}],
    {"result": {"0": 1}, "x": "y", "a": [1, 2, {"b": "c"}]},
    {"subject": {"properties": {"team": "hr", "roles": ["a"]}}, "context": {"content": {"labels": ["hr"]}}},
]  # fmt: skip
_ENDLESS: Final = [b"[" * 200_000, b'{"a":' * 200_000, b"1" * 100_000, b'"\\ud800"']


# ── plans of random statements ──────────────────────────────────────────────────────────────────


class _Maker:
    """Makes a plan whose shape is right and whose meaning is anybody's guess."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.strings = [*random.sample(_TEXTS, 6), "result", "2.5", "7", "1e400"]
        self.functions = {
            f"f{number}{random.choice(['', *_TEXTS])}": random.choice([2, 2, 3]) for number in range(3)
        }

    def plan(self) -> dict[str, Any]:
        """Return the plan."""
        declared = [
            {"name": name, "decl": {"args": [{}] * arity, "result": None if name == "internal.print" else {}}}
            for name, arity in _BUILTINS.items()
        ]
        return {
            "static": {
                "strings": [{"value": text} for text in self.strings],
                "files": [{"value": self.random.choice(_TEXTS)}],
                "builtin_funcs": declared,
            },
            "plans": {
                "plans": [{"name": self.random.choice(_TEXTS), "blocks": [self.block(0), self.block(0)]}]
            },
            "funcs": {"funcs": [self.function(name) for name in self.functions]},
        }

    def function(self, name: str) -> dict[str, Any]:
        """Return a function; some can be called by their path."""
        returned = {"stmts": [{"type": "ReturnLocalStmt", "stmt": {"source": 4}}]}
        path = self.random.choice([None, ["g0", name], self.strings[:1], self.strings[:2], ["result"]])
        return {
            "name": name,
            "params": list(range(self.functions[name])),
            "return": self.random.choice([2, 3, 4]),
            "blocks": [self.block(0), self.block(0), *self.random.choice([[], [returned]])],
            "path": path,
        }

    def block(self, depth: int) -> dict[str, Any]:
        """Return a block of up to five statements."""
        return {"stmts": [self.statement(depth) for _ in range(self.random.randrange(6))]}

    def statement(self, depth: int) -> dict[str, Any]:
        """Return any statement, with locals that may be unset and operands that may not fit."""
        kinds = (
            list(plan.STATEMENTS)
            if depth < 5
            else ["DotStmt", "AssignVarStmt", "BreakStmt", "ArrayAppendStmt"]
        )
        kind = self.random.choice(kinds)
        made = {field.name: self.field(str(field.type), depth) for field in fields(plan.STATEMENTS[kind])[1:]}
        match kind:
            case "BreakStmt":
                made["index"] = self.random.randrange(depth + 2)
            case "MakeNumberRefStmt":
                made["index"] = self.random.randrange(len(self.strings) - 3, len(self.strings))
            case "CallStmt":
                made["func"], made["args"] = self.call()
            case _:
                pass
        return {"type": kind, "stmt": made | {"file": 0, "row": 1, "col": self.random.randrange(3)}}

    def call(self) -> tuple[str, list[Any]]:
        """Return what is called, and with what."""
        if self.random.random() < 0.5:
            name = self.random.choice(list(self.functions))
            facts = [{"type": "local", "value": 0}, {"type": "local", "value": 1}]
            return name, [*facts, *(self.operand() for _ in range(self.functions[name] - 2))]
        name = self.random.choice(list(_BUILTINS))
        return name, [self.operand() for _ in range(_BUILTINS[name])]

    def field(self, kind: str, depth: int) -> Any:
        """Return a value for a statement's field of some type."""
        makers: dict[str, Callable[[], Any]] = {
            "Local": lambda: self.random.randrange(9),
            "Operand": self.operand,
            "Block": lambda: self.block(depth + 1),
            "int": lambda: self.random.choice([0, 1, -1, 2**40]),
            "tuple[Block, ...]": lambda: [self.block(depth + 1), self.block(depth + 1)],
            "tuple[Local, ...]": lambda: [0, 1],
            "tuple[Operand, ...]": lambda: [self.operand(), self.operand()],
            "tuple[str, ...]": lambda: self.random.choice([[], [0], [1, 6]]),
        }
        return makers.get(kind, lambda: 0)()

    def operand(self) -> dict[str, Any]:
        """Return a local, a constant text or a boolean."""
        kind = self.random.choice(["local", "local", "local", "string_index", "bool"])
        value = {"local": self.random.randrange(9), "string_index": self.random.randrange(10), "bool": True}
        return {"type": kind, "value": value[kind]}


# ── damage ──────────────────────────────────────────────────────────────────────────────────────


def _damaged(random: Random, document: Any, times: int) -> Any:
    """Drop, replace, double, swap and renumber parts of a plan."""
    for _ in range(times):
        places = list(_places(document))
        if not places:
            break
        (holder, key), (other, name) = random.choice(places), random.choice(places)
        match random.choice(["drop", "junk", "junk", "graft", "double", "number", "kind", "deep"]):
            case "drop":
                del holder[key]
            case "graft":
                holder[key] = copy.deepcopy(other[name])
            case "double" if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case "number" if type(holder[key]) is int:
                holder[key] = random.choice([0, 1, 2, 3, 5, holder[key] + 1, holder[key] - 1, 1000])
            case "kind" if "type" in holder:
                holder["type"] = random.choice([*plan.STATEMENTS, "local", "bool", "string_index"])
            case "deep":
                for _ in range(random.choice([30, 90, 200])):
                    holder[key] = random.choice(
                        [[holder[key]], {"stmts": [holder[key]]}, {"blocks": [holder[key]]}]
                    )
            case _:
                holder[key] = copy.deepcopy(random.choice(_JUNK))
    return document


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(document.items() if isinstance(document, dict) else enumerate(document)):
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)


def _survive(document: Any, given_: Any, *, strict: bool) -> None:
    """Load a plan and ask it everything; only errors of ours may come of it, and nothing may change."""
    data = {"teams": ["hr"], "a": {"b": [1]}, "result": ["x"]}
    before = repr((given_, data))
    try:
        policy = Policy.load(document, data, max_steps=3_000, strict_builtin_errors=strict)
        for entrypoint in policy.entrypoints:
            policy.reads(entrypoint)
            policy.evaluate(entrypoint, given_)
    except RegoError as error:
        assert error.code
    assert before == repr((given_, data))
    assert not hasattr(builtins, "taken")


@settings(max_examples=12, deadline=None)  # some of the plans are large
@given(
    random=st.randoms(use_true_random=False),
    times=st.integers(1, 6),
    given_=st.sampled_from(_INPUTS),
    strict=st.booleans(),
)
def test_a_damaged_plan_gives_only_errors_of_our_own(
    *, random: Random, times: int, given_: Any, strict: bool
) -> None:
    """Real plans with parts dropped, doubled, swapped, renumbered, nested deep or made hostile text."""
    _survive(_damaged(random, copy.deepcopy(random.choice(_REAL)), times), given_, strict=strict)


@settings(max_examples=400, deadline=None)
@given(
    random=st.randoms(use_true_random=False),
    times=st.integers(0, 2),
    given_=st.sampled_from(_INPUTS),
    strict=st.booleans(),
)
def test_random_statements_give_only_errors_of_our_own(
    *, random: Random, times: int, given_: Any, strict: bool
) -> None:
    """Unset locals, wrong types, calls in circles, breaks to anywhere, functions by odd paths."""
    _survive(_damaged(random, _Maker(random).plan(), times), given_, strict=strict)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=40) | st.sampled_from(_ENDLESS))
def test_bytes_that_are_no_plan_are_refused(document: bytes) -> None:
    """Neither noise nor depth nor length gets past the reading of JSON."""
    with pytest.raises(PlanError):
        Policy.load(document, {})


@pytest.mark.parametrize(
    "data",
    [
        [], "x", {1: 2}, {"a": {None: 1}}, {"a": {True: 1}}, {"a": (1,)}, {"a": {1}}, {"a": b"x"},
        {"a": float("nan")}, {"a": [float("-inf")]}, {"a": object()}, {"a": 1j}, {"a": UNDEFINED},
    ],
    ids=lambda data: re.sub(" at 0x[0-9a-f]+", "", repr(data)),  # the same in every process
)  # fmt: skip
def test_data_that_is_no_json_is_refused(plan_bytes: bytes, data: Any) -> None:
    """Generated code asks for exact types, so nothing else gets in, at load or later."""
    policy = Policy.load(plan_bytes, {})
    for load in (partial(Policy.load, plan_bytes), policy.with_data):
        with pytest.raises(PlanError) as refusal:
            load(data)
        assert refusal.value.code == "plan.data_malformed"


def test_data_that_holds_itself_is_refused(plan_bytes: bytes) -> None:
    """A circle has no end to read to; parts that stand in two places have, however many ways lead to them."""
    circle: dict[str, Any] = {"teams": ["hr"]}
    circle["teams"].append({"again": circle})
    with pytest.raises(PlanError) as refusal:
        Policy.load(plan_bytes, circle)
    assert refusal.value.code == "plan.data_malformed"
    shared: dict[str, Any] = {}
    for _ in range(100):
        shared = {"one": shared, "two": shared}
    Policy.load(plan_bytes, shared)


def test_data_of_any_depth_can_be_loaded(plan_bytes: bytes) -> None:
    """A hundred thousand levels are read without recursion."""
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"teams": deep}
    Policy.load(plan_bytes, deep).evaluate("gateway/request/decision", {})


def test_a_plan_that_makes_what_it_was_given_does_not_change_it(by_hand: Callable[..., Any]) -> None:
    """A parameter that is also the target of a "make" is still the host's value before that."""
    text = {"type": "string_index", "value": 0}
    statements = [
        ("ObjectInsertOnceStmt", {"key": text, "value": text, "object": 1}),
        ("ObjectInsertStmt", {"key": text, "value": text, "object": 0}),
        ("MakeObjectStmt", {"target": 1}),
        ("MakeObjectStmt", {"target": 0}),
    ]
    given_: dict[str, Any] = {"a": 1}
    data: dict[str, Any] = {"b": 2}
    Policy.load(by_hand(statements), data).evaluate("main", given_)
    assert given_ == {"a": 1}
    assert data == {"b": 2}
