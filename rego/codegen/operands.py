"""What is known of a function's locals, and how they are written; knows no statement."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from rego import flow, nodes
from rego import plan as p
from rego.codegen.blocks import BlockWriter
from rego.optimize.kinds import kind_of
from rego.values import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rego.codegen.scope import Scope
    from rego.errors import Location
    from rego.optimize.prepare import Prepared

_ROOM: Final = 300  # statements of others that are written in one function: code must not grow without end
_SMALL: Final = 2**63  # what is larger is one constant of the plan, not a literal in each place


class OperandWriter(BlockWriter):
    """Writes the operands of one function's statements.

    Args:
        scope: The names outside it.
        prepared: Its optimised form.
        params: Its parameters.
        result: The local that it returns; None for an entrypoint.
        containing: Whether other functions may be written here instead of their calls.
    """

    def __init__(
        self,
        scope: Scope,
        prepared: Prepared,
        params: tuple[p.Local, ...],
        result: p.Local | None,
        *,
        containing: bool = True,
    ) -> None:
        super().__init__()
        self.scope = scope
        self.params = params
        self.result = result
        self.blocks = prepared.blocks
        self.constants = prepared.constants
        self.prefix = "l"
        self.aliases: dict[p.Local, str] = {}
        self.containing = containing
        self.contained = False
        self.is_contained = False
        self.runs_once = False
        self.in_scan = False
        self.room = [_ROOM]
        self.passed: dict[p.Local, str] = {}
        self.names: dict[p.Local, str] = {}
        statements = flow.walk(self.blocks)
        kept = [*params, *([] if result is None else [result])]
        self.live = flow.live(statements, kept)
        self.owned = flow.owned(statements) - set(params)  # the host owns the input and the data
        self.late = _late(statements, result) & self.owned
        # The memo is about the input and the data; only `with`, which brings a new memo, may replace them.
        rebound = {local for s in statements if not isinstance(s, p.With) for local in flow.writes(s)}
        self.memo_fits = rebound.isdisjoint(params[:2])
        self.from_data = _steps_from_data(statements, params[1])
        self.read_times = Counter([local for s in statements for local in flow.reads(s)])
        self.temporaries: list[str] = []
        self.final_target: p.Local | None = None

    def local(self, local: p.Local) -> str:
        """Return a local's name in the source."""
        named = self.aliases.get(local)
        if named is not None:
            return named
        return f"l{local}" if local in self.params else f"{self.prefix}{local}"

    def read(self, operand: p.Operand) -> str:
        """Return an expression for an operand."""
        if type(operand) is not int:
            return repr(operand)
        if operand in self.constants:
            return self._constant(operand)
        return self.local(operand)

    def _constant(self, local: p.Local) -> str:
        """Return an expression for a local that only ever holds one value."""
        found = self.names.get(local)
        if found is None:
            value = self.constants[local]
            small = is_small(value)
            plain = small or type(value) in {str, bool, type(None)}
            literal = f"({value})" if small else repr(value)
            found = self.names[local] = literal if plain else self.scope.constant(value)
        return found

    def _kind(self, operand: p.Operand) -> str | None:
        """Return what is known of an operand's type."""
        if type(operand) is not int:
            return kind_of(operand)
        fact = self.facts.get(operand)
        known = fact if fact not in {"result", "undefined"} else None  # facts, but of no type
        return kind_of(self.constants[operand]) if operand in self.constants else known

    def _set(self, local: p.Local, expression: str, fact: str | None = None) -> None:
        """Write an assignment."""
        self.emit(f"{self.local(local)} = {expression}")
        self.note(local, fact)

    def _repeats(self) -> bool:
        """Tell whether what is written here may run many times in an evaluation."""
        return len(self.params) > p.RULE_PARAMS or any(frame.scan for frame in self.frames)

    def _key(self, operand: p.Operand) -> str:
        """Return an expression for an operand as the key of an object."""
        name, kind = self.read(operand), self._kind(operand)
        if kind in {"str", "int"}:
            return name
        other = f"keyed({name}, t)" if self._repeats() else f"key_of({name})"
        return other if kind else f"{name} if type({name}) is str else {other}"

    def _member(self, operand: p.Operand) -> str:
        """Return an expression for an operand as the name of a set's member."""
        name, kind = self.read(operand), self._kind(operand)
        if kind in {"str", "int", "null"}:
            return name
        if type(operand) is int and operand in self.constants:
            return self.scope.constant(canonical(self.constants[operand]))
        other = f"named({name}, t)" if self._repeats() else f"canonical({name})"
        return other if kind else f"{name} if type({name}) is str else {other}"

    def _known(self, operand: p.Operand) -> Any:
        """Return the value of a constant operand."""
        return self.constants[operand] if type(operand) is int else operand

    def _fire(self, location: Location) -> None:
        place = self.scope.fired(location)
        if place is not None:
            self.emit(f"w[{place}] = 1")

    def _fire_change(self, local: p.Local, location: Location) -> None:
        if local == self.result or local not in self.owned:
            self._fire(location)

    def _leave_if_undefined(self, local: p.Local) -> None:
        self.leave_if(f"{self.local(local)} is U", f"{self.local(local)} is not U")


def is_small(value: object) -> bool:
    """Tell a whole number that is written as a literal."""
    return type(value) is int and abs(value) < _SMALL


def _late(statements: Iterable[p.Statement], result: p.Local | None) -> set[p.Local]:
    """Return the function's result where it is a set that nothing looks at before it is returned.

    Most of a policy's sets of reasons stay empty: those share one empty set.
    """
    looked_at = any(
        result in flow.reads(s)
        for s in statements
        if not isinstance(s, p.ReturnLocal) and not (isinstance(s, p.SetAdd) and s.value != result)
    )
    return set() if result is None or looked_at else {result}


def _steps_from_data(statements: Iterable[p.Statement], data: p.Local) -> set[p.Local]:
    """Return the locals that only ever hold what `data` holds at a path: OPA reads those from its store."""
    found = {data}
    other: set[p.Local] = set()
    for _ in range(2):
        for s in statements:
            if isinstance(s, p.Dot | nodes.Lookup) and type(s.source) is int and s.source in found:
                found.add(s.target)
            else:
                other.update(flow.writes(s))
    return (found - other) | {data}
