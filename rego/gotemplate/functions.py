"""The functions of templates, on values as `printing` names them, and `ABSENT` for what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rego import gourl, utf8
from rego.gotemplate.lexing import TemplateError
from rego.gotemplate.printing import Byte, Number, sprint, sprintf, sprintln, type_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Absent:
    """The type of `ABSENT`."""


#: No value: a field that an object does not have. Other than null, it has fields, which are absent, too.
ABSENT: Final = Absent()
_KINDS: Final = {
    bool: "bool", int: "int", Byte: "uint", float: "float", complex: "complex", str: "string",
    Number: "string",
}  # fmt: skip
_HTML: Final = str.maketrans(
    {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
)
_JAVASCRIPT: Final = {
    "\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D",
}  # fmt: skip
_MOST_INDEXES: Final = 3


def is_true(value: Any) -> bool:
    """Tell what a condition makes of a value: nothing, zero and what is empty are false."""
    return value is not ABSENT and bool(value)


def _solid(value: Any) -> Any:
    return ABSENT if value is None else value


def _text(values: tuple[Any, ...]) -> str:
    if len(values) == 1 and type(values[0]) is str:
        return values[0]
    return sprint(["<no value>" if value is None else value for value in values])


def _html(*values: Any) -> str:
    return _text(values).translate(_HTML)


def _js(*values: Any) -> str:
    return "".join(_in_javascript(char) for char in _text(values))


def _in_javascript(char: str) -> str:
    known = _JAVASCRIPT.get(char)
    if known is not None:
        return known
    return f"\\u{ord(char):04X}" if char < " " or not (char.isascii() or char.isprintable()) else char


def _urlquery(*values: Any) -> str:
    return gourl.escape_query(utf8.encoded(_text(values))).decode()


def _not(value: Any) -> bool:
    return not is_true(value)


def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(utf8.encoded(value))
    if type(value) in {list, dict}:
        return len(value)
    raise TemplateError("len of a value that has none")


def _index(item: Any, *indexes: Any) -> Any:
    item = _solid(item)
    if item is ABSENT:
        raise TemplateError("index of untyped nil")
    for index in indexes:
        if type(item) is dict:
            if type(index) is not str:
                raise TemplateError("an object's key must be a string")
            item = item.get(index)
        elif type(item) is list or isinstance(item, str):
            members: Any = utf8.encoded(item) if isinstance(item, str) else item
            place = _place(index, len(members) - 1)
            item = Byte(members[place]) if isinstance(item, str) else members[place]
        else:
            raise TemplateError("index of a value that has no members")
    return item


def _place(index: Any, last: int) -> int:
    if type(index) not in {int, Byte}:
        raise TemplateError("cannot index with this type")
    if not 0 <= index <= last:
        raise TemplateError(f"index out of range: {index}")
    return int(index)


def _slice(item: Any, *indexes: Any) -> Any:
    if len(indexes) > _MOST_INDEXES or (isinstance(item, str) and len(indexes) == _MOST_INDEXES):
        raise TemplateError("too many slice indexes")
    if type(item) is not list and not isinstance(item, str):
        raise TemplateError("slice of a value that has no order")
    members: Any = utf8.encoded(item) if isinstance(item, str) else item
    places = [_place(index, len(members)) for index in indexes]
    low, high, *most = [*places, *(0, len(members))[len(places) :]]
    if low > high or (most and high > most[0]):
        raise TemplateError("invalid slice index")
    part = members[low:high]
    return type(item)(utf8.decoded(part)) if isinstance(item, str) else part


def _call(*_: Any) -> Any:
    raise TemplateError("call of a value that is no function")


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "")


def _eq(left: Any, *others: Any) -> bool:
    left = _solid(left)
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_equal(left, _solid(other)) for other in others)


def _equal(left: Any, right: Any) -> bool:
    kinds = _kind(left), _kind(right)
    if left is ABSENT or right is ABSENT:
        return left is right
    if kinds[0] == kinds[1] and kinds[0]:
        return bool(left == right)
    if set(kinds) == {"int", "uint"}:
        return int(left) == int(right)
    raise TemplateError(f"cannot compare {type_name(left)} and {type_name(right)}")


def _ne(left: Any, right: Any) -> bool:
    return not _eq(left, right)


def _lt(left: Any, right: Any) -> bool:
    kinds = {_kind(_solid(left)), _kind(_solid(right))}
    if kinds & {"", "bool", "complex"} or (len(kinds) > 1 and kinds != {"int", "uint"}):
        raise TemplateError("invalid types for comparison")
    return bool(left < right)


def _le(left: Any, right: Any) -> bool:
    return _lt(left, right) or _eq(left, right)


def _print(*values: Any) -> str:
    return sprint(values)


def _println(*values: Any) -> str:
    return sprintln(values)


def _printf(template: str, *values: Any) -> str:
    return sprintf(template, values)


#: How many arguments a function takes: at least, and at most (None: as many as there are).
ARITIES: Final[Mapping[str, tuple[int, int | None]]] = {
    "and": (1, None), "call": (1, None), "html": (0, None), "index": (1, None), "slice": (1, None),
    "js": (0, None), "len": (1, 1), "not": (1, 1), "or": (1, None), "print": (0, None),
    "printf": (1, None), "println": (0, None), "urlquery": (0, None), "eq": (1, None), "ge": (2, 2),
    "gt": (2, 2), "le": (2, 2), "lt": (2, 2), "ne": (2, 2),
}  # fmt: skip
#: Functions that see null and what is absent alike; `and` and `or` evaluate no more than they need.
PRINTERS: Final = frozenset({"html", "js", "print", "printf", "println", "urlquery"})
FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "call": _call, "html": _html, "index": _index, "slice": _slice, "js": _js, "len": _len, "not": _not,
    "print": _print, "printf": _printf, "println": _println, "urlquery": _urlquery, "eq": _eq, "ne": _ne,
    "lt": _lt, "le": _le,
    "gt": lambda left, right: not _le(left, right),
    "ge": lambda left, right: not _lt(left, right),
}  # fmt: skip
