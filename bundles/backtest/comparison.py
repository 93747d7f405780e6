"""Two bundles asked the same recorded question; remembers pairs, so that most questions cost one lookup."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundles.backtest.effect import difference
from bundles.backtest.memory import Keys, Memory
from bundles.backtest.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bundles.backtest.effect import Difference, Effect, Gateway
    from bundles.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Compared:
    """What two bundles make of one question.

    Args:
        before: what the active bundle makes of it.
        difference: how the candidate's differs; None if it doesn't.
    """

    before: Effect
    difference: Difference | None


class Comparison:
    """The candidate beside the bundle that it would replace.

    Both are always asked, also where the log has the active bundle's own decision: a record tells what became
    of a request, for whatever reason, and not what the policy said at each entrypoint.

    Args:
        active: the bundle to compare with.
        candidate: the bundle that is tried.
        gateway: how both are obeyed.

    Raises:
        BundleError: `bundle.malformed`, when a plan can't be evaluated.
    """

    def __init__(self, active: Bundle, candidate: Bundle, gateway: Gateway) -> None:
        self.active = Replay(active, gateway)
        self.candidate = Replay(candidate, gateway)
        ours, theirs = self.active.reads, self.candidate.reads
        self._keys = None if ours is None or theirs is None else Keys(ours | theirs)
        self._memory: Memory[Compared] = Memory()

    def compare(self, question: Mapping[str, Any], path: str) -> Compared:
        """Ask both.

        Args:
            question: what the entrypoint `path` was asked.
            path: the entrypoint that was asked last.
        """
        if self._keys is None:
            return self._ask(question, path)
        key = path.encode() + self._keys.of(question)
        known = self._memory.get(key)
        if known is None:
            known = self._ask(question, path)
            found = known.difference
            self._memory.keep(key, known, len(str(known.before)) + (len(str(found.after)) if found else 0))
        return known

    def _ask(self, question: Mapping[str, Any], path: str) -> Compared:
        before, after = self.active.effect(question, path), self.candidate.effect(question, path)
        return Compared(before, difference(before, after))
