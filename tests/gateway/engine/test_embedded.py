"""The embedded engine: the shipped bundle in the process, and how it fails."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bundles import bundle as bundles
from bundles.bundle import Bundle
from gateway.engine.embedded import EmbeddedEngine
from gateway.errors import EngineError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[3]
REQUEST = "gateway/request/decision"


def made_of(plan: bytes) -> Bundle:
    """A bundle with nothing but a plan."""
    return Bundle(revision="r-1", digest="00", plan=plan, data={}, manifest={}, files={})


@pytest.fixture
def probe(probe_plan: bytes) -> EmbeddedEngine:
    """An engine over the small bundle."""
    return EmbeddedEngine(made_of(probe_plan))


async def test_the_shipped_bundle_answers() -> None:
    """A question gets a value, the revision, the content's digest and the lines that fired."""
    bundle = bundles.read(ROOT / "bundles/default")
    engine = EmbeddedEngine(bundle)
    for _ in range(2):
        ruling = await engine.ask(REQUEST, {})
        assert isinstance(ruling.value, dict)
        assert ruling.value["allow"] is False
        assert (ruling.revision, ruling.bundle) == (bundle.revision, f"sha256:{bundle.digest}")
        assert ruling.rules
        for rule in ruling.rules:
            file, _, rows = rule.at.rpartition(":")
            assert file.lstrip("/") in bundle.files
            assert all(int(row) > 0 for row in rows.split(","))
        (named,) = (rule for rule in ruling.rules if rule.id == "known_content")
        assert named.controls == ("GDPR-32", "GDPR-44")
        assert any(rule.id == rule.at.partition(":")[0] for rule in ruling.rules)
    await engine.close()


def test_the_shipped_plan_says_what_it_reads() -> None:
    """Labels are read and the token estimate isn't, so nobody needs to estimate."""
    engine = EmbeddedEngine(bundles.read(ROOT / "bundles/default"))
    assert engine.reads(REQUEST, ("context", "content", "labels"))
    assert not engine.reads(REQUEST, ("context", "content", "tokens", "prompt"))
    assert engine.reads("gateway/absent", ("context", "content"))


def test_facts_that_only_an_empty_table_would_ask_for_are_not_gathered() -> None:
    """Nor is a question new to the memory because of them; with a row in the table they are read."""
    plan = (ROOT / "tests/rego/policies/request.plan.json").read_bytes()
    team = ("subject", "properties", "team")
    for teams in ([], ["hr"]):
        engine = EmbeddedEngine(replace(made_of(plan), data={"teams": teams}))
        assert engine.reads(REQUEST, team) is bool(teams)
        assert (team in engine._memories[REQUEST]._paths) is bool(teams)


@pytest.mark.parametrize("plan", [b"", b"{}", b'{"plans": {}}', b"[]"])
def test_a_plan_that_cannot_be_loaded_stops_the_start(plan: bytes) -> None:
    """A gateway with a useless bundle doesn't start."""
    with pytest.raises(SettingsError, match="r-1"):
        EmbeddedEngine(made_of(plan))


@pytest.mark.server
@pytest.mark.parametrize(
    ("entrypoint", "code", "detail"),
    [
        ("probe/silent", "engine.undefined", "no value"),
        ("probe/absent", "engine.undefined", "no entrypoint"),
        ("probe/conflict", "engine.error", "eval_conflict_error"),
        ("probe/builtin", "engine.error", "divide by zero"),
    ],
)
async def test_what_has_no_value_is_an_error(
    probe: EmbeddedEngine, entrypoint: str, code: str, detail: str
) -> None:
    """Undefined rules, conflicts and builtin errors (by strictness) are told apart."""
    with pytest.raises(EngineError, match=detail) as caught:
        await probe.ask(entrypoint, {"n": 0})
    assert caught.value.code == code


@pytest.mark.server
async def test_endless_work_ends(probe: EmbeddedEngine) -> None:
    """A policy that would keep the process from serving anybody else is stopped in time."""
    began = time.monotonic()
    with pytest.raises(EngineError, match="eval_budget_exceeded") as caught:
        await probe.ask("probe/loop", {})
    assert caught.value.code == "engine.budget_exceeded"
    assert time.monotonic() - began < 2


