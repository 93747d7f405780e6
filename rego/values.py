"""Rego values in Python: equality, order, sets and keys; knows nothing of plans or builtins.

Null, booleans, strings, arrays and objects are `None`, `bool`, `str`, `list` and `dict`, as a JSON parser
makes them, so that an input document is used as it comes.
A number is an `int`, a `float`, or a `decimal.Decimal` where neither holds its decimal text.
An object's key is itself where it is a string, a number or null, and wrapped in `Key` otherwise.
Python's own `==` is not Rego's: it takes `True` for `1`.

Longer than most modules: equality, order and hashing must agree, so they stand side by side.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from typing_extensions import override

from rego import numeric
from rego.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Value: TypeAlias = Any


class Undefined:
    """The type of `UNDEFINED`: no value at all, which is neither false nor null."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()

#: How many parts of a value one step may look at. A policy can put a value twice into another, and so on,
#: until few statements make more parts than there are atoms: what would visit them all has to stop.
MAX_PARTS: Final = 2_000_000


#: Types of values without parts, and all types of values; whatever else a host passes in is none.
_SCALARS: Final = frozenset({type(None), bool, int, float, Decimal, str, Undefined})


def too_large() -> EvaluationError:
    """Return the error for a value with more parts than one step may look at."""
    return EvaluationError("eval_budget_exceeded", "a value has too many parts")


_EXACT_FLOAT: Final = 2.0**53
_EXACT_TEXT: Final = 1e16  # from here on a double's text has an exponent
_INT64: Final = 2**63
_INT64_DIGITS: Final = 19
_RANKS: Final[dict[type, int]] = {
    type(None): 0,
    bool: 1,
    int: 2,
    float: 2,
    Decimal: 2,
    str: 3,
    list: 4,
    dict: 5,
}


class Key:
    """A boolean or composite value as the key of an object, hashed and compared as Rego compares."""

    __slots__ = ("canonical", "hash", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.canonical = canonical(value)
        self.hash = hash(self.canonical)

    @override
    def __hash__(self) -> int:
        return self.hash

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is Key and self.canonical == other.canonical

    @override
    def __repr__(self) -> str:
        return f"Key({self.value!r})"


class RegoSet:
    """A set of Rego values; iterates in Rego's order. Treat it as immutable once it is built.

    Generated code makes one by hand, without `__init__`.
    """

    __slots__ = ("members", "order")

    def __init__(self, values: Iterable[Value] | None = None) -> None:
        self.members: dict[Any, Value] = {}
        self.order: list[Value] | None = None
        if values is not None:
            for value in values:
                self.add(value)

    def add(self, value: Value) -> None:
        """Put a value in; only whoever builds the set may call this."""
        self.members[value if type(value) is str else canonical(value)] = value

    def copy(self) -> RegoSet:
        """Return a set of its own with the same members."""
        twin = RegoSet()
        twin.members = self.members.copy()
        return twin

    def __len__(self) -> int:
        return len(self.members)

    def __contains__(self, value: Value) -> bool:
        return canonical(value) in self.members

    def __iter__(self) -> Iterator[Value]:
        return iter(self.sorted())

    def sorted(self) -> list[Value]:
        """Return the members in Rego's order; not to be changed."""
        members, order = self.members, self.order
        if len(members) < 2:  # noqa: PLR2004 - one value is in order
            return list(members.values())
        if order is None or len(order) != len(members):  # a set only ever grows
            try:
                order = [members[name] for name in sorted(members)]
            except TypeError:  # members of several types have no order of Python's
                order = ordered(members.values())
            self.order = order
        return order

    @override
    def __eq__(self, other: object) -> bool:
        return type(other) is RegoSet and self.members.keys() == other.members.keys()

    __hash__ = None  # type: ignore[assignment]  # it is built by mutation: `canonical` gives its hashable form

    @override
    def __repr__(self) -> str:
        return f"RegoSet({list(self)!r})"


_RANKS[RegoSet] = 6
_KNOWN: Final = _SCALARS | {list, dict, RegoSet}


def canonical(value: Value) -> Any:
    """Return a hashable stand-in that is equal for exactly the values that Rego calls equal.

    Of booleans and composites it is also a key to sort by: it orders as Rego orders (see `_tagged`).
    """
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is float or kind is Decimal:
        return _canonical_number(value)
    if kind is dict:
        return (5, _object_payload(value, [MAX_PARTS - len(value)]))
    return (_RANKS[kind], _payload(value, kind))


def _tagged(value: Value, room: list[int] | None = None) -> tuple[Any, ...]:
    """Return a tuple that orders as Rego orders: a type's rank, then what to compare within it."""
    kind = type(value)
    return (_RANKS[kind], value if kind is str or kind is int else _payload(value, kind, room))


def _payload(value: Value, kind: type, room: list[int] | None = None) -> Any:
    """Return what to compare with a value of the same rank: for composites, ranks and payloads in turn."""
    if kind is dict or kind is list or kind is RegoSet:
        room = room or [MAX_PARTS]
        room[0] -= len(value)
        if room[0] < 0:
            raise too_large()
        if kind is dict:
            return _object_payload(value, room)
        return tuple([part for item in value for part in _tagged(item, room)])
    if kind is float or kind is Decimal:
        return _canonical_number(value)
    return value


def _object_payload(value: dict[Any, Value], room: list[int]) -> tuple[Any, ...]:
    try:
        names = sorted(value)
    except TypeError:  # keys of several types
        names = []
    if not names or type(names[0]) is not str:  # texts sort with nothing but texts
        return tuple([part for pair in sorted_items(value) for item in pair for part in _tagged(item, room)])
    flat: list[Any] = []
    for name in names:
        item = value[name]
        kind = type(item)
        if kind is str:
            flat += (3, name, 3, item)
        elif kind is int:
            flat += (3, name, 2, item)
        else:
            flat += (3, name, _RANKS[kind], _payload(item, kind, room))
    return tuple(flat)


def _canonical_number(value: float | Decimal) -> int | float | Decimal:
    # A large float stands for its shortest decimal text, as JSON wrote it: 1e23 is 10**23.
    if type(value) is Decimal:  # it may only be spelled otherwise: 1.10
        return numeric.of_decimal(value)
    if value >= _EXACT_FLOAT or value <= -_EXACT_FLOAT:
        return int(Decimal(repr(value)))
    return value


def key_of(value: Value) -> Any:
    """Return a value in the form in which an object's `dict` keeps it as a key."""
    kind = type(value)
    if kind is str or kind is int or value is None or kind is Key:
        return value
    if kind is float or kind is Decimal:
        return _canonical_number(value)
    return Key(value)


def value_of(key: Any) -> Value:
    """Return the Rego value of an object's key; the inverse of `key_of`."""
    return key.value if type(key) is Key else key


def is_number(value: Value) -> bool:
    """Tell a Rego number; a boolean is none, whatever Python thinks."""
    kind = type(value)
    return kind is int or kind is float or kind is Decimal


def type_name(value: Value) -> str:
    """Return OPA's name for a value's type."""
    return TYPE_NAMES.get(type(value), "undefined")


TYPE_NAMES: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    Decimal: "number",
    str: "string",
    list: "array",
    dict: "object",
    RegoSet: "set",
}


