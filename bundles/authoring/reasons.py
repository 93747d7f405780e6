"""The reasons that a rule gives, read off its syntax tree: where each is made, of what, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundles.authoring import trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bundles.authoring.sources import Module

FIELDS = ("id", "user", "admin", "controls")


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason as it is written in a rule.

    Args:
        row: where it is made.
        said: its fields that are written out; what comes from the data is left out.
        node: the object in the tree.
        rule: the rule that gives it, as a tree.
    """

    row: int
    said: dict[str, Any]
    node: dict[str, Any]
    rule: dict[str, Any]

    @property
    def id(self) -> str | None:
        """Its id; None where it comes from the data."""
        found = self.said.get("id")
        return found if isinstance(found, str) else None


def given(module: Module) -> list[Reason]:
    """Every reason that a module makes, in order: each object with an id and a text for the user."""
    return [reason for rule in module.rules for reason in _made(rule)]


def _made(rule: dict[str, Any]) -> Iterator[Reason]:
    for node in trees.walk(rule):
        fields = trees.fields(node)
        if {"id", "user"} <= fields.keys():
            yield Reason(trees.row(node, trees.row(rule)), _written_out(fields), node, rule)


def _written_out(fields: dict[str, trees.Node]) -> dict[str, Any]:
    found = {}
    for name, node in fields.items():
        try:
            found[name] = trees.constant(node)
        except ValueError:
            continue
    return found
