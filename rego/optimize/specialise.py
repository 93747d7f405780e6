"""Fits a plan to the data that it is loaded with: what the data rules out is never asked.

Most rules of a library are driven by a table, and most tables of a house are empty.
A rule without its table can't come to a result, whatever the question;
nor can what rests on that rule alone, and what of the input they would look at need not be gathered.
Everything is found from callees to callers, once: Rego has no recursion.
Functions that may be asked about other data (`with data.x as y`, and all that is called from there) stay whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rego import plan as p
from rego.flow import blocks_of, walk, writes
from rego.optimize.asking import ASKED
from rego.optimize.effects import TOTAL, UNKNOWN, Summary
from rego.optimize.folding import folded

from rego.optimize.prepare import Prepared, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from rego.optimize.known import Known
    from rego.values import Value

_NONE = Prepared((), {})


@dataclass(frozen=True, slots=True)
class Bodies:
    """What the functions and the entrypoints of a plan do, in the plan's order.

    Args:
        functions: The functions; those that nothing calls any more have nothing in them.
        entrypoints: The entrypoints.
    """

    functions: tuple[Prepared, ...]
    entrypoints: tuple[Prepared, ...]


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


def bodies(plan: p.Plan) -> Bodies:
    """Return what a plan does over any data, in the form that is fastest to run."""
    return Bodies(
        tuple(prepared(found.blocks, found.params, found.result) for found in plan.functions),
        tuple(prepared(found.blocks, (p.INPUT, p.DATA), None) for found in plan.entrypoints),
    )


def specialised(plan: p.Plan, found: Bodies, around: Surroundings) -> Bodies:
    """Return what a plan does over known data.

    Args:
        plan: The plan.
        found: What it does over any data.
        around: What it is fitted to.
    """
    world = _World(plan, found, around)
    for number in _callees_first(plan, found):
        world.fold(number)
    entrypoints = [folded(world, body, (p.INPUT, p.DATA), None)[0] for body in found.entrypoints]
    live = reachable(plan, world.left, entrypoints)
    functions = (left if function.name in live else _NONE for function, left in zip(plan.functions, world.left, strict=True))
    return Bodies(tuple(functions), tuple(entrypoints))


def are_alike(one: Bodies, other: Bodies) -> bool:
    """Tell whether two are the same code: of constants, too, where Python calls `1` and `true` equal."""
    return one == other and _constants(one) == _constants(other)


def _constants(found: Bodies) -> str:
    return repr([body.constants for body in (*found.functions, *found.entrypoints)])


def reachable(plan: p.Plan, functions: Sequence[Prepared], start: Iterable[Prepared]) -> set[str]:
    """Return the names of the functions that may be called, at once or by others."""
    numbers = {function.name: number for number, function in enumerate(plan.functions)}
    found: set[str] = set()
    rest = [body.blocks for body in start]
    while rest:
        for s in walk(rest.pop()):
            for name in _called(plan, s):
                if name in numbers and name not in found:
                    found.add(name)
                    rest.append(functions[numbers[name]].blocks)
    return found


def _called(plan: p.Plan, s: p.Statement) -> Iterable[str]:
    """Return the names of what a statement may call."""
    if isinstance(s, p.Call):
        return (s.func,)
    if isinstance(s, p.CallDynamic):
        return [function.name for function in plan.functions if p.may_mean(s.path, function.path)]
    return ()


def _callees_first(plan: p.Plan, found: Bodies) -> Iterator[int]:
    numbers = {function.name: number for number, function in enumerate(plan.functions)}
    calls = [
        {numbers[name] for s in walk(body.blocks) for name in _called(plan, s) if name in numbers}
        for body in found.functions
    ]
    done: set[int] = set()
    for start in range(len(calls)):
        rest = [] if start in done else [(start, iter(calls[start]))]
        done.add(start)
        while rest:
            number, callees = rest[-1]
            callee = next((each for each in callees if each not in done), None)
            if callee is None:
                rest.pop()
                yield number
            else:  # a dynamic call may mean its own caller: of that one nothing is known then
                done.add(callee)
                rest.append((callee, iter(calls[callee])))


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
        self.whole = _elsewhere(plan, found)

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


def _elsewhere(plan: p.Plan, found: Bodies) -> set[str]:
    """Return the names of the functions that may be asked about other data than what is known."""
    params = [*(function.params for function in plan.functions), *((p.INPUT, p.DATA) for _ in plan.entrypoints)]
    start: list[p.Statement] = []
    for body, (_, data, *_rest) in zip((*found.functions, *found.entrypoints), params, strict=True):
        statements = walk(body.blocks)
        if any(data in writes(s) and not isinstance(s, p.With) for s in statements):
            start += statements
        for s in statements:
            if isinstance(s, p.With) and s.local == data:
                start += walk(blocks_of(s))
            elif isinstance(s, p.Call | p.CallDynamic) and not _is_about(s.args, data):
                start.append(s)
    return reachable(plan, found.functions, [Prepared((p.Block(tuple(start)),), {})])


def _is_about(args: tuple[p.Operand, ...], data: p.Local) -> bool:
    """Tell a call about the data; a constant true is no local 1."""
    return len(args) > p.DATA and type(args[p.DATA]) is int and args[p.DATA] == data
