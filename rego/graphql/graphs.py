"""Cycles in graphs of names, without recursion: who writes a document decides how long its chains are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def is_cyclic(graph: Mapping[str, Iterable[str]]) -> bool:
    """Tell whether some name leads back to itself.

    Args:
        graph: By name, the names that it leads to; those that lead nowhere may be missing.
    """
    done: set[str] = set()
    for start in graph:
        if start in done:
            continue
        path = {start: iter(graph[start])}  # in the order in which they were reached
        while path:
            name = next(reversed(path))
            for target in path[name]:
                if target in path:
                    return True
                if target not in done and target in graph:
                    path[target] = iter(graph[target])
                    break
            else:
                done.add(name)
                del path[name]
    return False
