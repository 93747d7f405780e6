"""Fits a plan to the data that it is loaded with: what the data rules out is never asked.

Most rules of a library are driven by a table, and most tables of a house are empty.
A rule without its table can't come to a result, whatever the question;
nor can what rests on that rule alone, and what of the input they would look at need not be gathered.
Everything is found from callees to callers, once: Rego has no recursion.
Functions that may be asked about other data, by `with data.x as y`, stay whole, and so does all that they call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rego import plan as p
from rego.optimize.asking import ASKED
from rego.optimize.bodies import Bodies, asked_elsewhere, callees_first, reachable
from rego.optimize.effects import TOTAL, UNKNOWN, Summary
from rego.optimize.folding import folded
from rego.optimize.prepare import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from rego.optimize.known import Known
    from rego.values import Value

_NONE: Final = Prepared((), {})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan is fitted to.

    Args:
        data: The base documents.
        plain: The builtins that are functions of their operands alone, by name.
        given: The names of those that the host implements.
        tracing: Whether rules that give a result are noted.
    """

    data: Mapping[str, Any]
    plain: Mapping[str, Callable[..., Any]]
    given: Container[str]
    tracing: bool


def specialised(plan: p.Plan, found: Bodies, around: Surroundings) -> Bodies:
    """Return what a plan does over known data.

    Args:
        plan: The plan.
        found: What it does over any data.
        around: What it is fitted to.
    """
    world = _World(plan, found, around)
    for number in callees_first(plan, found):
        world.fold(number)
    entrypoints = tuple(folded(world, body, (p.INPUT, p.DATA), None)[0] for body in found.entrypoints)
    live = reachable(plan, world.left, entrypoints)
    pairs = zip(plan.functions, world.left, strict=True)
    return Bodies(tuple(left if function.name in live else _NONE for function, left in pairs), entrypoints)


class _World:
    """What the functions need to know of each other."""

    def __init__(self, plan: p.Plan, found: Bodies, around: Surroundings) -> None:
        self.plan = plan
        self.found = found
        self.around = around
        self.data = around.data
        self.tracing = around.tracing
        self.numbers = {function.name: number for number, function in enumerate(plan.functions)}
        self.left = list(found.functions)
        self.summaries: dict[str, Summary] = {}
        self.whole = asked_elsewhere(plan, found)

    def fold(self, number: int) -> None:
        """Find what is left of a function whose callees are known."""
        function = self.plan.functions[number]
        if function.name not in self.whole:
            self.left[number], self.summaries[function.name] = folded(
                self, self.found.functions[number], function.params, function.result
            )

    def summary(self, call: p.Call) -> Summary | None:
        number = self.numbers.get(call.func)
        if number is None:
            return None
        fits = len(self.plan.functions[number].params) == len(call.args)
        return self.summaries.get(call.func, UNKNOWN) if fits else UNKNOWN

    def rules(self, path: Sequence[Known]) -> tuple[list[Summary], bool]:
        found = []
        for function in self.plan.functions:
            if len(function.path) == len(path) > 0 and len(function.params) == p.RULE_PARAMS:
                steps = zip(path, function.path, strict=True)
                if all(known.values is None or step in known.values for known, step in steps):
                    found.append(self.summaries.get(function.name, UNKNOWN))
        count = 1
        for known in path:
            count *= len(known.values or ()) if known.defined else 0
        return found, bool(found) and len(found) == count

    def builtin(self, call: p.Call) -> Callable[..., Value] | None:
        ours = ASKED.get(call.func) == len(call.args) and call.func not in self.around.given
        return self.around.plain.get(call.func) if ours else None

    def is_quiet(self, call: p.Call) -> bool:
        summary = self.summary(call)
        if summary is not None:
            return summary.quiet
        return call.func in TOTAL and self.builtin(call) is not None

    def is_void(self, name: str) -> bool:
        declared = self.plan.builtins.get(name)
        return declared is not None and declared.void
