"""What a function that is being written needs to know of everything outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rego import plan as p
    from rego.codegen.inline import Inline
    from rego.errors import Location
    from rego.optimize.kinds import Returns
    from rego.optimize.prepare import Prepared


@dataclass(frozen=True, slots=True)
class Contained:
    """A function to be written in the place of its only call.

    Args:
        number: Its number in the plan.
        function: Its parameters and result.
        prepared: What it does.
    """

    number: int
    function: p.Function
    prepared: Prepared


class Scope(Protocol):
    """What the names outside a function stand for."""

    @property
    def steady(self) -> bool:
        """Whether no call asks about another input or other data: the memo knows all paths of the data."""

    @property
    def strict(self) -> bool:
        """Whether an error in a builtin ends the evaluation."""

    def function(self, name: str, arguments: int) -> tuple[int, p.Function] | None:
        """Return the number and the body of a function of the plan."""

    def call(self, number: int) -> str:
        """Return the name in the source for a function of the plan, which is then written, too."""

    def place(self, number: int) -> int:
        """Return the place in the memo for the value of a rule."""

    def contained(self, name: str) -> Contained | None:
        """Return a function that is called from one place only, and so may be written there."""

    def written_out(self, name: str) -> Contained | None:
        """Return a function with operands that is small enough to be written in the place of a call."""

    def returns(self, name: str) -> Returns:
        """Return what is known of a function's value."""

    def slot(self, root: int, path: tuple[str, ...]) -> int | None:
        """Return the place in the memo for what the input (0) or the data (1) has at a path."""

    def rules_at(self, path: tuple[str | None, ...]) -> str:
        """Return the name in the source for a table of the rules that a path with gaps (None) can mean.

        Its keys are what fills the gap, a tuple where there is not exactly one;
        its values are the rule's place in the memo and its function.
        """

    def builtin(self, name: str, arguments: int) -> tuple[str, bool, bool]:
        """Return a builtin's name in the source, whether it is void, and whether it takes the context."""

    def inline(self, name: str, args: list[str], kinds: list[str | None]) -> Inline | None:
        """Return an expression that does a builtin's work faster in the common case."""

    def constant(self, value: Any) -> str:
        """Return the name in the source for a constant that has no safe literal."""

    def fired(self, location: Location) -> int | None:
        """Return the place in the trace for a rule's location; None where nothing is traced."""
