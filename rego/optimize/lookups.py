"""Finds the paths that a policy steps down in its input and its data, so that each is walked once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rego import plan as p
from rego.flow import blocks_of, with_blocks
from rego.nodes import Lookup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rego.flow import Times

    Path = tuple[str, ...]


def with_lookups(
    blocks: tuple[p.Block, ...], roots: tuple[p.Local, ...], times: Times
) -> tuple[p.Block, ...]:
    """Return blocks in which steps by constant keys from a root, one after the other, are one statement.

    Args:
        blocks: A function's blocks, separated.
        roots: The parameters that hold the input and the data.
        times: How often the function reads and sets each local.
    """
    return tuple(_looked_up(block, roots, times) for block in blocks)


def _looked_up(block: p.Block, roots: tuple[p.Local, ...], times: Times) -> p.Block:
    statements: list[p.Statement] = []
    for s in block.statements:
        if isinstance(s, p.Dot) and type(s.source) is int and type(s.key) is str:
            before = statements[-1] if statements else None
            if s.source in roots:
                statements.append(Lookup(s.location, s.source, (s.key,), s.target))
                continue
            if isinstance(before, Lookup) and before.target == s.source and _is_step(s.source, times):
                statements[-1] = Lookup(s.location, before.source, (*before.path, s.key), s.target)
                continue
        if blocks_of(s):
            s = with_blocks(s, tuple(_looked_up(inner, roots, times) for inner in blocks_of(s)))  # noqa: PLW2901 - the same statement
        statements.append(s)
    return p.Block(tuple(statements))


def _is_step(local: p.Local, times: Times) -> bool:
    """Tell a local that is set once and read once."""
    return times.read[local] == times.written[local] == 1


def prefixes(paths: Iterable[Path]) -> list[Path]:
    """Return the paths, and where two of them part, each parent before its children."""
    found = set(paths)
    steps = Counter(path[:size] for path in found for size in range(1, len(path)))
    children = Counter(prefix[:-1] for prefix in {*steps, *found} if len(prefix) > 1)
    return sorted(
        found | {prefix for prefix in steps if children[prefix] > 1}, key=lambda path: (len(path), path)
    )
