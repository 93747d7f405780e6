"""Pins what comes of a decision that is made again: each result, and in what two decisions differ."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import bundles
from bundles import bundle as bundle_files
from bundles.errors import BundleError
from bundles.repetition.repeat import MEANINGS, Repeater, Result, difference
from gateway.obligations.effect import Obedience
from tests.bundles.backtest.conftest import asked
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from collections.abc import Callable

    from bundles.bundle import Bundle


@dataclass(frozen=True)
class Decision:
    """A recorded decision."""

    id: str = "0" * 32
    t_us: int = 0
    team: str | None = "sales"
    model: str | None = "demo-small"
    action: str = "allow"
    reason_code: str = "allowed"
    path: str = "gateway/request/decision"
    revision: str | None = "r-1"
    question: bytes | None = field(default_factory=lambda: orjson.dumps(asked()))
    missing: str = ""
    engine: str = "embedded"
    bundle: str | None = None
    reasons: list[dict[str, Any]] | None = field(default_factory=list)
    obligations: list[Any] = field(default_factory=list)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    """The shipped bundle."""
    return bundle_files.read(bundles.default_path())


@pytest.fixture(scope="module")
def recorded(shipped: Bundle) -> Callable[..., Decision]:
    """Make a decision that is recorded as the shipped bundle makes it; keywords change the question."""

    def record(path: str = "gateway/request/decision", **question: Any) -> Decision:
        found = Decision(path=path, question=orjson.dumps(asked(**question)))
        again = Repeater(lambda *_: shipped, Obedience()).repeat(found).again
        assert again is not None
        return replace(
            found,
            action=again.action,
            reason_code=again.reason_code,
            reasons=[dict(each) for each in again.reasons],
            obligations=list(again.obligations),
        )

    return record


def result(decision: Decision, bundle: Bundle | None, **more: Any) -> Result:
    """What comes of a decision where the library has this bundle."""
    return Repeater(lambda *_: bundle, Obedience(), **more).repeat(decision).result


@pytest.mark.parametrize(
    "question",
    [
        {}, {"model": "gpt-4o"}, {"team": "hr", "labels": ["hr"]}, {"team": "hr", "zones": ["cloud"]},
        {"zones": []}, {"max_tokens": 7}, {"path": "gateway/admission/decision"},
    ],
    ids=str,
)  # fmt: skip
def test_a_decision_is_made_as_it_was(
    recorded: Callable[..., Decision], shipped: Bundle, question: dict[str, Any]
) -> None:
    """Allowed with obligations or refused with reasons, at the door or behind it."""
    assert result(recorded(**question), shipped) is Result.MATCH


def test_another_policy_diverges(recorded: Callable[..., Decision]) -> None:
    """In the action, the reasons or the obligations, and each is named."""
    stricter = edited(lambda data: data["teams"].pop("sales"))
    shorter = edited(lambda data: data["roles"]["analyst"].update(max_tokens=5))
    repeater = Repeater(lambda *_: stricter, Obedience())
    refused = repeater.repeat(recorded())
    assert (refused.result, refused.differs) == (Result.DIVERGED, ("action", "reasons", "obligations"))
    clamped = Repeater(lambda *_: shorter, Obedience()).repeat(recorded())
    assert (clamped.result, clamped.differs) == (Result.DIVERGED, ("obligations",))
    assert refused.again is not None
    assert refused.again.reason_code == "residency.unknown_team"


def test_another_engine_may_differ(recorded: Callable[..., Decision], shipped: Bundle) -> None:
    """Where the two agree, they agree; where not, it is another engine's word."""
    stricter = edited(lambda data: data["teams"].pop("sales"))
    by_opa = replace(recorded(), engine="opa")
    assert result(by_opa, shipped) is Result.MATCH
    assert result(by_opa, stricter) is Result.ENGINE_MISMATCH
    assert result(by_opa, None, instead=stricter) is Result.DIVERGED  # what if: no engine is in question


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [
        ("erased", Result.INPUT_ERASED),
        ("absent", Result.INPUT_ABSENT),
        ("altered", Result.INPUT_ALTERED),
        ("unasked", Result.UNDECIDED),
    ],
)
def test_without_its_question_nothing_is_decided(shipped: Bundle, missing: str, wanted: Result) -> None:
    """And why is told."""
    assert result(Decision(question=None, missing=missing), shipped) is wanted


def test_a_bundle_that_is_not_found_or_not_usable_is_missing() -> None:
    """It is looked for once."""
    looked = []

    def library(revision: str, digest: str) -> Bundle | None:
        looked.append((revision, digest))
        if revision == "r-2":
            raise BundleError("bundle.malformed", "no")
        return None

    repeater = Repeater(library, Obedience())
    for decision in (Decision(), Decision(), Decision(revision="r-2"), Decision(revision=None, bundle="d")):
        assert repeater.repeat(decision).result is Result.BUNDLE_MISSING
    assert looked == [("r-1", ""), ("r-2", ""), ("", "d")]


@pytest.mark.parametrize("code", ["engine.timeout", "engine.unavailable"])
def test_an_engine_that_did_not_answer_decided_nothing(shipped: Bundle, code: str) -> None:
    """The gateway refused by itself, as it must."""
    assert result(Decision(action="deny", reason_code=code), shipped) is Result.UNDECIDED


@pytest.mark.parametrize("code", ["client.gone", "log.backlogged", "upstream.timeout"])
def test_what_the_policy_had_no_part_in_does_not_count(
    recorded: Callable[..., Decision], shipped: Bundle, code: str
) -> None:
    """It had allowed the call, and does so again; its obligations are compared all the same."""
    stopped = replace(recorded(), action="deny", reason_code=code)
    assert result(stopped, shipped) is Result.MATCH
    assert result(replace(stopped, obligations=[]), shipped) is Result.DIVERGED


def test_a_question_that_is_none_was_altered(shipped: Bundle) -> None:
    """The vault keeps documents only."""
    assert result(Decision(question=b"[]"), shipped) is Result.INPUT_ALTERED


def test_a_record_without_reasons_is_compared_without_them(
    recorded: Callable[..., Decision], shipped: Bundle
) -> None:
    """Early ones have none."""
    denied = replace(recorded(model="gpt-4o"), reasons=None)
    assert result(denied, shipped) is Result.MATCH


def test_a_policy_that_tells_the_time_is_not_held_to_its_word(
    recorded: Callable[..., Decision], shipped: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it comes out as before, that is a match; where not, nobody can tell."""
    monkeypatch.setattr("bundles.backtest.replay.Replay.pure", property(lambda _: False))
    assert result(recorded(), shipped) is Result.MATCH
    assert result(replace(recorded(), obligations=[]), shipped) is Result.NOT_DETERMINISTIC


def test_each_difference_is_named_once(recorded: Callable[..., Decision], shipped: Bundle) -> None:
    """Two denials for different reasons differ in the reasons."""
    denied = recorded(model="gpt-4o")
    again = Repeater(lambda *_: shipped, Obedience()).repeat(denied).again
    assert again is not None
    assert difference(replace(denied, reason_code="x", reasons=[]), again) == ("reasons",)


def test_every_result_has_its_words() -> None:
    """The command and the handbook tell them."""
    assert set(MEANINGS) == set(Result)