def equal(left: Value, right: Value) -> bool:
    """Tell whether Rego calls two values equal."""
    kind, other = type(left), type(right)
    if kind not in _KNOWN or other not in _KNOWN:
        foreign(left if kind not in _KNOWN else right)
    if kind is str or kind is bool or left is None or other is bool:
        return kind is other and bool(left == right)
    if kind is list:
        return other is list and (left is right or _same(left, right, [MAX_PARTS]))
    if kind is dict:
        return other is dict and (left is right or _same(left, right, [MAX_PARTS]))
    if kind is int and other is int:
        return bool(left == right)
    if is_number(left) and is_number(right):
        return compare_numbers(left, right) == 0
    return kind is RegoSet and bool(left == right)


def _same(left: Any, right: Any, room: list[int]) -> bool:
    """Compare two arrays or two objects; `room` is how many more parts may be looked at."""
    if len(left) != len(right):
        return False
    room[0] -= len(left)
    if room[0] < 0:
        raise too_large()
    pairs_ = zip(left, right, strict=True) if type(left) is list else _by_name(left, right)
    for one, two in pairs_:
        kind = type(one)
        if kind is list or kind is dict:
            if one is not two and (type(two) is not kind or not _same(one, two, room)):
                return False
        elif one is not two and not equal(one, two):
            return False
    return True


def _by_name(left: dict[Any, Value], right: dict[Any, Value]) -> Iterator[tuple[Value, Value]]:
    find = right.get
    return ((item, find(name, UNDEFINED)) for name, item in left.items())


def compare(left: Value, right: Value) -> int:
    """Return -1, 0 or 1 in Rego's order: null, booleans, numbers, strings, arrays, objects, sets."""
    kind = type(left)
    if kind is type(right) and (kind is str or kind is int):
        return int(left > right) - int(left < right)
    if is_number(left) and is_number(right):
        return compare_numbers(left, right)
    one, two = _tagged(left), _tagged(right)
    return int(one > two) - int(one < two)


def compare_numbers(left: Any, right: Any) -> int:
    """Compare two numbers by their decimal value."""
    if type(left) is not type(right):
        left, right = _comparable(left), _comparable(right)
    return int(left > right) - int(left < right)


def _comparable(number: float | Decimal) -> int | Decimal:
    return Decimal(repr(number)) if type(number) is float else number  # type: ignore[return-value]  # not a float


def ordered(values: Iterable[Value]) -> list[Value]:
    """Return values as a list in Rego's order."""
    found = list(values)
    if len(found) < 2:  # noqa: PLR2004 - one value is in order
        return found
    kinds = set(map(type, found))
    if kinds in ({str}, {int}):
        found.sort()
    else:
        found.sort(key=_tagged)
    return found


