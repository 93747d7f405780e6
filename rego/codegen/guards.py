"""Finds rules that ask one place in the input for a text, as OPA's rule index does.

Rules that ask the same place the same way share a test: where the input has no such text there,
none of them is entered. The tests form a tree, so that a thousand such rules cost a few dozen comparisons.
As with OPA's index, an error in a body that is not entered does not happen (v1/ast/index.go).
Longer than most modules: what a rule asks, and which rules share a test, are read from the same statements.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from rego import flow, nodes
from rego import plan as p
from rego.optimize.fronts import not_required
from rego.values import RegoSet

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from rego.values import Value

    Path = tuple[str, ...]

#: How the text is asked for: it is the value, the value begins with it (for itself or for a glob),
#: it is a member of the value;
#: or there must only be a value, whatever it is.
Way: TypeAlias = Literal["is", "begins", "globs", "has", "exists"]
_LEAST: Final = 4  # fewer rules are faster asked one by one
_FAN: Final = 8
_NAME: Final = re.compile(r"[^*?\[\]{}\\!,]+")  # what of a glob stands for itself


@dataclass(frozen=True, slots=True)
class Place:
    """What a test is about: a path of the input, and how a text is asked for there."""

    way: Way
    path: Path


@dataclass(frozen=True, slots=True)
class Guarded:
    """Blocks behind a test: one of the texts must be found at the place."""

    place: Place
    texts: frozenset[str]
    parts: tuple[Guarded | int, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule's body, by the numbers of its blocks, and the texts one of which each place must have."""

    blocks: range
    asks: Mapping[Place, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Function:
    """What of a function matters here.

    Args:
        blocks: Its blocks, optimised.
        root: The parameter that holds the input.
        result: The local that it returns; None for an entrypoint.
        constants: The locals that only ever hold one known value.
        live: The locals whose value can matter.
        exposed: The locals that some block may read before it sets them.
    """

    blocks: tuple[p.Block, ...]
    root: p.Local
    result: p.Local | None
    constants: Mapping[p.Local, Value]
    live: Container[p.Local]
    exposed: Container[p.Local]


def guarded(function: Function) -> Sequence[Guarded | int]:
    """Return the numbers of a function's blocks, in groups behind tests where that pays.

    They keep their order, but for rules that add to one set: which of these comes first makes no difference.
    """
    if len(function.blocks) <= _LEAST:
        return range(len(function.blocks))
    found: list[Guarded | int] = []
    for rules in _groups(list(_rules(function)), orderless=_adds_only(function)):
        place = _best(rules)
        if place is None:
            found.extend(number for rule in rules for number in rule.blocks)
        elif place.way == "exists":
            found.append(_chain(rules))
        else:
            found.append(_tree(rules, place))
    return found


def _groups(rules: list[_Rule], *, orderless: bool) -> Iterator[list[_Rule]]:
    """Yield rules in lists that may share a test."""
    if orderless:
        first, last, by_place = rules[0], rules[-1], _by_place(rules)
        middle = by_place.pop(None)
        yield [first]
        yield from by_place.values()
        yield [rule for rule in middle if rule is not first and rule is not last]
        yield [last]
        return
    start = 0
    while start < len(rules):
        end = start + 1
        shared = {place for place in rules[start].asks if place.way != "exists"}
        while end < len(rules) and (still := shared & rules[end].asks.keys()):
            shared, end = still, end + 1
        yield rules[start:end]
        start = end


def _by_place(rules: list[_Rule]) -> dict[Place | None, list[_Rule]]:
    """Sort rules by the place that most of them ask; a text says more than that there is any value."""
    found: dict[Place | None, list[_Rule]] = {None: rules}
    for exists in (False, True):
        left, found[None] = found[None], []
        often = Counter(place for rule in left for place in rule.asks if (place.way == "exists") is exists)
        for rule in left:
            places = [place for place in rule.asks if often[place] >= _LEAST]
            place = max(places, key=lambda asked: often[asked], default=None)
            found.setdefault(place, []).append(rule)
    return found


def _adds_only(function: Function) -> bool:
    """Tell a function that makes a set, adds to it and returns it."""
    made, returned = function.blocks[0].statements, function.blocks[-1].statements
    if [type(s) for s in made] != [p.MakeSet] or [type(s) for s in returned] != [p.ReturnLocal]:
        return False
    return not any(
        isinstance(s, p.AssignVarOnce | p.ReturnLocal | p.ResultSetAdd)
        or (not isinstance(s, p.SetAdd) and function.result in flow.writes(s))
        or any(local in function.exposed and local != function.result for local in flow.writes(s))
        for s in flow.walk(function.blocks[1:-1])
    )


def _best(rules: list[_Rule]) -> Place | None:
    """Return the place that tells the rules apart best, where there is one that all of them ask."""
    shared = set.intersection(*(set(rule.asks) for rule in rules)) if len(rules) >= _LEAST else set()
    return max(
        sorted(shared, key=lambda place: (place.way, place.path)),
        key=lambda place: len({rule.asks[place] for rule in rules}),
        default=None,
    )


def _chain(rules: list[_Rule]) -> Guarded:
    """Return rules behind a test for each place at which all of them must find a value."""
    shared = set.intersection(*(set(rule.asks) for rule in rules))
    found: tuple[Guarded | int, ...] = tuple(number for rule in rules for number in rule.blocks)
    for place in sorted((place for place in shared if place.way == "exists"), key=lambda place: place.path):
        found = (Guarded(place, frozenset(), found),)
    return found[0]  # type: ignore[return-value]  # there is at least the place that the rules were sorted by


def _tree(rules: list[_Rule], place: Place) -> Guarded:
    texts = frozenset[str]().union(*(rule.asks[place] for rule in rules))
    if len(rules) <= _FAN:
        return Guarded(place, texts, tuple(number for rule in rules for number in rule.blocks))
    width = _FAN
    while width * _FAN < len(rules):
        width *= _FAN
    parts = tuple(_tree(rules[start : start + width], place) for start in range(0, len(rules), width))
    return Guarded(place, texts, parts)


def _rules(function: Function) -> Iterator[_Rule]:
    """Yield a function's blocks as rules: a body, and behind it the copy of its result where there is one."""
    number = 0
    while number < len(function.blocks):
        block = function.blocks[number]
        copied = _copied_from(function.blocks[number + 1]) if number + 1 < len(function.blocks) else None
        # Without its body the copy must find nothing: the body must be what empties the local.
        paired = copied is not None and bool(block.statements) and _resets(block.statements[0], copied)
        asks = _Asks(function, copied if paired else None)
        yield _Rule(range(number, number + 1 + paired), asks.of(block))
        number += 1 + paired


def _copied_from(block: p.Block) -> p.Local | None:
    match block.statements:
        case (p.IsDefined(source=body), p.AssignVarOnce(source=copied)) if body == copied:
            return body
        case (p.IsDefined(source=body), p.ReturnLocal(source=returned)) if body == returned:
            return body
        case _:
            return None


def _resets(s: p.Statement, local: p.Local) -> bool:
    return isinstance(s, p.ResetLocal) and s.target == local


class _Asks:
    """Reads what a rule's body asks of the input before it does anything."""

    def __init__(self, function: Function, own: p.Local | None) -> None:
        self.function = function
        self.own = own
        self.paths: dict[p.Local, Path] = {}
        self.answers: dict[p.Local, tuple[Place, frozenset[str]]] = {}
        self.found: dict[Place, frozenset[str]] = {}

    def of(self, block: p.Block) -> dict[Place, frozenset[str]]:
        unrequired = not_required(block.statements, self.function.constants)
        for s in block.statements:
            if not self.is_harmless(s):
                break
            if isinstance(s, nodes.Lookup) and s.source == self.function.root:
                self.paths[s.target] = s.path
                if s.target not in unrequired:
                    self.found.setdefault(Place("exists", s.path), frozenset())
            elif isinstance(s, p.Equal):
                self.equal(s)
            elif isinstance(s, p.Call):
                self.call(s)
            elif isinstance(s, p.NotEqual) and s.b is False and type(s.a) is int and s.a in self.answers:
                place, texts = self.answers[s.a]
                self.found.setdefault(place, texts)
        return self.found

    def is_harmless(self, s: p.Statement) -> bool:
        """Tell a statement that nothing outside misses where the block ends undefined."""
        if isinstance(s, p.ResetLocal):
            return s.target == self.own or s.target not in self.function.live
        if isinstance(s, p.Equal | p.NotEqual | nodes.HasAffix | nodes.MayBe):
            return True
        kinds = (nodes.Lookup, p.Call, p.Dot)
        return isinstance(s, kinds) and not any(local in self.function.exposed for local in flow.writes(s))

    def equal(self, s: p.Equal) -> None:
        for one, other in ((s.a, s.b), (s.b, s.a)):
            text = self.value(other)
            if type(one) is int and one in self.paths and type(text) is str:
                self.found.setdefault(Place("is", self.paths[one]), frozenset({text}))

    def call(self, s: p.Call) -> None:
        path = [self.paths.get(arg) if type(arg) is int else None for arg in s.args]
        known = [self.value(arg) for arg in s.args]
        match s.func, path, known:
            case "startswith", [asked, None], [_, str(text)] if asked:
                self.answers[s.result] = (Place("begins", asked), frozenset({text}))
            case "glob.match", [None, None, asked], [str(pattern), [str(by)], _] if asked and (
                text := _literal(pattern, by)
            ):
                self.answers[s.result] = (Place("globs", asked), frozenset({text}))
            case "internal.member_2", [None, asked], [str(text), _] if asked:
                self.answers[s.result] = (Place("has", asked), frozenset({text}))
            case "internal.member_2", [asked, None], [_, RegoSet() | list() as collection] if asked:
                members = list(collection)
                if all(type(member) is str for member in members):
                    self.answers[s.result] = (Place("is", asked), frozenset(members))
            case _:
                pass

    def value(self, operand: p.Operand) -> Value:
        return self.function.constants.get(operand) if type(operand) is int else operand


def _literal(pattern: str, delimiter: str) -> str:
    """Return how texts begin that a glob matches, where OPA's index knows it: one of names and `*` alone."""
    parts = pattern.split(delimiter) if len(delimiter) == 1 else [pattern, "?"]
    if len(parts) == 1 or not all(part == "*" or _NAME.fullmatch(part) for part in parts):
        return ""
    return pattern[: pattern.find("*")] if "*" in pattern else pattern
