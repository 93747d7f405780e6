"""What can be said of a value before anything is evaluated: that it is one of a few, or of what type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rego.optimize.kinds import KINDS
from rego.runtime import data_index
from rego.values import UNDEFINED, RegoSet, Value, equal, index, pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST: Final = 64  # more candidates are not told apart: an analysis must be cheap, however large the data
_COLLECTIONS: Final = frozenset({list, dict, RegoSet})


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of a local, at one place in a function.

    Args:
        values: Where it has a value, it is one of these; None where it may be anything.
        kind: Its one type (`rego.optimize.kinds`), or None where it is not known.
        defined: Whether it always has a value.
    """

    values: tuple[Value, ...] | None
    kind: str | None
    defined: bool

    @property
    def never(self) -> bool:
        """Whether it never has a value."""
        return self.values == ()

    def constant(self) -> bool:
        """Tell one value that may stand in the code: a scalar, or a collection with nothing in it."""
        return self.defined and self.values is not None and len(self.values) == 1 and is_plain(self.values[0])

    def sure(self) -> Known:
        """Return what is known where there is a value."""
        return self if self.defined else Known(self.values, self.kind, defined=True)

    def unsure(self) -> Known:
        """Return what is known where there may be none."""
        return Known(self.values, self.kind, defined=False) if self.defined else self

    def empty(self) -> bool:
        """Tell what a loop over it finds nothing in."""
        return self.values is not None and not any(
            len(value) for value in self.values if type(value) in _COLLECTIONS
        )


ANYTHING: Final = Known(None, None, defined=False)
SOMETHING: Final = Known(None, None, defined=True)
NOTHING: Final = Known((), None, defined=False)


def is_plain(value: Value) -> bool:
    """Tell a scalar, or a collection with nothing in it."""
    return type(value) not in _COLLECTIONS or not len(value)


def of_kind(kind: str) -> Known:
    """Return what is known of a value of which only the type is known."""
    return Known(None, kind, defined=True)


def one_of(values: Iterable[Value], *, defined: bool) -> Known:
    """Return what is known of a value that is one of some."""
    few: dict[Any, Value] = {}
    for value in values:
        kind = type(value)
        few.setdefault(id(value) if kind in _COLLECTIONS else (kind, value), value)
        if len(few) > _MOST:
            return Known(None, None, defined)
    return Known(tuple(few.values()), _kind(few.values()), defined)


def exactly(value: Value) -> Known:
    """Return what is known of a known value."""
    return Known((value,), KINDS.get(type(value)), defined=True)


def _kind(values: Iterable[Value]) -> str | None:
    kinds = {KINDS.get(type(value)) for value in values}
    return kinds.pop() if len(kinds) == 1 else None


def joined(one: Known, other: Known) -> Known:
    """Return what is known of a value of which either is known."""
    if one is other:
        return one
    if one.never or other.never:
        found = other if one.never else one
        return found.unsure()
    defined = one.defined and other.defined
    if one.values is not None and other.values is not None:
        return one_of((*one.values, *other.values), defined=defined)
    return Known(None, one.kind if one.kind == other.kind else None, defined)


def stepped(source: Known, key: Known) -> Known:
    """Return what is known of a step into a value, by the rules of values or by those of OPA's store.

    Which of the two apply is not asked: what only one of them finds need not be there.
    """
    if source.never or key.never or source.empty():
        return NOTHING
    if source.values is None:
        return ANYTHING
    if key.values is None:
        return scanned(source)[1].unsure()
    if len(source.values) * len(key.values) > _MOST:
        return ANYTHING
    found, defined = [], source.defined and key.defined
    for value in source.values:
        for step in key.values:
            item = data_index(value, step)
            if item is not UNDEFINED:
                found.append(item)
            defined = defined and index(value, step) is not UNDEFINED
    return one_of(found, defined=defined)


def scanned(source: Known) -> tuple[Known, Known]:
    """Return what is known of the keys and the members that a loop over a value finds."""
    if source.values is None or not _is_small(source):
        return SOMETHING, SOMETHING
    found = [pair for value in source.values for pair in pairs(value)]
    return one_of((key for key, _ in found), defined=True), one_of((item for _, item in found), defined=True)


def _is_small(source: Known) -> bool:
    return sum(len(value) for value in source.values or () if type(value) in _COLLECTIONS) <= _MOST


def are_equal(one: Known, other: Known) -> bool | None:
    """Tell whether two values are equal, if they have to be or cannot be."""
    if one.kind and other.kind and one.kind != other.kind:
        return False
    if one.values is None or other.values is None or len(one.values) * len(other.values) > _MOST:
        return None
    if not all(map(is_plain, one.values)) and not all(map(is_plain, other.values)):
        return None  # a comparison may cost as much as the data is large
    found = {equal(a, b) for a in one.values for b in other.values}
    return found.pop() if len(found) == 1 else None


def is_one_of(source: Known, kinds: set[str]) -> bool | None:
    """Tell whether a value is of one of some types, if it has to be or cannot be."""
    if source.kind:
        return source.kind in kinds
    if source.values is None:
        return None
    found = {KINDS.get(type(value)) in kinds for value in source.values}
    return found.pop() if len(found) == 1 else None


def combinations(operands: list[Known]) -> Iterator[tuple[Value, ...]] | None:
    """Yield what a call's operands may be together; None where that is not known."""
    count = 1
    for operand in operands:
        if operand.values is None or not operand.defined:
            return None
        count *= len(operand.values)
    return _product([operand.values or () for operand in operands]) if count <= _MOST else None


def _product(choices: list[tuple[Value, ...]]) -> Iterator[tuple[Value, ...]]:
    if not choices:
        yield ()
        return
    for rest in _product(choices[1:]):
        for value in choices[0]:
            yield (value, *rest)
