"""Python expressions that do a builtin's work for common operands, without a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Inline:
    """An expression for a call.

    Args:
        expression: What the call is worth.
        when: The condition under which that is so; None where it always is.
        kind: The type of whatever the builtin returns; None where it returns several.
    """

    expression: str
    when: str | None
    kind: str | None


_EXACT: Final = 2**62
Kinds: TypeAlias = list[str | None]
_Writer: TypeAlias = Callable[[list[str], Kinds], Inline]


def _all(args: list[str], kinds: Kinds, kind: str) -> str | None:
    """Return the condition that every operand has a type."""
    asked = [f"type({name}) is {kind}" for name, known in zip(args, kinds, strict=True) if known != kind]
    return " and ".join(asked) or None


def _infix(sign: str, kind: str | None) -> _Writer:
    def write(args: list[str], kinds: Kinds) -> Inline:
        return Inline(f"{args[0]} {sign} {args[1]}", _all(args, kinds, "int"), kind)

    return write


def _equality(sign: str) -> _Writer:
    def write(args: list[str], kinds: Kinds) -> Inline:
        expression = f"{args[0]} {sign} {args[1]}"
        if "str" in kinds or kinds == ["int", "int"]:
            return Inline(expression, None, "bool")
        if "null" in kinds:
            return Inline(f"{args[0]} {'is' if sign == '==' else 'is not'} {args[1]}", None, "bool")
        asked, kind = (
            (args[1], "int") if kinds[0] == "int" else (args[0], "int" if kinds[1] == "int" else "str")
        )
        return Inline(expression, f"type({asked}) is {kind}", "bool")

    return write


def _count(args: list[str], kinds: Kinds) -> Inline:
    if kinds[0] == "set":
        return Inline(f"len({args[0]}.members)", None, "int")
    if kinds[0] in {"list", "dict", "str"}:
        return Inline(f"len({args[0]})", None, "int")
    return Inline(f"len({args[0]})", f"type({args[0]}) is list", "int")


def _membership(args: list[str], kinds: Kinds) -> Inline:
    member, text = args[0], [] if kinds[0] == "str" else [f"type({args[0]}) is str"]
    if kinds[1] == "set":
        return Inline(f"{member} in {args[1]}.members", " and ".join(text) or None, "bool")
    if kinds[1] == "list":
        return Inline(f"{member} in {args[1]}", " and ".join(text) or None, "bool")
    either = f"({member} in {args[1]} if type({args[1]}) is list else {member} in {args[1]}.members)"
    asked = [f"(type({args[1]}) is list or type({args[1]}) is RegoSet)", *text]
    return Inline(either, " and ".join(asked), "bool")


def _method(name: str) -> _Writer:
    def write(args: list[str], kinds: Kinds) -> Inline:
        return Inline(f"{args[0]}.{name}({args[1]})", _all(args, kinds, "str"), "bool")

    return write


def _of_type(name: str) -> _Writer:
    def write(args: list[str], kinds: Kinds) -> Inline:  # noqa: ARG001 - one shape for all
        return Inline(f"type({args[0]}) is {name}", None, "bool")

    return write


def _is_null(args: list[str], kinds: Kinds) -> Inline:  # noqa: ARG001 - one shape for all
    return Inline(f"{args[0]} is None", None, "bool")


def _is_number(args: list[str], kinds: Kinds) -> Inline:
    return Inline("True", None if kinds[0] == "int" else f"type({args[0]}) is int", "bool")


def _itself(args: list[str], kinds: Kinds) -> Inline:
    """Write what rounding does to whole numbers; OPA rounds larger ones to 64 bits."""
    asked = [] if kinds[0] == "int" else [f"type({args[0]}) is int"]
    return Inline(args[0], " and ".join([*asked, f"-{_EXACT} < {args[0]} < {_EXACT}"]), None)


def _lower(args: list[str], kinds: Kinds) -> Inline:
    asked = [*([] if kinds[0] == "str" else [f"type({args[0]}) is str"]), f"{args[0]}.isascii()"]
    return Inline(f"{args[0]}.lower()", " and ".join(asked), "str")


_UNARY: Final = frozenset(
    {
        "ceil", "count", "floor", "is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set",
        "is_string", "lower", "round",
    }
)  # fmt: skip
#: A writer for each builtin that has such an expression.
INLINE: Final[Mapping[str, _Writer]] = {
    "equal": _equality("=="),
    "neq": _equality("!="),
    "lt": _infix("<", "bool"),
    "lte": _infix("<=", "bool"),
    "gt": _infix(">", "bool"),
    "gte": _infix(">=", "bool"),
    "plus": _infix("+", None),
    "minus": _infix("-", None),
    "count": _count,
    "internal.member_2": _membership,
    "startswith": _method("startswith"),
    "endswith": _method("endswith"),
    "floor": _itself,
    "ceil": _itself,
    "round": _itself,
    "is_number": _is_number,
    "is_string": _of_type("str"),
    "is_boolean": _of_type("bool"),
    "is_array": _of_type("list"),
    "is_object": _of_type("dict"),
    "is_set": _of_type("RegoSet"),
    "is_null": _is_null,
    "lower": _lower,
}


def inline(name: str, args: list[str], kinds: Kinds) -> Inline | None:
    """Return an expression for a call, where the builtin has one.

    Args:
        name: The builtin's name.
        args: Expressions for its operands; as many as it takes, or there is none: plans may say anything.
        kinds: What is known of their types.
    """
    write = INLINE.get(name)
    return write(args, kinds) if write and len(args) == (1 if name in _UNARY else 2) else None
