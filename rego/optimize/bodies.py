"""What the functions of a plan do, prepared when it is first asked for, and which of them call which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rego import plan as p
from rego.flow import blocks_of, walk, writes
from rego.optimize.prepare import Prepared, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Bodies:
    """What functions and entrypoints of a plan do.

    Args:
        functions: The functions, by number, in the plan's order; those that nothing calls may be missing.
        entrypoints: The entrypoints, by name.
    """

    functions: Mapping[int, Prepared]
    entrypoints: Mapping[str, Prepared]


class Names:
    """What the calls in a plan may mean.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: p.Plan) -> None:
        self.plan = plan
        #: The numbers of the functions.
        self.numbers = {function.name: number for number, function in enumerate(plan.functions)}

    @cached_property
    def _at_depth(self) -> Mapping[int, list[tuple[int, p.Function]]]:
        found: dict[int, list[tuple[int, p.Function]]] = {}
        for number, function in enumerate(self.plan.functions):
            found.setdefault(len(function.path), []).append((number, function))
        return found

    def at_depth(self, steps: int) -> Sequence[tuple[int, p.Function]]:
        """Return the functions whose paths have so many steps; none for 0, which is no path."""
        return self._at_depth.get(steps, ()) if steps else ()

    def called(self, s: p.Statement) -> Iterable[str]:
        """Return the names of what a statement may call: functions and builtins."""
        if isinstance(s, p.Call):
            return (s.func,)
        if isinstance(s, p.CallDynamic):
            candidates = self.at_depth(len(s.path))
            return [function.name for _, function in candidates if p.may_mean(s.path, function.path)]
        return ()


class Whole:
    """What a plan does over any data, in the form that is fastest to run.

    Shared by threads: two may prepare the same function at the same time, and either may keep it.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: p.Plan) -> None:
        self.plan = plan
        self.names = Names(plan)
        self._asked = {found.name: found for found in plan.entrypoints}
        self._entrypoints: dict[str, Prepared] = {}
        self._functions: dict[int, Prepared] = {}

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """The names of the functions that may be asked about other data than the policy's own."""
        return asked_elsewhere(self.names)

    def entrypoint(self, name: str) -> Prepared:
        """Return what an entrypoint does."""
        known = self._entrypoints.get(name)
        if known is None:
            known = self._entrypoints[name] = prepared(self._asked[name].blocks, (p.INPUT, p.DATA), None)
        return known

    def function(self, number: int) -> Prepared:
        """Return what a function does."""
        known = self._functions.get(number)
        if known is None:
            found = self.plan.functions[number]
            known = self._functions[number] = prepared(found.blocks, found.params, found.result)
        return known

    def bodies(self, entrypoint: str | None = None) -> Bodies:
        """Return what an entrypoint does, and all that it may call; everything in the plan without one."""
        if entrypoint is None:
            every = {number: self.function(number) for number in range(len(self.plan.functions))}
            return Bodies(every, {name: self.entrypoint(name) for name in self._asked})
        return with_called(self.names, entrypoint, self.entrypoint(entrypoint), self.function)


def with_called(names: Names, name: str, entrypoint: Prepared, function: Callable[[int], Prepared]) -> Bodies:
    """Return an entrypoint with all that it may call, at once or by others.

    Args:
        names: What calls may mean.
        name: The entrypoint's name.
        entrypoint: What it does.
        function: Gives what a function does, by its number.
    """
    live = reachable(names, lambda number: function(number).blocks, walk(entrypoint.blocks))
    return Bodies({number: function(number) for number in sorted(live.values())}, {name: entrypoint})


def are_alike(one: Bodies, other: Bodies) -> bool:
    """Tell whether two are the same code: in constants, too, where Python calls `1` and `true` equal."""
    return one == other and _constants(one) == _constants(other)


def _constants(found: Bodies) -> str:
    return repr([body.constants for body in (*found.functions.values(), *found.entrypoints.values())])


def reachable(
    names: Names, blocks: Callable[[int], Iterable[p.Block]], start: Iterable[p.Statement]
) -> dict[str, int]:
    """Return the names of the functions that may be called, at once or by others, with their numbers.

    Args:
        names: What calls may mean.
        blocks: Gives the blocks of a function by its number.
        start: Where the first calls are.
    """
    found: dict[str, int] = {}
    rest = [list(start)]
    while rest:
        for s in rest.pop():
            for name in names.called(s):
                if name in names.numbers and name not in found:
                    found[name] = names.numbers[name]
                    rest.append(walk(blocks(names.numbers[name])))
    return found


def asked_elsewhere(names: Names) -> frozenset[str]:
    """Return the names of the functions that may be asked about other data than the policy's own.

    Those are all that can be reached from `with data.x as y`, or from a call that passes on anything else.
    """
    plan = names.plan
    bodies = [(found.blocks, found.params[p.DATA]) for found in plan.functions]
    bodies += [(found.blocks, p.DATA) for found in plan.entrypoints]
    start: list[p.Statement] = []
    for blocks, data in bodies:
        statements = walk(blocks)
        for s in statements:
            if isinstance(s, p.Call | p.CallDynamic):
                if not _is_about(s.args, data):
                    start.append(s)
            elif isinstance(s, p.With) and s.local == data:
                start += walk(blocks_of(s))
            elif data in writes(s):
                start += statements
    return frozenset(reachable(names, lambda number: plan.functions[number].blocks, start))


def _is_about(args: tuple[p.Operand, ...], data: p.Local) -> bool:
    """Tell a call about the data; a constant true is no local 1."""
    return len(args) > p.DATA and type(args[p.DATA]) is int and args[p.DATA] == data