@pytest.mark.server
async def test_endless_depth_ends(probe: EmbeddedEngine) -> None:
    """A document that is nested too deep to be read ends the same way, and the process lives on."""
    with pytest.raises(EngineError, match="eval_depth_exceeded") as caught:
        await probe.ask("probe/deep", {"levels": 5000})
    assert caught.value.code == "engine.budget_exceeded"
    assert (await probe.ask("probe/deep", {"levels": 50})).value == 1


@pytest.mark.server
@pytest.mark.parametrize(
    ("rule", "remembers"),
    [
        ("echo", True),
        ("nested", True),
        ("conflict", True),
        ("chosen", False),
        ("chosen_part", False),
    ],
)
def test_only_what_always_reads_the_same_places_is_remembered(
    probe: EmbeddedEngine, rule: str, *, remembers: bool
) -> None:
    """A rule that chooses by the question what of it to read is asked every time."""
    assert remembers is (f"probe/{rule}" in probe._memories)


@pytest.mark.server
def test_a_policy_that_tells_the_time_is_asked_every_time(clock_plan: bytes) -> None:
    """One call of the clock anywhere in the plan, and nothing of it is remembered."""
    engine = EmbeddedEngine(made_of(clock_plan))
    assert engine._memories == {}


@pytest.mark.server
async def test_the_clock_goes_on(clock_plan: bytes) -> None:
    """Two equal questions to a policy that reads the clock get two answers."""
    engine = EmbeddedEngine(made_of(clock_plan))
    first, second = [(await engine.ask("clock/now", {})).value for _ in range(2)]
    assert first != second


@pytest.mark.server
async def test_concurrent_callers_get_their_own_answers(probe: EmbeddedEngine) -> None:
    """Nothing of one question is seen by another."""
    asked = [{"n": n} for n in range(200)]
    rulings = await asyncio.gather(*(probe.ask("probe/echo", document) for document in asked))
    assert [ruling.value for ruling in rulings] == asked


@pytest.mark.server
@pytest.mark.parametrize(
    ("entrypoint", "path", "expected"),
    [
        ("probe/nested", ("context", "content", "labels"), True),
        ("probe/nested", ("context", "content"), True),
        ("probe/nested", ("context",), True),
        ("probe/nested", ("context", "content", "labels", "0"), True),
        ("probe/nested", ("context", "usage"), False),
        ("probe/nested", ("context", "content", "tokens"), False),
        ("probe/nested", ("subject", "id"), True),
        ("probe/nested", (), True),
        ("probe/echo", ("context", "usage"), True),
        ("probe/loop", ("context",), False),
        ("probe/absent", ("context",), True),
    ],
)
def test_reads_are_prefixes_either_way(
    probe: EmbeddedEngine, entrypoint: str, path: tuple[str, ...], *, expected: bool
) -> None:
    """A path is read with its whole, with its parts, and for sure where the plan can't tell."""
    assert expected is probe.reads(entrypoint, path)


TABLE = """
package table

closed if {
	some row in data.rows
	input.place == row.place
}

answer := {"closed": true} if closed

answer := {"closed": false} if not closed
"""


async def test_a_shared_plan_shares_nothing_that_depends_on_data(
    compiled: Callable[[str, Sequence[str]], bytes],
) -> None:
    """With other data other parts of a question are read: an answer remembered by less would be another's."""
    plan = compiled(TABLE, ["table/answer"])
    rows = {"rows": [{"place": "cellar"}]}
    empty = EmbeddedEngine(replace(made_of(plan), data={"rows": []}))
    engine = EmbeddedEngine(replace(made_of(plan), data=rows, revision="r-2"), like=empty)
    fresh = EmbeddedEngine(replace(made_of(plan), data=rows))

    assert engine.reads("table/answer", ("place",)) is fresh.reads("table/answer", ("place",)) is True
    for place, closed in [("roof", False), ("cellar", True), ("roof", False)]:
        ruling = await engine.ask("table/answer", {"place": place})
        assert (ruling.value, ruling.revision) == ({"closed": closed}, "r-2")
        assert (await empty.ask("table/answer", {"place": place})).value == {"closed": False}


async def test_an_engine_outlives_the_one_whose_plan_it_shares(probe_plan: bytes) -> None:
    """The functions are given back with the last engine that needs them, not with the first."""
    first = EmbeddedEngine(made_of(probe_plan))
    second = EmbeddedEngine(made_of(probe_plan), like=first)
    del first
    gc.collect()

    assert (await second.ask("probe/echo", {"n": 1})).value == {"n": 1}
