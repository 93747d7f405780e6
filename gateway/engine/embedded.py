"""The policy engine inside the process: evaluates a bundle's compiled plan; knows plans and no rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.engine.memory import Memory
from gateway.errors import EngineError, SettingsError
from gateway.ports import Ruling
from gateway.types import FiredRule
from rego import EvaluationError, PlanError, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bundles.bundle import Bundle
    from rego import Location

MAX_STEPS = 200_000
"""How much work one decision may be, because nobody else is served meanwhile; the shipped policies take 80.

A step stands for about a tenth of a microsecond: of a loop, of a call that is not remembered, of what
built-ins make or look through, and of costly built-ins. 200,000 of them took 10 to 150 ms,
whatever was in the loop (`rego/codegen/charges.py`).
"""

_EXHAUSTED = frozenset({"eval_budget_exceeded", "eval_depth_exceeded"})

MAX_SETS = 4096
"""Sets of rules that are remembered with their names."""


class EmbeddedEngine:
    """`PolicyEngine` over one bundle, which is active as long as the engine lives.

    Args:
        bundle: a bundle that was read and checked.
        like: an engine whose compiled plan is used where the bundle has the same: where only data changed.

    Raises:
        SettingsError: its plan or data can't be used.
    """

    name = "embedded"

    def __init__(self, bundle: Bundle, like: EmbeddedEngine | None = None) -> None:
        try:
            if like is not None and like.plan == bundle.plan:
                self._policy = like.policy_over(dict(bundle.data))
            else:
                self._policy = Policy.load(bundle.plan, dict(bundle.data), max_steps=MAX_STEPS)
            self._policy.prepare()  # nobody's request shall wait for it
        except PlanError as error:
            raise SettingsError(f"bundle {bundle.revision} can't be evaluated: {error}") from error
        if not self._policy.entrypoints:
            raise SettingsError(f"bundle {bundle.revision} has no entrypoint: nothing could be asked")
        self.plan: bytes = bundle.plan
        self._revision = bundle.revision
        self._digest = f"sha256:{bundle.digest}"
        # Never another bundle's, not even for the same plan: the data may let other rules run, and an answer
        # would be remembered by less than it depends on.
        reads = {name: self._policy.reads(name) for name in self._policy.entrypoints}
        self._reads = {name: found.paths for name, found in reads.items()}
        # A policy that tells the time or reaches out must be asked every time,
        # and so must one that chooses by the question what of the question it reads.
        self._memories = {
            name: Memory(found.paths)
            for name, found in reads.items()
            if self._policy.pure and not found.dynamic
        }
        self._known: dict[tuple[str, tuple[str, ...]], bool] = {}
        # By identity, because a location is hashed in Python; the policy keeps its locations alive.
        self._fired: dict[tuple[int, ...], tuple[FiredRule, ...]] = {}
        self._named = {
            str(rule["file"]): rule for rule in bundle.manifest.get("metadata", {}).get("rules", ())
        }

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        """Evaluate `entrypoint`.

        Raises:
            EngineError: `engine.undefined` if the rule has no value or the plan no such entrypoint,
                `engine.budget_exceeded` if the evaluation is too much work or too deep, `engine.error` if it
                fails otherwise.
        """
        if entrypoint not in self._reads:
            raise EngineError("engine.undefined", f"the plan has no entrypoint {entrypoint!r:.200}")
        memory = self._memories.get(entrypoint)
        if memory is None:
            return self._evaluate(entrypoint, document)
        try:
            key = memory.key(document)
        except TypeError as error:
            raise EngineError("engine.error", f"the question is not JSON: {error!s:.200}") from None
        answer = memory.recall(key)
        if answer is None:
            answer = self._evaluate(entrypoint, document)
            memory.keep(key, answer)
        return answer

    def _evaluate(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        try:
            result = self._policy.evaluate(entrypoint, document)
        except EvaluationError as error:
            code = "engine.budget_exceeded" if error.code in _EXHAUSTED else "engine.error"
            raise EngineError(code, f"{error!s:.500}") from None
        if not result.defined:
            raise EngineError("engine.undefined", f"{entrypoint} has no value")
        return Ruling(result.value, self._revision, self._digest, self._rules(result.fired))

    def policy_over(self, data: dict[str, Any]) -> Policy:
        """The same policy over other data, compiled anew only if other rules can run over that.

        Raises:
            PlanError: the data isn't JSON.
        """
        return self._policy.with_data(data)

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        """Whether the plan may read `path`, a part of it, or a whole that it belongs to."""
        known = self._known.get((entrypoint, path))
        if known is None:
            found = self._reads.get(entrypoint)
            known = found is None or any(read[: len(path)] == path[: len(read)] for read in found)
            self._known[entrypoint, path] = known
        return known

    async def close(self) -> None:
        """There is nothing to release."""

    def _rules(self, fired: tuple[Location, ...]) -> tuple[FiredRule, ...]:
        """What fired, one file's lines together. The same few sets come up again."""
        key = tuple(map(id, fired))
        rules = self._fired.get(key)
        if rules is None:
            rows: dict[str, set[int]] = {}
            for location in fired:
                rows.setdefault(location.file, set()).add(location.row)
            rules = tuple(self._rule(file, found) for file, found in sorted(rows.items()))
            if len(self._fired) >= MAX_SETS:
                self._fired.clear()
            self._fired[key] = rules
        return rules

    def _rule(self, file: str, rows: set[int]) -> FiredRule:
        named = self._named.get(file, {})
        at = f"{file}:{','.join(map(str, sorted(rows)))}"
        return FiredRule(named.get("id", file), at, tuple(named.get("controls", ())))
