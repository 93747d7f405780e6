"""What is remembered is exactly what would be answered again."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundles import bundle as bundles
from bundles.bundle import Bundle
from gateway.engine.embedded import EmbeddedEngine
from gateway.engine.memory import Memory
from gateway.errors import EngineError
from gateway.ports import Ruling
from rego import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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
            node[last] = copy.deepcopy(value)  # the same one may be drawn twice, and put into itself
    return question


async def answer(engine: EmbeddedEngine, entrypoint: str, question: dict[str, Any]) -> object:
    """Value and rules, or the error's code."""
    try:
        ruling = await engine.ask(entrypoint, question)
    except EngineError as error:
        return error.code
    return ruling.value, ruling.rules


def test_a_whole_that_is_absent_is_not_one_without_the_part() -> None:
    """A rule may ask for the whole and then do without the part: the two are different questions."""
    memory = Memory([("b", "c")])

    assert (
        len(
            {memory.key({}), memory.key({"b": {}}), memory.key({"b": {"c": []}}), memory.key({"b": {"c": 1}})}
        )
        == 4
    )


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
    """Nobody can fill the memory with many questions."""
    memory = Memory([("n",)], max_answers=3)
    for number in range(5):
        memory.keep(memory.key({"n": number}), Ruling(number, "r"))

    assert known(memory, range(5)) == [2, 3, 4]


def test_large_answers_make_room_sooner() -> None:
    """Nor with few large ones: questions and answers count with their size."""
    memory = Memory([("n",)], max_bytes=1000)
    for number in range(5):
        memory.keep(memory.key({"n": number}), Ruling("x" * 300, "r"))
    assert known(memory, range(5)) == [2, 3, 4]
    memory.keep(memory.key({"n": "x" * 600}), Ruling("x" * 300, "r"))
    assert known(memory, range(5)) == []


@pytest.mark.parametrize("value", ["x" * 1000, 1 << 64])
def test_what_is_too_large_is_not_remembered(value: object) -> None:
    """What would push everything else out, or has no size as JSON, is evaluated again."""
    memory = Memory([("n",)], max_bytes=1000)
    memory.keep(memory.key({"n": 0}), Ruling("x", "r"))
    memory.keep(memory.key({"n": 1}), Ruling(value, "r"))

    assert known(memory, range(2)) == [0]


def test_a_memory_that_is_used_for_long_stays_as_large() -> None:
    """What is forgotten gives its size back: the sum is that of what is there."""
    memory = Memory([("n",)], max_answers=50, max_bytes=5000)
    for number in range(10_000):
        memory.keep(memory.key({"n": number}), Ruling("x" * (number % 400), "r"))

    assert 0 < len(memory._answers) <= 50
    assert sum(size for _, size in memory._answers.values()) == memory._bytes <= 5000


def known(memory: Memory, numbers: Iterable[int]) -> list[int]:
    """Those of the numbers whose answer is remembered."""
    return [number for number in numbers if memory.recall(memory.key({"n": number})) is not None]


# A policy that nobody wrote: rules over the same few places, put together at random.

PARTS = ["input.a", "input.a.b", 'input.a["0"]', "input.b", "input.list", "input.list[0]", "input.list[1].b"]
CHOSEN = ["input[input.key]", "input.a[input.key]", "data.known[input.key]", "data.known.a", "input"]
REFS = st.sampled_from(PARTS) | st.sampled_from(CHOSEN)
CONSTANTS = st.sampled_from(["0", "1", "1.0", "true", "false", "null", '""', '"a"', "[]", "{}", '{"b": 1}'])
CONDITIONS = st.one_of(
    st.builds("{} == {}".format, REFS, CONSTANTS),
    st.builds("{} != {}".format, REFS, REFS),
    st.builds("{} < {}".format, REFS, CONSTANTS),
    st.builds("count({}) > 1".format, REFS),
    st.builds("{}[_] != {}".format, REFS, CONSTANTS),
    st.builds("every y in {} {{ y == {} }}".format, REFS, CONSTANTS),
    st.builds("not {}".format, REFS),
    st.builds("{} in {}".format, CONSTANTS, REFS),
    st.builds("shared({})".format, REFS),
)
BODIES = st.lists(CONDITIONS, min_size=1, max_size=3).map("\n\t".join)
RULES = st.one_of(
    st.builds("%s := {} if {{\n\t{}\n}}".format, REFS, BODIES),
    st.builds("%s if {{\n\t{}\n}} else := {} if {{\n\t{}\n}}".format, BODIES, REFS, BODIES),
    st.builds("%s := {} if {{\n\tsome x in {}\n\tx == {}\n}}".format, CONSTANTS, REFS, REFS),
    st.builds("%s := [x | some x in {}; {}]".format, REFS, CONDITIONS),
)
LEAVES = st.sampled_from([*NUMBERS, "a", "b"])
INNER = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "0"]), LEAVES)
PLACES = st.sampled_from(["a", "b", "list", "key", "unread"])
QUESTIONS = st.dictionaries(PLACES, INNER | st.lists(INNER, max_size=2))


@pytest.mark.server
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(RULES, min_size=1, max_size=6), st.lists(QUESTIONS, min_size=10, max_size=30))
async def test_a_remembered_answer_of_any_policy_is_the_one_that_would_be_given(
    compiled: Callable[[str, Sequence[str]], bytes], rules: list[str], questions: list[dict[str, Any]]
) -> None:
    """Also where rules read parts of places, places that the question chooses, or all of it."""
    names = [f"rule{number}" for number in range(len(rules))]
    module = "\n\n".join(
        [
            "package p",
            "shared(x) if x.b == 1",
            *(rule.replace("%s", n) for rule, n in zip(rules, names, strict=True)),
        ]
    )
    plan = compiled(module, [f"p/{name}" for name in names])
    bundle = Bundle("r", "00", plan, {"known": {"a": 1, "b": "a"}}, {}, {})
    remembering, forgetful = EmbeddedEngine(bundle), EmbeddedEngine(bundle)
    forgetful._memories = {}
    for question in questions * 2:  # the second time from memory
        for name in names:
            assert await answer(remembering, f"p/{name}", question) == await answer(
                forgetful, f"p/{name}", question
            )
