"""Fits a plan to the data that it is loaded with: what the data rules out is never asked.

Most rules of a library are driven by a table, and most tables of a house are empty.
A rule without its table can't come to a result, whatever the question;
nor can what rests on that rule alone, and what of the input they would look at need not be gathered.
What is known of a function is found before what is known of its callers, once: Rego has no recursion.
Functions that may be asked about other data, by `with data.x as y`, stay whole, with all that they call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rego import plan as p
from rego.optimize.asking import ASKED
from rego.optimize.bodies import Bodies, Whole, with_called
from rego.optimize.effects import TOTAL, UNKNOWN, Summary
from rego.optimize.folding import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

    from rego.optimize.known import Known
    from rego.optimize.prepare import Prepared
    from rego.values import Value


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


class Fitting:
    """What a plan does over known data, found when it is asked for; what its functions know of each other.

    A function is read when a call of it is met that may happen: what is dead is not even looked at.
    Whoever has met some begins anew when they are known. Not for several threads at once.

    Args:
        whole: What it does over any data.
        around: What it is fitted to.
    """

    def __init__(self, whole: Whole, around: Surroundings) -> None:
        self.whole = whole
        self.plan = whole.plan
        self.around = around
        self.data = around.data
        self.tracing = around.tracing
        self.names = whole.names
        self.known: dict[int, tuple[Prepared, Summary]] = {}
        self.begun: dict[int, Folder] = {}
        self.missing: list[int] = []

    def bodies(self, name: str) -> Bodies:
        """Return what is left of an entrypoint, and of all that it may call."""
        folder = Folder(self, self.whole.entrypoint(name), (p.INPUT, p.DATA), None)
        while (left := folder.folded()) is None:
            self.fold(self.taken())
        return with_called(self.names, name, left[0], self.left)

    def fold(self, waiting: list[int]) -> None:
        """Find what is left of functions, and of those that they call.

        A stack of our own takes the place of calls: rules nest deeper than Python may.
        """
        while waiting:
            number = waiting[-1]
            if number in self.known:
                waiting.pop()
                continue
            if number not in self.begun:
                function = self.plan.functions[number]
                self.begun[number] = Folder(
                    self, self.whole.function(number), function.params, function.result
                )
            left = self.begun[number].folded()
            if left is None:
                waiting += self.taken()
            else:
                self.known[number] = left
                del self.begun[number]  # it knows this world: the two would wait for a full collection

    def taken(self) -> list[int]:
        """Return what was missing, once."""
        found, self.missing = self.missing, []
        return found

    def left(self, number: int) -> Prepared:
        """Return what is left of a function."""
        if self.plan.functions[number].name in self.whole.elsewhere:
            return self.whole.function(number)
        if number not in self.known:
            self.fold([number])
        return self.known[number][0]

    def about(self, number: int) -> Summary:
        """Return what is known of a function; nothing of one that a dynamic call makes its own caller."""
        found = self.known.get(number)
        if found is not None:
            return found[1]
        if number in self.begun or self.plan.functions[number].name in self.whole.elsewhere:
            return UNKNOWN
        self.missing.append(number)
        return UNKNOWN

    def summary(self, call: p.Call) -> Summary | None:
        """Return what is known of the function of the plan that is called; None where it is none."""
        number = self.names.numbers.get(call.func)
        if number is None:
            return None
        fits = len(self.plan.functions[number].params) == len(call.args)
        return self.about(number) if fits else UNKNOWN

    def rules(self, path: Sequence[Known]) -> tuple[list[Summary], bool]:
        """Return what is known of the rules that a path may mean, and whether it always means one."""
        found = []
        for number, function in self.names.at_depth(len(path)):
            pairs = zip(path, function.path, strict=True)
            if len(function.params) == p.RULE_PARAMS and all(
                known.values is None or step in known.values for known, step in pairs
            ):
                found.append(self.about(number))
        count = 1
        for known in path:
            count *= len(known.values or ()) if known.defined else 0
        return found, bool(found) and len(found) == count

    def named(self, path: Sequence[Known]) -> str | None:
        """Return the name of the one rule that a path means; None where that is not known."""
        steps = tuple(
            known.values[0]
            for known in path
            if known.defined and known.values is not None and len(known.values) == 1
        )
        if len(steps) != len(path):
            return None
        found = [
            function.name
            for _, function in self.names.at_depth(len(path))
            if function.path == steps and len(function.params) == p.RULE_PARAMS
        ]
        return found[0] if len(found) == 1 else None

    def builtin(self, call: p.Call) -> Callable[..., Value] | None:
        """Return the builtin of ours that is called, where it may be asked beforehand."""
        ours = ASKED.get(call.func) == len(call.args) and call.func not in self.around.given
        return self.around.plain.get(call.func) if ours else None

    def is_quiet(self, call: p.Call) -> bool:
        """Tell a call that does nothing but find its value, and never fails."""
        summary = self.summary(call)
        if summary is not None:
            return summary.quiet
        return call.func in TOTAL and self.builtin(call) is not None

    def is_void(self, name: str) -> bool:
        """Tell a builtin that gives no value."""
        declared = self.plan.builtins.get(name)
        return declared is not None and declared.void
