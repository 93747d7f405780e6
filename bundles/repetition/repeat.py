"""One recorded decision made again: whether it comes out as it was recorded, else in what it differs."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import orjson

from bundles.backtest.replay import Replay
from bundles.errors import BundleError

if TYPE_CHECKING:
    from bundles.bundle import Bundle
    from bundles.repetition.ports import Decided, Library, Said, Scribe

_MOST_BUNDLES = 8
_EMBEDDED = "embedded"

# What became of a request for a reason that no policy had a part in, after the policy had allowed it.
_ELSEWHERE = (
    "client.",
    "gateway.",
    "input.",
    "log.",
    "model.unknown",
    "obligation.too_large_to_seal",
    "obligation.unsealable",
    "policy.changing",
    "route.",
    "upstream.",
)
_UNANSWERED = frozenset({"engine.timeout", "engine.unavailable", "policy.changing"})


class Result(StrEnum):
    """What came of it."""

    MATCH = "match"
    DIVERGED = "diverged"
    INPUT_ERASED = "input_erased"
    INPUT_ABSENT = "input_absent"
    INPUT_ALTERED = "input_altered"
    BUNDLE_MISSING = "bundle_missing"
    ENGINE_MISMATCH = "engine_mismatch"
    NOT_DETERMINISTIC = "not_deterministic"
    UNDECIDED = "undecided"


MEANINGS = {
    Result.MATCH: "decided as it was recorded",
    Result.DIVERGED: "decided OTHERWISE than it was recorded",
    Result.INPUT_ERASED: "what was asked was erased",
    Result.INPUT_ABSENT: "what was asked is not at hand",
    Result.INPUT_ALTERED: "what is at hand is NOT what the record commits to",
    Result.BUNDLE_MISSING: "the bundle that decided was not found",
    Result.ENGINE_MISMATCH: "recorded by another engine, and decided otherwise by this one",
    Result.NOT_DETERMINISTIC: "decided otherwise by a policy that tells the time or reaches out",
    Result.UNDECIDED: "no policy decided it: the gateway refused by itself",
}
"""What each result means, in words."""

NEUTRAL = frozenset({Result.MATCH, Result.UNDECIDED})
"""Results that speak against nothing."""

_MISSING = {
    "erased": Result.INPUT_ERASED,
    "absent": Result.INPUT_ABSENT,
    "altered": Result.INPUT_ALTERED,
    "unasked": Result.UNDECIDED,
}


@dataclass(frozen=True, slots=True)
class Repeated:
    """One decision and what came of making it again.

    Args:
        decided: as it was recorded.
        result: what came of it.
        differs: `action`, `reasons`, `obligations`: in what the two differ.
        again: how it is decided now; None where it wasn't.
    """

    decided: Decided
    result: Result
    differs: tuple[str, ...] = ()
    again: Said | None = None


class Repeater:
    """Makes decisions again.

    Args:
        library: finds the bundles that decided.
        scribe: how a gateway obeys and records.
        instead: a bundle to decide with in place of the recorded ones: what if.

    Raises:
        BundleError: `bundle.malformed`: the plan of `instead` can't be evaluated.
    """

    def __init__(self, library: Library, scribe: Scribe, instead: Bundle | None = None) -> None:
        self._library = library
        self._scribe = scribe
        self._instead = Replay(instead, scribe) if instead is not None else None
        self._known: OrderedDict[tuple[str, str], Replay | None] = OrderedDict()

    def repeat(self, decided: Decided) -> Repeated:
        """Make one again."""
        if decided.missing or decided.question is None:
            return Repeated(decided, _MISSING.get(decided.missing, Result.INPUT_ABSENT))
        if decided.reason_code in _UNANSWERED:
            return Repeated(decided, Result.UNDECIDED)
        question = orjson.loads(decided.question)
        if type(question) is not dict:
            return Repeated(decided, Result.INPUT_ALTERED)
        replay = self._instead or self._replay(decided.revision or "", decided.bundle or "")
        if replay is None:
            return Repeated(decided, Result.BUNDLE_MISSING)
        again = self._scribe.said(question, replay.answers(question, decided.path))
        differs = difference(decided, again)
        if not differs:
            return Repeated(decided, Result.MATCH, again=again)
        return Repeated(decided, self._why(decided, replay), differs, again)

    def _why(self, decided: Decided, replay: Replay) -> Result:
        if not replay.pure:
            return Result.NOT_DETERMINISTIC
        if decided.engine != _EMBEDDED and self._instead is None:
            return Result.ENGINE_MISMATCH
        return Result.DIVERGED

    def _replay(self, revision: str, digest: str) -> Replay | None:
        key = (revision, digest)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        try:
            bundle = self._library(revision, digest)
            found = Replay(bundle, self._scribe) if bundle is not None else None
        except BundleError:  # one that can't be read or evaluated is as good as none
            found = None
        self._known[key] = found
        if len(self._known) > _MOST_BUNDLES:
            self._known.popitem(last=False)
        return found


def difference(decided: Decided, again: Said) -> tuple[str, ...]:
    """In what a decision differs from the one on record; what the policy had no part in doesn't count."""
    found = []
    outcome = (decided.action, decided.reason_code) == (again.action, again.reason_code)
    elsewhere = decided.action == "deny" and decided.reason_code.startswith(_ELSEWHERE)
    if not outcome and not (elsewhere and again.action == "allow"):
        found.append("reasons" if decided.action == again.action else "action")
    if decided.reasons is not None and list(decided.reasons) != list(again.reasons):
        found.append("reasons")
    if list(decided.obligations) != list(again.obligations):
        found.append("obligations")
    return tuple(dict.fromkeys(found))
