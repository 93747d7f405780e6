"""Remembers answers by what they can depend on of a question; bounded, and knows no policy.

A pure plan is a function of the input paths that it can read (`rego.Policy.reads`), so questions that
agree there have one answer.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bundles.backtest.effect import Path

T = TypeVar("T")

MAX_ENTRIES = 1 << 16
MAX_BYTES = 32 << 20
_OVERHEAD_BYTES = 300

_IS_THERE = 4096
"""Places further up than those of the nodes themselves."""

_Tree = tuple[tuple[str, int, Any], ...]


class Keys:
    """Makes keys of what stands at some paths of a document.

    Args:
        paths: as tuples of object keys.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        below: dict[str, Any] = {}
        self._whole = False
        for path in sorted(paths, key=len):
            self._whole = self._whole or not path
            _plant(below, path)
        self._tree = _numbered(below, [0])
        self._inner: list[tuple[int, str]] = []
        self._leaves: list[tuple[int, Callable[[Any], Any]]] = []
        _straight(self._tree, 0, self._inner, self._leaves)

    def of(self, document: Mapping[str, object]) -> bytes:
        """What stands there, as bytes; what is absent is not null, and `1`, `1.0` and `true` differ."""
        if self._whole:
            return orjson.dumps(document)
        try:  # nearly every question has all of it
            nodes: list[Any] = [document]
            for parent, name in self._inner:
                nodes.append(nodes[parent][name])
            return b"+" + orjson.dumps([leaves(nodes[parent]) for parent, leaves in self._leaves])
        except (KeyError, TypeError, IndexError):
            pass
        found: list[object] = []
        found.append(hex(_collect(document, self._tree, found)))
        return orjson.dumps(found)


class Memory(Generic[T]):
    """Answers by key; the oldest makes room.

    Args:
        max_entries: answers that are kept.
        max_bytes: bytes of keys and answers, by the sizes that are told.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: dict[bytes, tuple[T, int]] = {}

    def get(self, key: bytes) -> T | None:
        """The answer, if it is still known."""
        found = self._kept.get(key)
        return None if found is None else found[0]

    def keep(self, key: bytes, answer: T, size: int = 0) -> None:
        """Remember an answer of so many bytes."""
        size += len(key) + _OVERHEAD_BYTES
        kept = self._kept
        while kept and (len(kept) >= self._max_entries or self._bytes + size > self._max_bytes):
            self._bytes -= kept.pop(next(iter(kept)))[1]
        if size <= self._max_bytes:
            kept[key] = answer, size
            self._bytes += size


def _plant(below: dict[str, Any], path: Path) -> None:
    """Add a path to a tree whose leaves are None; a shorter one, planted before, covers it."""
    for name in path[:-1]:
        deeper = below.setdefault(name, {})
        if deeper is None:
            return
        below = deeper
    if path:
        below.setdefault(path[-1], None)


def _numbered(below: dict[str, Any], last: list[int]) -> _Tree:
    """The same with a bit for each node: which node is absent is part of the key."""
    nodes = []
    for name, deeper in sorted(below.items()):
        last[0] += 1
        bit = 1 << last[0]
        nodes.append((name, bit, None if deeper is None else _numbered(deeper, last)))
    return tuple(nodes)


def _straight(
    tree: _Tree, place: int, inner: list[tuple[int, str]], leaves: list[tuple[int, Callable[[Any], Any]]]
) -> None:
    """Write a tree out as steps: from which node by which name to the next, and what to take of each."""
    names = [name for name, _, deeper in tree if deeper is None]
    if names:
        leaves.append((place, itemgetter(*names)))
    for name, _, deeper in tree:
        if deeper is not None:
            inner.append((place, name))
            _straight(deeper, len(inner), inner, leaves)


def _collect(document: Any, tree: _Tree, found: list[object]) -> int:
    """Gather what stands at the leaves; return the bits of the nodes that are absent."""
    absent = 0
    for name, bit, deeper in tree:
        if name not in document:
            absent |= bit
        elif deeper is None:
            found.append(document[name])
        elif type(document[name]) is dict:
            absent |= _collect(document[name], deeper, found)
        else:  # nothing can be read below it, but it is there
            absent |= bit << _IS_THERE
    return absent
