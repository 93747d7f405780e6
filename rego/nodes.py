"""Statements that no plan has: what the optimiser makes of several of a plan's; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from rego.plan import Local, Statement


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
