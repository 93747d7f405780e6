"""The shadow: considered behind the answer, queued and bounded, never in the way, and told to the log."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

import bundles
from bundles import bundle as bundle_files
from bundles.backtest.effect import Effect, difference
from bundles.backtest.replay import Replay
from gateway import period as periods
from gateway import shadow as shadows
from gateway.engine.embedded import EmbeddedEngine
from gateway.question import ADMISSION, describe, with_content
from gateway.routing.catalogue import Catalogue
from gateway.shadow import Shadow
from gateway.steps.admit import admit
from gateway.steps.decide import decide
from gateway.types import Allow, Deny, Findings, Origin, Reason, Trail
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.log import AuditLog
    from audit.record import Record
    from bundles.bundle import Bundle
    from gateway.types import Decision
    from tests.gateway.conftest import Builders

pytestmark = pytest.mark.usefixtures("engines_of_compiled_plans")


class Log:
    """Keeps records."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []

    def append_soon(self, record: Record) -> None:
        self.kept.append(record.body)


def stricter() -> Bundle:
    """Analysts may use nothing."""
    return edited(lambda data: data["roles"]["analyst"].update(models=[]))


def make(log: Log, candidate: Bundle | None, **more: Any) -> Shadow:
    """A shadow, not started."""
    shadow = Shadow(cast("AuditLog", log), lambda: time.time_ns() // 1000, **more)
    shadow.follow(candidate)
    return shadow


async def asked(build: Builders) -> tuple[Decision, ...]:
    """What the shipped bundle said about a call."""
    engine = EmbeddedEngine(bundle_files.read(bundles.default_path()))
    candidates = Catalogue([build.deployment()]).serving("demo-small")
    call, principal = build.call(), build.principal()
    question = describe(call, principal, call.received_us, candidates.documents)
    admission = await admit(question, engine)
    decision = await decide(question, call, candidates, Findings((), None), engine)
    assert isinstance(decision, Allow)
    assert decision.origin.asked == with_content(question, call, Findings((), None)).document
    return admission, decision


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds, or fail."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def ready(shadow: Shadow) -> None:
    """Wait until the candidate is compiled."""
    shadow.start()
    await until(lambda: shadow._candidate)


async def test_what_a_candidate_denies_is_told(build: Builders) -> None:
    """Counted by change and reason, with the decision's id, for the pair of bundles."""
    log, candidate = Log(), stricter()
    shadow = make(log, candidate)
    decisions = await asked(build)
    await ready(shadow)
    for number in range(3):
        shadow.consider(f"{number:032x}", decisions)
    await until(lambda: shadow._period.counts["considered"] == 3)
    await shadow.close()
    (record,) = log.kept

    assert record["typ"] == "policy.shadow"
    assert record["policy"] == {
        "engine": "shadow", "bundle": f"sha256:{candidate.digest}", "revision": candidate.revision
    }  # fmt: skip
    assert record["shadow"]["active"] == decisions[0].origin.revision
    assert record["shadow"]["counts"] == {"considered": 3, "allow_to_deny": 3}
    assert record["shadow"]["reasons"] == [{"change": "allow_to_deny", "rule": "access.not_granted", "n": 3}]
    assert record["shadow"]["examples"] == {"allow_to_deny": [f"{number:032x}" for number in range(3)]}


async def test_considering_evaluates_nothing_and_waits_for_nothing(
    build: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a request pays is a place in a queue: no evaluation happens before its task has gone on."""
    evaluated: list[str] = []
    shadow = make(Log(), stricter(), queue=10)
    decisions = await asked(build)
    await ready(shadow)
    monkeypatch.setattr(Replay, "effect", lambda *given: evaluated.append("now"))
    for _ in range(25):
        shadow.consider("0" * 32, decisions)

    assert evaluated == []
    assert len(shadow._waiting) == 10
    assert shadow._period.counts["dropped"] == 15
    await shadow.close()


async def test_the_queue_is_bounded_and_the_dropped_are_told(build: Builders) -> None:
    """More than can be compared is not compared, and the log says how many."""
    log = Log()
    shadow = make(log, stricter(), queue=10)
    decisions = await asked(build)
    await ready(shadow)
    for _ in range(1000):
        shadow.consider("0" * 32, decisions)
    await until(lambda: shadow._period.counts["considered"] == 10)
    await shadow.close()

    assert log.kept[0]["shadow"]["counts"] == {"considered": 10, "dropped": 990, "allow_to_deny": 10}


async def test_a_costly_candidate_gets_its_share_and_no_more(
    build: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long one evaluation takes, nine tenths of the time are left, one evaluation at a time."""

    def slow(*_: object) -> Any:
        time.sleep(0.005)
        return Effect(allow=False, reasons=("a",))

    shadow = make(Log(), stricter(), share=0.1)
    decisions = await asked(build)
    await ready(shadow)
    monkeypatch.setattr(Replay, "effect", slow)
    for _ in range(500):
        shadow.consider("0" * 32, decisions)
    turns, began = 0, time.perf_counter()
    while time.perf_counter() - began < 0.5:
        await asyncio.sleep(0)
        turns += 1
    done = shadow._period.counts["considered"]
    await shadow.close()

    assert 0 < done <= 0.5 / 0.05 + 2
    assert turns > 100


async def test_a_candidate_that_takes_too_many_steps_is_told_as_such(
    build: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shadow's bound is smaller than a decision's, so exceeding it is no difference."""
    monkeypatch.setattr(shadows, "MAX_STEPS", 3)
    log = Log()
    shadow = make(log, stricter())
    decisions = await asked(build)
    await ready(shadow)
    shadow.consider("0" * 32, decisions)
    await until(lambda: shadow._period.counts["considered"])
    await shadow.close()

    assert log.kept[0]["shadow"]["counts"] == {"considered": 1, "costly": 1}


async def test_a_mistake_in_the_comparison_does_not_end_it(
    build: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted, and the next request is compared."""
    shadow = make(Log(), stricter())
    decisions = await asked(build)
    await ready(shadow)
    with monkeypatch.context() as broken:
        broken.setattr(Replay, "effect", lambda *_: 1 / 0)
        shadow.consider("0" * 32, decisions)
        await until(lambda: shadow._period.counts["failed"])
    shadow.consider("0" * 32, decisions)
    await until(lambda: shadow._period.counts["considered"])
    await shadow.close()


async def test_following_another_candidate_tells_of_the_one_before(build: Builders) -> None:
    """Each record is about one pair; what still waited is dropped; without a candidate nothing is queued."""
    log = Log()
    shadow = make(log, stricter())
    decisions = await asked(build)
    await ready(shadow)
    shadow.consider("0" * 32, decisions)
    await until(lambda: shadow._period.counts["considered"])
    other = edited(lambda data: data["retention"].update(days=1))
    shadow.follow(other)
    await until(lambda: shadow._candidate and shadow._candidate.revision == other.revision)
    shadow.consider("1" * 32, decisions)
    await until(lambda: shadow._period.counts["considered"])
    shadow.follow(None)
    await until(lambda: shadow._candidate is None)
    shadow.consider("2" * 32, decisions)
    await shadow.close()

    assert [record["policy"]["revision"] for record in log.kept] == [stricter().revision, other.revision]
    assert log.kept[1]["shadow"]["reasons"] == [{"change": "obligations", "rule": "retain", "n": 1}]
    assert not shadow._waiting


async def test_another_active_revision_begins_another_record(build: Builders) -> None:
    """Counts about two active bundles are never added up."""
    log = Log()
    shadow = make(log, stricter())
    decisions = await asked(build)
    await ready(shadow)
    for revision in ("r-one", "r-two"):
        origin = decisions[-1].origin
        changed = Origin(origin.engine, revision, "", origin.path, asked=origin.asked)
        shadow.consider(
            "0" * 32, (decisions[0], Allow((), cast("Allow", decisions[-1]).obligations, changed))
        )
    await until(lambda: shadow._period.active == "r-two" and shadow._period.counts["considered"])
    await shadow.close()

    assert [record["shadow"]["active"] for record in log.kept] == ["r-one", "r-two"]


def test_names_that_a_policy_makes_up_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many reasons are counted one by one, the others together."""
    monkeypatch.setattr(periods, "MAX_RULES", 2)
    period = periods.Period("sha256:0", "r-1", 0)
    denied = Effect(allow=False, reasons=("a", "b", "c", "d"))
    period.count("0" * 32, difference(Effect(allow=True), denied), denied)
    told = {each["rule"]: each["n"] for each in period.record().body["shadow"]["reasons"]}

    assert told == {"a": 1, "b": 1, periods.OTHERS: 2}


async def test_it_tells_regularly(build: Builders) -> None:
    """A gateway that runs for weeks doesn't keep its counts for itself; without counts there is no record."""
    log = Log()
    shadow = make(log, stricter(), period_s=0.05)
    decisions = await asked(build)
    await ready(shadow)
    shadow.consider("0" * 32, decisions)
    await until(lambda: log.kept)
    await asyncio.sleep(0.15)
    await shadow.close()

    assert len(log.kept) == 1


@pytest.mark.parametrize("code", ["engine.unavailable", "engine.timeout"])
async def test_an_engine_that_fails_is_no_policy(build: Builders, code: str) -> None:
    """An outage of the active engine isn't counted as a difference."""
    log = Log()
    shadow = make(log, stricter())
    await ready(shadow)
    origin = Origin("opa", "", "", ADMISSION, asked={"version": 1})
    shadow.consider("0" * 32, (Deny((Reason(code, "Later."),), origin),))
    await until(lambda: not shadow._waiting)
    await shadow.close()

    assert log.kept == []


async def test_a_candidate_that_cannot_be_used_changes_nothing(
    build: Builders, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said in a line; requests go on, and the next candidate is taken."""
    shipped = bundle_files.read(bundles.default_path())
    shadow = make(Log(), bundle_files.Bundle(shipped.revision, "0", b"{}", {}, {}, {}))
    shadow.start()
    await asyncio.sleep(0.2)
    shadow.consider("0" * 32, await asked(build))
    assert not shadow._waiting
    shadow.follow(stricter())
    await until(lambda: shadow._candidate)
    await shadow.close()


@pytest.mark.parametrize("named", [(), ("first",), ("first", "second")])
def test_a_trail_names_its_decisions_in_order(build: Builders, named: tuple[str, ...]) -> None:
    """Admission alone where it was the last word, both where there were two, none where nobody was asked."""
    made = [build.allow() for _ in named]
    trail = Trail(build.raw())
    if made:
        trail.admission, trail.decision = made[0], made[-1]

    assert list(map(id, trail.decisions)) == list(map(id, made))
