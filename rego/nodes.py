"""Statements that no plan has: what the optimiser makes of several of a plan's; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rego.plan import Block, Local, Statement

if TYPE_CHECKING:
    from rego.values import Value


@dataclass(frozen=True, slots=True)
class Lookup(Statement):
    """Step down a path of constant keys; undefined where it does not lead to a value."""

    source: Local
    path: tuple[str, ...]
    target: Local


@dataclass(frozen=True, slots=True)
class IsCollection(Statement):
    """Go on only with an array, an object or a set."""

    source: Local


@dataclass(frozen=True, slots=True)
class MayBe(Statement):
    """Go on only with one of some values, or with a collection that has one.

    That is what OPA's rule index asks where a rule compares with constants (v1/ast/index.go).
    """

    source: Local
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class HasAffix(Statement):
    """Go on only with a string that begins (or ends) with one of some texts, or a collection that has one.

    That is what OPA's rule index asks where a rule says `startswith` and the like (v1/ast/index_affix.go).
    """

    source: Local
    affixes: tuple[str, ...]
    at_end: bool


@dataclass(frozen=True, slots=True)
class Reference(Statement):
    """Take what a path known only at run time leads to: a rule's value where there is one, else the data's.

    Args:
        location: Where it stands.
        dynamic: A block with the one call of the rule.
        base: The steps into the data that stand for it where there is no such rule.
        target: The local that both set; undefined where neither has a value.
    """

    dynamic: Block
    base: Block
    target: Local
