"""Finds rules that begin by asking one place in the input for a constant, as OPA's rule index does.

Bodies that follow each other and ask the same place share a test: where the input has another value there, none
of them is entered. The tests form a tree, so that a thousand such rules cost a few dozen comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rego import nodes
from rego import plan as p

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from rego.values import Value

    Path = tuple[str, ...]

_LEAST: Final = 4  # fewer rules are faster asked one by one
_FAN: Final = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule's body, with the copy of its result that belongs to it.

    Args:
        first: The place of its first block in the function.
        size: How many blocks it has, one or two.
        asks: The constant text that each path of the input must have for the body to do anything.
    """

    first: int
    size: int
    asks: Mapping[Path, str]


@dataclass(frozen=True, slots=True)
class Guarded:
    """Blocks behind a test: the text at `path` must be one of `texts`; without a path there is no test."""

    path: Path | None
    texts: frozenset[str]
    parts: tuple[Guarded | int, ...]


def guarded(
    blocks: tuple[p.Block, ...],
    root: p.Local,
    constants: Mapping[p.Local, Value],
    live: Container[p.Local],
    exposed: Container[p.Local],
) -> list[Guarded | int]:
    """Return the places of a function's blocks, in order, in groups behind tests where that pays.

    Args:
        blocks: The function's blocks, optimised.
        root: The parameter that holds the input.
        constants: The locals that only ever hold one known value.
        live: The locals whose value can matter.
        exposed: The locals that some block may read before it sets them.
    """
    if len(blocks) < _LEAST:
        return list(range(len(blocks)))
    rules = _Rules(blocks, root, constants, live, exposed).found()
    found: list[Guarded | int] = []
    place = 0
    while place < len(rules):
        path, end = _longest_run(rules, place)
        if path is not None and end - place >= _LEAST:
            found.append(_tree(rules[place:end], path))
            place = end
        else:
            found.extend(range(rules[place].first, rules[place].first + rules[place].size))
            place += 1
    return found


def _copied_from(block: p.Block) -> p.Local | None:
    match block.statements:
        case (p.IsDefined(source=body), p.AssignVarOnce(source=copied)) if body == copied:
            return body
        case _:
            return None


@dataclass(frozen=True, slots=True)
class _Rules:
    """Reads a function's blocks as rules; the fields are the arguments of `guarded`."""

    blocks: tuple[p.Block, ...]
    root: p.Local
    constants: Mapping[p.Local, Value]
    live: Container[p.Local]
    exposed: Container[p.Local]

    def found(self) -> list[Rule]:
        rules: list[Rule] = []
        place = 0
        while place < len(self.blocks):
            copied = _copied_from(self.blocks[place + 1]) if place + 1 < len(self.blocks) else None
            first = self.blocks[place].statements[:1]
            # Without its body the copy must find nothing: the body must be what empties the local.
            paired = copied is not None and bool(first) and _resets(first[0], copied)
            asks = self.asks(self.blocks[place], copied if paired else None)
            rules.append(Rule(place, 1 + paired, asks))
            place += 1 + paired
        return rules

    def asks(self, block: p.Block, own: p.Local | None) -> dict[Path, str]:
        paths: dict[p.Local, Path] = {}
        found: dict[Path, str] = {}
        for s in block.statements:
            if isinstance(s, p.Equal):
                for one, other in ((s.a, s.b), (s.b, s.a)):
                    text = self.text(other)
                    if type(one) is int and one in paths and text is not None:
                        found.setdefault(paths[one], text)
            elif isinstance(s, nodes.Lookup) and s.target not in self.exposed:
                if s.source == self.root:
                    paths[s.target] = s.path
            elif not isinstance(s, p.NotEqual) and not (
                isinstance(s, p.ResetLocal) and (s.target == own or s.target not in self.live)
            ):
                break
        return found

    def text(self, operand: p.Operand) -> str | None:
        value = self.constants.get(operand) if type(operand) is int else operand
        return value if type(value) is str else None


def _resets(s: p.Statement, local: p.Local) -> bool:
    return isinstance(s, p.ResetLocal) and s.target == local


def _longest_run(rules: list[Rule], start: int) -> tuple[Path | None, int]:
    best: tuple[Path | None, int] = (None, start)
    for path in rules[start].asks:
        end = start
        while end < len(rules) and path in rules[end].asks:
            end += 1
        if end > best[1]:
            best = (path, end)
    return best


def _tree(rules: list[Rule], path: Path) -> Guarded:
    texts = frozenset(rule.asks[path] for rule in rules)
    if len(rules) <= _FAN:
        return Guarded(
            path, texts, tuple(place for rule in rules for place in range(rule.first, rule.first + rule.size))
        )
    width = _FAN
    while width * _FAN < len(rules):
        width *= _FAN
    return Guarded(
        path, texts, tuple(_tree(rules[start : start + width], path) for start in range(0, len(rules), width))
    )