def sorted_items(value: dict[Any, Value]) -> list[tuple[Value, Value]]:
    """Return an object's keys (as values) and values, in the order of the keys."""
    try:
        return [(name, value[name]) for name in sorted(value)] if len(value) != 1 else _single(value)
    except TypeError:  # keys of several types, or wrapped ones, have no order of Python's
        return sorted(((value_of(name), item) for name, item in value.items()), key=_tagged_name)


def _single(value: dict[Any, Value]) -> list[tuple[Value, Value]]:
    return [(value_of(name), item) for name, item in value.items()]


def _tagged_name(pair: tuple[Value, Value]) -> tuple[Any, ...]:
    return _tagged(pair[0])


def foreign(value: Any) -> NoReturn:
    """Refuse what no JSON parser makes: a policy that took it for a scalar would not see what is in it.

    Raises:
        EvaluationError: `eval_internal_error`.
    """
    raise EvaluationError("eval_internal_error", f"a {type(value).__name__} is not JSON")


def index(source: Value, key: Value) -> Value:
    """Step into a value by an index, a key or a member; `UNDEFINED` where there is none."""
    kind = type(source)
    if kind is dict:
        return source.get(key if type(key) is str else key_of(key), UNDEFINED)
    if kind is list:
        place = key if type(key) is int else int64(key)
        return source[place] if place is not None and 0 <= place < len(source) else UNDEFINED
    if kind is RegoSet:
        return source.members.get(canonical(key), UNDEFINED)
    return UNDEFINED if kind in _SCALARS else foreign(source)


def integer(value: Value) -> int | None:
    """Return a number as an `int` where it is a whole one, else None."""
    kind = type(value)
    if kind is int:
        return int(value)
    if kind is float and value == value // 1:
        return int(Decimal(repr(value)))
    if kind is Decimal and value == value.to_integral_value():
        return numeric.whole(value)
    return None


def int64(value: Value) -> int | None:
    """Return a number as an `int` where OPA takes its text for a machine's integer, else None.

    That is so for `1` and `1.0`, and not for `1e0` or what needs more than 64 bits.
    """
    kind = type(value)
    if kind is float:
        return int(value) if value == value // 1 and -_EXACT_TEXT < value < _EXACT_TEXT else None
    if kind is Decimal:
        written = value.as_tuple()
        if written.exponent > 0 or len(written.digits) > _INT64_DIGITS or value != value // 1:
            return None
    elif kind is not int:
        return None
    return int(value) if -_INT64 <= value < _INT64 else None


def pairs(source: Value) -> list[tuple[Value, Value]]:
    """Return what an iteration over a value yields: (index, item), (key, item) or (member, member)."""
    kind = type(source)
    if kind is list:
        return list(enumerate(source))
    if kind is dict:
        return sorted_items(source)
    if kind is RegoSet:
        return [(member, member) for member in source]
    return [] if kind in _SCALARS else foreign(source)


def items(source: Value) -> list[Value]:
    """Return only the second halves of `pairs`; an array is returned as it is."""
    kind = type(source)
    if kind is list:
        return source  # type: ignore[no-any-return]  # the line above asked
    if kind is dict:
        return [item for _, item in sorted_items(source)]
    if kind is RegoSet:
        return source.sorted()  # type: ignore[no-any-return]  # the line above asked
    return [] if kind in _SCALARS else foreign(source)


def members(source: Value) -> list[Value]:
    """Return `items` in any order, for whoever does not mind."""
    kind = type(source)
    if kind is RegoSet:
        return list(source.members.values())
    if kind is dict:
        return list(source.values())
    if kind is list:
        return source  # type: ignore[no-any-return]  # the line above asked
    return [] if kind in _SCALARS else foreign(source)


def length(source: Value) -> Value:
    """Return how many members a collection, or characters a string, has."""
    return len(source) if type(source) in {list, dict, RegoSet, str} else UNDEFINED


def merge(left: Value, right: Value) -> Value:
    """Merge two objects recursively; where either is none, or both have a scalar, the left one wins."""
    return _merged(left, right, [MAX_PARTS])


def _merged(left: Value, right: Value, room: list[int]) -> Value:
    if type(left) is not dict or type(right) is not dict:
        return left
    room[0] -= len(left) + len(right)
    if room[0] < 0:
        raise too_large()
    merged = left.copy()
    for name, item in right.items():
        merged[name] = _merged(merged[name], item, room) if name in merged else item
    return merged


def upsert(target: Value, path: tuple[str, ...], value: Value) -> Value:
    """Return a copy of `target` with `value` at `path`; missing or scalar steps become objects."""
    if not path:
        return value
    copy = target.copy() if type(target) is dict else {}
    copy[path[0]] = upsert(copy.get(path[0]), path[1:], value)
    return copy
