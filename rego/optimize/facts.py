"""What is known of the locals of one function, from place to place in it; knows no statement's meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from rego import plan as p
from rego.optimize.exits import GOES_ON, MAY_STOP, STOPS, Exit
from rego.optimize.known import ANYTHING, NOTHING, Known, exactly, joined
from rego.optimize.uses import Uses
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rego.optimize.effects import Summary
    from rego.optimize.prepare import Prepared
    from rego.values import Value

#: What becomes of a statement, and how the block that it stands in may be left there.
Folded: TypeAlias = tuple[tuple[p.Statement, ...], Exit]
DROPPED: Final[Folded] = ((), GOES_ON)


class World(Protocol):
    """What a function needs to know of everything outside it."""

    @property
    def data(self) -> Any:
        """The base documents."""

    @property
    def tracing(self) -> bool:
        """Whether rules that give a result are noted."""

    @property
    def missing(self) -> Sequence[int]:
        """The functions that were asked about and of which nothing is known yet, by number."""

    def summary(self, call: p.Call) -> Summary | None:
        """Return what is known of the function of the plan that is called; None where it is none."""

    def rules(self, path: Sequence[Known]) -> tuple[list[Summary], bool]:
        """Return what is known of the rules that a path may mean, and whether it always means one."""

    def named(self, path: Sequence[Known]) -> str | None:
        """Return the name of the one rule that a path means; None where that is not known."""

    def builtin(self, call: p.Call) -> Callable[..., Value] | None:
        """Return the builtin of ours that is called, where it may be asked beforehand."""

    def is_quiet(self, call: p.Call) -> bool:
        """Tell a call that does nothing but find its value, and never fails."""

    def is_void(self, name: str) -> bool:
        """Tell a builtin that gives no value."""


class Facts:
    """Keeps what is known while a function is read from its beginning to its end.

    Args:
        world: What is outside it.
        prepared: What it does.
        params: Its parameters: the input, the data, then arguments.
        result: The local that it returns; None for an entrypoint.
    """

    def __init__(
        self, world: World, prepared: Prepared, params: tuple[p.Local, ...], result: p.Local | None
    ) -> None:
        self.world = world
        self.params = params
        self.result = result
        self.constants: dict[p.Local, Value] = dict(prepared.constants)
        self.empty: Final = {
            p.MakeArray: exactly([]),
            p.MakeObject: exactly({}),
            p.MakeSet: exactly(RegoSet()),
        }
        self.uses = Uses(prepared.blocks, self.constants)
        self.now: dict[p.Local, Known] = {}
        self.seen: dict[p.Local, Known] = {}
        self.quiet = True
        self.given_back = NOTHING

    def value(self, operand: p.Operand) -> Known:
        """Return what is known of an operand."""
        if type(operand) is not int:
            return exactly(operand)
        if operand in self.constants:
            return exactly(self.constants[operand])
        return self.now.get(operand, NOTHING)

    def set(self, local: p.Local, known: Known) -> None:
        """Note what a local holds from here on."""
        self.now[local] = known
        before = self.seen.get(local)
        self.seen[local] = known if before is None else joined(before, known)

    def start(self) -> None:
        """Forget all but the parameters: of what is passed to a function nothing is known but the data."""
        self.now = dict.fromkeys(self.params, ANYTHING)
        self.now[self.params[p.DATA]] = exactly(self.world.data)
        self.seen, self.quiet, self.given_back = {}, True, NOTHING

    def keep(self, s: p.Statement, *, when: bool | None) -> Folded:
        """Return what becomes of a condition.

        Args:
            s: The statement.
            when: Whether it holds; None where that is not known.
        """
        if when is None:
            return (s,), MAY_STOP
        return DROPPED if when else self.stop(s)

    @staticmethod
    def stop(s: p.Statement) -> Folded:
        """Return what stands where a block is always left."""
        return (p.Break(s.location, 0),), STOPS

    def find(self, s: p.Statement, target: p.Local, known: Known, *, quiet: bool = True) -> Folded:
        """Return what becomes of a statement that sets a local to the value it finds, or stops without one.

        Args:
            s: The statement.
            target: The local.
            known: What is known of the value.
            quiet: Whether it does nothing else.
        """
        if quiet and known.never:
            return self.stop(s)
        self.set(target, known.sure())
        if quiet and known.defined and self.is_needless(target, known):
            return DROPPED
        self.quiet = self.quiet and quiet
        return (s,), STOPS if known.never else GOES_ON if known.defined else MAY_STOP

    def is_needless(self, target: p.Local, known: Known) -> bool:
        """Tell a local that need not be set: nobody reads it, or it is a constant from here on."""
        if target == self.result or target in self.params:
            return False
        if not self.uses.read[target]:
            return True
        once = self.uses.written[target] == 1 and target not in self.uses.exposed
        if once and known.values is not None and known.constant():
            self.constants[target] = known.values[0]
            return True
        return False
