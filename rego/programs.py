"""Compiles the entrypoints of a policy when they are first asked; knows nothing of inputs or of answers.

Most of what a plan holds is never asked over the data that it is loaded with, and a host may ask one
entrypoint of five: so nothing is fitted or compiled before somebody needs it, or says so (`prepare`).
What has been compiled never changes. One thread compiles, others that ask for the same wait for it.
"""

from __future__ import annotations

from threading import RLock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rego import plan as p
from rego.collector import resting
from rego.compiler import Program, Ready, compiled
from rego.errors import PlanError
from rego.flow import walk
from rego.optimize import Bodies, Fitting, are_alike
from rego.runtime import NOT_COMPUTED, data_index

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Asked(NamedTuple):
    """An entrypoint that can be asked.

    Args:
        run: Takes input, data, memo, state and fired rules.
        memo: The memo that an evaluation starts with a copy of: it knows the data, and nothing of the input.
        program: What it belongs to.
    """

    run: Callable[..., None]
    memo: list[Any]
    program: Program


class Programs:
    """What a policy does over its data, by entrypoint.

    Args:
        ready: The plan, checked.
        data: The base documents.
        specialise: Whether what can't happen over them is left out.
        before: Programs of the same plan over other data: one that would come out the same is taken.
    """

    def __init__(
        self,
        ready: Ready,
        data: Mapping[str, Any],
        *,
        specialise: bool,
        before: Mapping[str, Program] | None = None,
    ) -> None:
        #: The entrypoints that were asked. Whoever finds one here needs no lock.
        self.asked: Final[dict[str, Asked]] = {}
        self._ready = ready
        self._data = data
        self._specialise = specialise
        self._before: dict[str, Program] = dict(before or {})
        self._fitting: Fitting | None = None
        self._left: dict[str, Bodies] = {}
        self._called: frozenset[str] | None = None
        self._names = frozenset(found.name for found in ready.plan.entrypoints)
        self._lock = RLock()

    def over(self, data: Mapping[str, Any]) -> Programs:
        """Return the same over other data."""
        with self._lock:
            before = self._before | {name: found.program for name, found in self.asked.items()}
        return Programs(self._ready, data, specialise=self._specialise, before=before)

    def ask(self, entrypoint: str) -> Asked:
        """Return an entrypoint, compiled.

        Raises:
            PlanError: `plan.unknown_entrypoint`; `plan.too_deep`, if it is nested deeper than Python can
                compile.
        """
        found = self.asked.get(entrypoint)
        if found is not None:
            return found
        with self._lock:
            if entrypoint not in self.asked:
                program = self._program(entrypoint)
                memo = _memo(program, self._data)
                self.asked[entrypoint] = Asked(program.entrypoints[entrypoint], memo, program)
                self._before.pop(entrypoint, None)
            return self.asked[entrypoint]

    def bodies(self, entrypoint: str) -> Bodies:
        """Return what an entrypoint does over the data, and the functions that it may call.

        Raises:
            PlanError: `plan.unknown_entrypoint`.
        """
        if entrypoint not in self._names:
            raise PlanError("plan.unknown_entrypoint", f"the plan has no entrypoint {entrypoint!r}")
        with self._lock:
            found = self._left.get(entrypoint)
            if found is None:
                found = self._left[entrypoint] = self._found(entrypoint)
                if len(self._left) == len(self._names):
                    self._fitting = None  # nothing is left to be fitted
            return found

    def called(self) -> frozenset[str]:
        """Return the names of the builtins that any entrypoint may call over the data."""
        declared = self._ready.plan.builtins.keys()
        if not self._specialise:
            return frozenset(declared)
        with self._lock:
            if self._called is None:
                every: dict[int, p.Block] = {}  # entrypoints share most of what they call
                for left in map(self.bodies, self._names):
                    for body in (*left.functions.values(), *left.entrypoints.values()):
                        every.update((id(block), block) for block in body.blocks)
                calls = {s.func for s in walk(every.values()) if isinstance(s, p.Call)}
                self._called = frozenset(calls & declared)
            return self._called

    def _found(self, entrypoint: str) -> Bodies:
        if not self._specialise:
            return self._ready.whole.bodies(entrypoint)
        if self._fitting is None:
            self._fitting = self._ready.fitting(self._data)
        with resting():
            return self._fitting.bodies(entrypoint)

    def _program(self, entrypoint: str) -> Program:
        left = self.bodies(entrypoint)
        before = self._before.get(entrypoint)
        if before is not None and (not self._specialise or are_alike(before.bodies, left)):
            return before
        with resting():
            return compiled(self._ready, left)


def _memo(program: Program, data: Mapping[str, Any]) -> list[Any]:
    memo: list[Any] = [NOT_COMPUTED] * program.places
    for place, path in program.data_paths.items():
        memo[place] = _at(data, path)
    return memo


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        data = data_index(data, step)
    return data
