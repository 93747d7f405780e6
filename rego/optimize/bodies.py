"""What the functions of a plan do, prepared when it is first asked for, and which of them call which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rego import plan as p
from rego.flow import blocks_of, walk, writes
from rego.optimize.prepare import Prepared, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Bodies:
    """What the functions and the entrypoints of a plan do, in the plan's order.

    Args:
        functions: The functions; those that nothing calls may have nothing in them.
        entrypoints: The entrypoints.
    """

    functions: tuple[Prepared, ...]
    entrypoints: tuple[Prepared, ...]


class Whole:
    """What a plan does over any data, in the form that is fastest to run.

    Shared by threads: two may prepare the same function at the same time, and either may keep it.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: p.Plan) -> None:
        self.plan = plan
        self.elsewhere = asked_elsewhere(plan)
        self.entrypoints = tuple(
            prepared(found.blocks, (p.INPUT, p.DATA), None) for found in plan.entrypoints
        )
        self._functions: dict[int, Prepared] = {}

    def function(self, number: int) -> Prepared:
        """Return what a function does."""
        known = self._functions.get(number)
        if known is None:
            found = self.plan.functions[number]
            known = self._functions[number] = prepared(found.blocks, found.params, found.result)
        return known

    def bodies(self) -> Bodies:
        """Return what everything in the plan does."""
        return Bodies(tuple(map(self.function, range(len(self.plan.functions)))), self.entrypoints)


def are_alike(one: Bodies, other: Bodies) -> bool:
    """Tell whether two are the same code: in constants, too, where Python calls `1` and `true` equal."""
    return one == other and _constants(one) == _constants(other)


def _constants(found: Bodies) -> str:
    return repr([body.constants for body in (*found.functions, *found.entrypoints)])


def reachable(
    plan: p.Plan, blocks: Callable[[int], Iterable[p.Block]], start: Iterable[p.Statement]
) -> dict[str, int]:
    """Return the names of the functions that may be called, at once or by others, with their numbers.

    Args:
        plan: The plan.
        blocks: Gives the blocks of a function by its number.
        start: Where the first calls are.
    """
    numbers = {function.name: number for number, function in enumerate(plan.functions)}
    found: dict[str, int] = {}
    rest = [list(start)]
    while rest:
        for s in rest.pop():
            for name in called(plan, s):
                if name in numbers and name not in found:
                    found[name] = numbers[name]
                    rest.append(walk(blocks(numbers[name])))
    return found


def called(plan: p.Plan, s: p.Statement) -> Iterable[str]:
    """Return the names of what a statement may call: functions and builtins."""
    if isinstance(s, p.Call):
        return (s.func,)
    if isinstance(s, p.CallDynamic):
        return [function.name for function in plan.functions if p.may_mean(s.path, function.path)]
    return ()


def asked_elsewhere(plan: p.Plan) -> frozenset[str]:
    """Return the names of the functions that may be asked about other data than the policy's own.

    Those are all that can be reached from `with data.x as y`, or from a call that passes on anything else.
    """
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
    return frozenset(reachable(plan, lambda number: plan.functions[number].blocks, start))


def _is_about(args: tuple[p.Operand, ...], data: p.Local) -> bool:
    """Tell a call about the data; a constant true is no local 1."""
    return len(args) > p.DATA and type(args[p.DATA]) is int and args[p.DATA] == data
