"""One bundle's answers to recorded questions: at the time that they name, within a gateway's bounds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from bundles.backtest.effect import Answer, Effect
from bundles.backtest.memory import Keys, Memory
from bundles.errors import BundleError
from rego import EvaluationError, PlanError, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bundles.backtest.effect import Gateway, Path
    from bundles.bundle import Bundle

ADMISSION = "gateway/admission/decision"
REQUEST = "gateway/request/decision"
CALLS = frozenset({ADMISSION, REQUEST})
"""Entrypoints whose answers become of a call to a model; what others answer is obeyed by other rules."""

_EXHAUSTED = frozenset({"eval_budget_exceeded", "eval_depth_exceeded"})
_SECOND_NS = 1_000_000_000
_MAX_ANSWERS = 4096  # an answer in memory takes ten times its JSON


class Replay:
    """Asks one bundle what its gateway would have asked, and obeys as the gateway would.

    Args:
        bundle: a bundle that was read and checked.
        gateway: how it is obeyed.
        max_steps: bound of one evaluation; the gateway's own if None.

    Raises:
        BundleError: `bundle.malformed`, when its plan can't be evaluated.
    """

    def __init__(self, bundle: Bundle, gateway: Gateway, max_steps: int | None = None) -> None:
        self.revision = bundle.revision
        self.digest = f"sha256:{bundle.digest}"
        self._gateway = gateway
        try:
            self._policy = Policy.load(
                bundle.plan, dict(bundle.data), max_steps=max_steps or gateway.max_steps, tracing=False
            ).prepare()
        except PlanError as error:
            raise BundleError("bundle.malformed", f"{bundle.revision} can't be evaluated: {error}") from None
        self._reads = {name: self._policy.reads(name).paths for name in self._policy.entrypoints}
        self._keys, self._effects = Keys(gateway.reads), Memory[Effect](_MAX_ANSWERS)
        # A policy that tells the time or reaches out must be asked every time.
        self._known: dict[str, tuple[Keys, Memory[Answer]]] = {}
        if self._policy.pure:
            self._known = {name: (Keys(paths), Memory(_MAX_ANSWERS)) for name, paths in self._reads.items()}

    @property
    def reads(self) -> frozenset[Path] | None:
        """The paths of a question that its effect can depend on; None where it depends on more than that."""
        if not self._policy.pure:
            return None
        return frozenset(self._gateway.reads).union(*self._reads.values())

    @property
    def pure(self) -> bool:
        """Whether the same question always has the same answer: it tells no time and reaches nowhere."""
        return self._policy.pure

    def effect(self, question: Mapping[str, Any], path: str) -> Effect:
        """What would become of a request; arguments as for `answers`."""
        return self._obeyed(question, self.answers(question, path))

    def answers(self, question: Mapping[str, Any], path: str) -> list[Answer]:
        """What it says at each entrypoint, in the order in which a gateway asks.

        Args:
            question: what the entrypoint `path` was asked.
            path: the entrypoint that was asked last; admission comes before a request.
        """
        answers = []
        if path == REQUEST:
            answers.append(self._answer(ADMISSION, without_content(question)))
        answers.append(self._answer(path, question))
        return answers

    def _obeyed(self, question: Mapping[str, Any], answers: list[Answer]) -> Effect:
        """What the answers come to: many questions have the same answers, and few effects there are."""
        try:
            key = orjson.dumps([(answer.entrypoint, answer.value, answer.code) for answer in answers])
        except TypeError:  # a number that no double holds
            return self._gateway.effect(question, answers)
        key += self._keys.of(question)
        effect = self._effects.get(key)
        if effect is None:
            effect = self._gateway.effect(question, answers)
            self._effects.keep(key, effect, len(str(effect)))
        return effect

    def _answer(self, entrypoint: str, question: Mapping[str, Any]) -> Answer:
        known = self._known.get(entrypoint)
        if known is None:
            return self._evaluate(entrypoint, question)
        keys, memory = known
        key = keys.of(question)
        answer = memory.get(key)
        if answer is None:
            answer = self._evaluate(entrypoint, question)
            memory.keep(key, answer, _size(answer))
        return answer

    def _evaluate(self, entrypoint: str, question: Mapping[str, Any]) -> Answer:
        if entrypoint not in self._reads:
            return Answer(entrypoint, code="engine.undefined")
        now_ns = None if self._policy.pure else _time_ns(question)
        try:
            result = self._policy.evaluate(entrypoint, question, now_ns=now_ns)
        except EvaluationError as error:
            code = "engine.budget_exceeded" if error.code in _EXHAUSTED else "engine.error"
            return Answer(entrypoint, code=code)
        if not result.defined:
            return Answer(entrypoint, code="engine.undefined")
        return Answer(entrypoint, result.value)


def without_content(question: Mapping[str, Any]) -> Mapping[str, Any]:
    """The question as admission saw it: the request's adds facts about the content and changes nothing."""
    context = question.get("context")
    if type(context) is not dict or "content" not in context:
        return question
    return {**question, "context": {name: context[name] for name in context if name != "content"}}


def _time_ns(question: Mapping[str, Any]) -> int | None:
    """The time that the question names, which is when it was asked; None where it names none."""
    try:
        return int(datetime.fromisoformat(question["context"]["time"]).timestamp()) * _SECOND_NS
    except (KeyError, TypeError, ValueError):
        return None


def _size(answer: Answer) -> int:
    """Bytes of an answer as JSON; more than any memory has for what can't be written."""
    try:
        return len(orjson.dumps(answer.value))
    except TypeError:
        return 1 << 62
