"""The nodes of a parsed template; they know neither how they were parsed nor what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """Text to be written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A boolean, number or string."""

    value: Any


@dataclass(frozen=True, slots=True)
class Dot:
    """The cursor."""


@dataclass(frozen=True, slots=True)
class Nil:
    """The constant `nil`."""


@dataclass(frozen=True, slots=True)
class Field:
    """Fields of the cursor, one within the other."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, and fields of it."""

    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of what an operand gives."""

    operand: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each of which gives the next one its last argument.

    Args:
        commands: Their operands.
        variables: What is given the value.
        assigns: Whether the variables are there already.
    """

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...]
    assigns: bool


Operand: TypeAlias = Constant | Dot | Nil | Field | Variable | Function | Chain | Pipeline


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is written, unless it declares variables."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Control:
    """`if`, `with` or `range`."""

    keyword: str
    pipeline: Pipeline
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...] | None


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    keyword: str


@dataclass(frozen=True, slots=True)
class Call:
    """Another template, executed with the pipeline's value."""

    name: str
    pipeline: Pipeline | None


Node: TypeAlias = Text | Action | Control | Jump | Call
