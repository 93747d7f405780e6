"""Which statements do nothing but find a value: what may be left out where nobody asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rego import nodes
from rego import plan as p
from rego.flow import CHANGES, blocks_of
from rego.optimize.known import ANYTHING, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

#: Builtins that answer every question, with a boolean, and never with an error;
#: and how many operands each takes.
TOTAL: Final[Mapping[str, int]] = {
    "equal": 2, "neq": 2, "lt": 2, "lte": 2, "gt": 2, "gte": 2,
    "internal.member_2": 2, "internal.member_3": 3,
    "is_array": 1, "is_boolean": 1, "is_null": 1, "is_number": 1, "is_object": 1, "is_set": 1, "is_string": 1,
}  # fmt: skip
_HARMLESS: Final = (
    p.AssignInt, p.AssignVar, p.Dot, p.Equal, p.NotEqual, p.IsArray, p.IsDefined, p.IsObject, p.IsSet,
    p.IsUndefined, p.Len, p.MakeArray, p.MakeNull, p.MakeNumberInt, p.MakeNumberRef, p.MakeObject, p.MakeSet,
    p.Nop, p.ResetLocal, nodes.HasAffix, nodes.IsCollection, nodes.Lookup, nodes.MayBe,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """What those who call a function may know of it.

    Args:
        value: What it returns.
        quiet: Whether it does nothing but that: no error, no trace of a rule, nothing outside.
    """

    value: Known
    quiet: bool


UNKNOWN: Final = Summary(ANYTHING, quiet=False)


def is_harmless(s: p.Statement, owned: Container[p.Local], is_quiet: Callable[[p.Call], bool]) -> bool:
    """Tell a statement that cannot fail with an error and changes nothing but locals.

    Args:
        s: The statement, with all that is in it.
        owned: The locals that hold nothing but collections made in the function.
        is_quiet: Whether that is so of a call.
    """
    if isinstance(s, _HARMLESS):
        return True
    if isinstance(s, p.ArrayAppend | p.SetAdd | p.ObjectInsert):
        return getattr(s, CHANGES[type(s)]) in owned
    if isinstance(s, p.Call):
        return is_quiet(s)
    inner = isinstance(s, p.Nested | p.Not | p.Scan)
    return inner and all(is_harmless(t, owned, is_quiet) for block in blocks_of(s) for t in block.statements)
