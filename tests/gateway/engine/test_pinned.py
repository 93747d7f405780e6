"""One revision for one request, whatever an OPA server takes in meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.engine.nothing import NothingActive
from gateway.engine.pinned import TRIES, OneRevision, Sitting
from gateway.errors import EngineError, Refused
from gateway.ports import Ruling

if TYPE_CHECKING:
    from collections.abc import Mapping


class Changing:
    """Answers with one revision after the other; its policies are views of itself, as an OPA's are."""

    name = "changing"
    release = None

    def __init__(self, *revisions: str) -> None:
        self._revisions = list(revisions)

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        return Ruling({}, self._revisions.pop(0))

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        return entrypoint == "read"

    async def close(self) -> None: ...

    def current(self) -> OneRevision:
        return OneRevision(self)

    async def change(self) -> None: ...


async def test_answers_of_one_revision_are_taken() -> None:
    """While nothing changes, the view is the engine."""
    engine = Changing("r-1", "r-1", "r-1").current()
    answers = [await engine.ask("e", {}) for _ in range(3)]

    assert [answer.revision for answer in answers] == ["r-1"] * 3
    assert (engine.changed, engine.name) == (False, "changing")
    assert (engine.reads("read", ()), engine.reads("other", ())) == (True, False)


async def test_an_answer_of_another_revision_is_not_taken_and_none_after_it() -> None:
    """Also not when the first revision is back: what was decided between is unknown."""
    engine = Changing("r-1", "r-2", "r-1").current()
    await engine.ask("e", {})
    for _ in range(2):
        with pytest.raises(EngineError) as caught:
            await engine.ask("e", {})
        assert caught.value.code == "policy.changing"
    assert engine.changed


async def test_a_sitting_begins_anew_until_its_decisions_agree() -> None:
    """The second try, by the new revision alone, is the one that counts."""
    sitting = Sitting(Changing("r-1", "r-2", "r-2", "r-2"))
    seen = []
    while True:
        try:
            seen = [(await sitting.engine.ask(name, {})).revision for name in ("admission", "request")]
        except EngineError:
            seen = []
        if sitting.holds():
            break

    assert seen == ["r-2", "r-2"]


async def test_a_sitting_that_never_agrees_ends_with_a_refusal() -> None:
    """A bundle for every question is no policy: nobody waits for its end."""
    engine = Changing(*(f"r-{number}" for number in range(100)))
    sitting = Sitting(engine)
    tries = 0
    refusal = None
    while refusal is None:
        tries += 1
        await sitting.engine.ask("admission", {})
        with pytest.raises(EngineError):
            await sitting.engine.ask("request", {})
        try:
            assert not sitting.holds()
        except Refused as refused:
            refusal = refused

    assert (refusal.code, refusal.status, refusal.retry_after) == ("policy.changing", 503, "1")
    assert tries == TRIES


async def test_nothing_active_answers_nothing() -> None:
    """Without a bundle everything is undefined, so everything is refused."""
    engine = NothingActive()
    with pytest.raises(EngineError) as caught:
        await engine.ask("gateway/admission/decision", {})

    assert caught.value.code == "engine.undefined"
    assert not engine.reads("gateway/admission/decision", ("context",))
