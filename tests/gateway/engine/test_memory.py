"""What is remembered is exactly what would be answered again."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles import bundle as bundles
from gateway.engine.embedded import EmbeddedEngine
from gateway.engine.memory import Memory
from gateway.errors import EngineError
from gateway.ports import Ruling
from rego import Policy

ROOT = Path(__file__).parents[3]
SHIPPED = bundles.read(ROOT / "bundles" / "default")
ENTRYPOINTS = ("gateway/admission/decision", "gateway/request/decision")
PLACE = {"id": "a", "provider": "p", "model": "m", "zone": "onprem", "region": "r", "labels": []}
QUESTION: dict[str, Any] = {
    "version": 1,
    "subject": {
        "type": "user",
        "id": "alice@acme",
        "properties": {"issuer": "i", "team": "sales", "roles": ["analyst"], "groups": [], "claims": {}},
    },
    "action": {"name": "chat.completions", "properties": {"stream": False, "tools": []}},
    "resource": {"type": "model", "id": "demo-small", "properties": {"deployments": [PLACE]}},
    "context": {"time": "t", "request_id": "r", "content": {"labels": []}},
}
# Values that Python's own equality confuses, and some that matter to the rules.
NUMBERS: list[Any] = [0, 1, True, False, 1.0, "1", None, "", [], {}]
NAMES: list[Any] = ["hr", "sales", "demo-small", "gpt-4.1", "chat.completions", "models.list"]
LISTS: list[Any] = [["hr"], ["HR"], ["analyst"], ["developer"], [PLACE], [{**PLACE, "zone": "cloud"}]]
VALUES = st.sampled_from([*NUMBERS, *NAMES, *LISTS])
PATHS = st.sampled_from(
    [
        ("version",),
        ("subject",),
        ("subject", "id"),
        ("subject", "properties"),
        ("subject", "properties", "team"),
        ("subject", "properties", "roles"),
        ("subject", "properties", "issuer"),
        ("subject", "properties", "groups"),
        ("action", "name"),
        ("resource",),
        ("resource", "type"),
        ("resource", "id"),
        ("resource", "properties", "deployments"),
        ("context", "content"),
        ("context", "content", "labels"),
        ("context", "request_id"),
    ]
)
ABSENT = object()
EDITS = st.lists(st.tuples(PATHS, VALUES | st.just(ABSENT)), max_size=3)


def edited(edits: list[tuple[tuple[str, ...], object]]) -> dict[str, Any]:
    """The question with some values replaced or taken away."""
    question = copy.deepcopy(QUESTION)
    for (*way, last), value in edits:
        node: Any = question
        for name in way:
            node = node.get(name) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            continue
        if value is ABSENT:
            node.pop(last, None)
        else:
            node[last] = value
    return question


async def answer(engine: EmbeddedEngine, entrypoint: str, question: dict[str, Any]) -> object:
    """Value and rules, or the error's code."""
    try:
        ruling = await engine.ask(entrypoint, question)
    except EngineError as error:
        return error.code
    return ruling.value, ruling.rules


@pytest.fixture(scope="module")
def engines() -> tuple[EmbeddedEngine, EmbeddedEngine]:
    """One that remembers all that the module asks, and one that remembers nothing."""
    remembering, forgetful = EmbeddedEngine(SHIPPED), EmbeddedEngine(SHIPPED)
    forgetful._memories = {}
    return remembering, forgetful


@given(st.lists(EDITS, min_size=1, max_size=8), st.sampled_from(ENTRYPOINTS))
async def test_a_remembered_answer_is_the_one_that_would_be_given(
    engines: tuple[EmbeddedEngine, EmbeddedEngine], edits: list[Any], entrypoint: str
) -> None:
    """Whatever was asked before, both engines agree on value and rules, or on the error."""
    remembering, forgetful = engines
    for each in edits:
        question = edited(each)

        assert await answer(remembering, entrypoint, question) == await answer(
            forgetful, entrypoint, question
        )


def test_what_the_plan_cannot_read_makes_no_difference() -> None:
    """Another request, another second, the same answer: or nothing would ever be recalled."""
    memory = Memory(Policy.load(SHIPPED.plan, dict(SHIPPED.data)).reads(ENTRYPOINTS[1]).paths)
    later = copy.deepcopy(QUESTION)
    later["context"] |= {"time": "later", "request_id": "another"}
    later["subject"]["properties"]["authentication"] = {"method": "oidc", "age_s": 77}

    assert memory.key(later) == memory.key(QUESTION)


@pytest.mark.parametrize(
    ("one", "other"),
    [(1, True), (1, 1.0), (0, False), (1, "1"), (None, ABSENT), ([], ABSENT), ({}, []), ("", None)],
)
def test_values_that_python_confuses_are_told_apart(one: object, other: object) -> None:
    """`1 == True == 1.0` in Python, but not in Rego."""
    memory = Memory([("a", "b")])
    made = [{"a": {} if value is ABSENT else {"b": value}} for value in (one, other)]

    assert memory.key(made[0]) != memory.key(made[1])


def test_the_oldest_answer_makes_room() -> None:
    """Nobody can fill the memory with questions."""
    memory = Memory([("n",)], limit=3)
    for number in range(5):
        memory.keep(memory.key({"n": number}), Ruling(number, "r"))

    assert [memory.recall(memory.key({"n": number})) for number in (0, 1)] == [None, None]
    assert [recalled.value for n in (2, 3, 4) if (recalled := memory.recall(memory.key({"n": n})))] == [
        2,
        3,
        4,
    ]
