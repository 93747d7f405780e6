"""What the statements of a function do with its locals, wherever they stand."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rego import plan as p
from rego.flow import CHANGES, exposed, owned, reads, walk, writes
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rego.values import Value


class Uses:
    """Of a whole function, and of what is left of it: what holds for the whole holds for less of it.

    Args:
        blocks: The function's blocks.
        constants: The locals that only ever hold one known value.
    """

    def __init__(self, blocks: tuple[p.Block, ...], constants: Mapping[p.Local, Value]) -> None:
        self._blocks = blocks
        self._constants = constants
        self._statements = walk(blocks)
        self.count(self._statements)

    def count(self, statements: Iterable[p.Statement]) -> None:
        """Count again what is read, set and changed, when less is left."""
        #: How often each local is read.
        self.read: Counter[p.Local] = Counter()
        #: How often each is set or changed.
        self.written: Counter[p.Local] = Counter()
        #: Those that hold collections which grow.
        self.changed: set[p.Local] = set()
        read, written = self.read, self.written
        for s in statements:
            for local in reads(s):
                read[local] += 1
            for local in writes(s):
                written[local] += 1
            if type(s) in CHANGES:
                self.changed.add(getattr(s, CHANGES[type(s)]))

    @cached_property
    def owned(self) -> set[p.Local]:
        """Those that hold nothing but collections made in the function."""
        return owned(self._statements)

    @cached_property
    def exposed(self) -> set[p.Local]:
        """Those that may be read before they are set."""
        return set[p.Local]().union(*map(exposed, self._blocks))

    @cached_property
    def agreed(self) -> set[p.Local]:
        """Those that rules set, and never to two different values."""
        given: dict[p.Local, set[Any]] = {}
        for s in self._statements:
            if isinstance(s, p.AssignVarOnce):
                given.setdefault(s.target, set()).add(_named(s.source, self._constants) or id(s))
            elif not isinstance(s, p.ResetLocal):
                for local in writes(s):
                    given.setdefault(local, set()).add(id(s))
        return {
            local for local, values in given.items() if len(values) == 1 and type(next(iter(values))) is tuple
        }


def _named(operand: p.Operand, constants: Mapping[p.Local, Value]) -> tuple[Any, ...] | None:
    """Return a name for a constant: two that have one are equal."""
    if type(operand) is not int:
        return type(operand), operand
    if operand not in constants:
        return None
    value = constants[operand]
    return (operand,) if type(value) in {list, dict, RegoSet} else (type(value), value)
