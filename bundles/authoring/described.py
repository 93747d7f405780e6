"""What is written about each rule, gathered for readers: METADATA, reasons with texts, tests with cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundles.authoring import reasons, trees
from bundles.authoring.sources import head, place_of, tests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bundles.authoring.sources import Module, Place, Sources

DATA = "regent"


@dataclass(frozen=True, slots=True)
class Text:
    """A reason as readers meet it.

    Args:
        id: its id.
        user: what the caller is told; empty where the frame or the data says it.
        admin: what the administrator is told, likewise.
        controls: what it serves.
    """

    id: str
    user: str
    admin: str
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a rule.

    Args:
        name: as it is written.
        cases: the names of its cases, where it has several.
    """

    name: str
    cases: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The name as a sentence's beginning: "denies what is absent"."""
        return self.name.removeprefix("test_").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Rule:
    """What is written about one rule.

    Args:
        place: its phase, kind and name.
        title: one line.
        description: more of them.
        severity: how grave a breach is.
        enforcement: what METADATA says; the data may say otherwise.
        controls: what it serves.
        reasons: those that it can give.
        tests: those beside it.
        tables: the tables of the data that it reads, itself or through `facts`.
    """

    place: Place
    title: str
    description: str
    severity: str
    enforcement: str
    controls: tuple[str, ...]
    reasons: tuple[Text, ...]
    tests: tuple[Test, ...]
    tables: tuple[str, ...]


def rules(sources: Sources) -> list[Rule]:
    """Every rule, by phase, kind and name."""
    packages = {module.package: module for module in sources.code()}
    found = [_rule(sources, place, module, packages) for place, module in sources.rules()]
    return sorted(found, key=lambda rule: (rule.place.phase, rule.place.kind, rule.place.name))


def _rule(sources: Sources, place: Place, module: Module, packages: Mapping[tuple[str, ...], Module]) -> Rule:
    said, custom = module.metadata, module.metadata.get("custom", {})
    texts = _texts(module)
    declared = [str(name) for name in custom.get("reasons", ())]
    beside = sources.tests_of(module)
    return Rule(
        place,
        str(said.get("title", place.name)),
        str(said.get("description", "")).strip(),
        str(custom.get("severity", "")),
        str(custom.get("enforcement", "enforce")),
        tuple(map(str, custom.get("controls", ()))),
        tuple(texts.get(name, Text(name, "", "", ())) for name in declared),
        tuple(Test(name, _cases(beside, name)) for name in tests(beside)),
        tuple(sorted(_tables(module, packages))),
    )


def of_the_frame(sources: Sources) -> list[Text]:
    """The reasons that no rule gives but what asks the rules."""
    found = {
        name: text
        for module in sources.code()
        if place_of(module.name) is None
        for name, text in _texts(module).items()
    }
    return [found[name] for name in sorted(found)]


def _texts(module: Module) -> dict[str, Text]:
    return {
        reason.id: Text(
            reason.id,
            str(reason.said.get("user", "")),
            str(reason.said.get("admin", "")),
            tuple(map(str, reason.said.get("controls", ()))),
        )
        for reason in reasons.given(module)
        if reason.id is not None
    }


def _tables(module: Module, packages: Mapping[tuple[str, ...], Module]) -> set[str]:
    """The tables of the data that a module's rules name, themselves or through the rules that they use."""
    waiting = [(module, head(rule)) for rule in module.rules]
    seen: set[tuple[str, str]] = set()
    found: set[str] = set()
    while waiting:
        where, name = waiting.pop()
        if (where.name, name) in seen:
            continue
        seen.add((where.name, name))
        for parts in _read_by(where, name):
            if parts[:2] == ("data", DATA):
                found |= set(parts[2:3]) - {"*"}
            elif parts[0] in where.imports and len(parts) > 1:
                below = packages.get(where.imports[parts[0]])
                waiting += [(below, parts[1])] if below is not None else []
            else:
                waiting.append((where, parts[0]))
    return found


def _read_by(module: Module, name: str) -> Iterator[tuple[str, ...]]:
    """What the rules of one name refer to: documents, rules of imported packages, rules beside them."""
    for rule in module.rules:
        if head(rule) == name:
            for node in trees.walk(rule):
                if node.get("type") == "ref" and isinstance(node.get("value"), list):
                    yield trees.path(node)
                elif node.get("type") == "var":
                    yield (str(node["value"]),)


def _cases(module: Module | None, name: str) -> tuple[str, ...]:
    """The names of a test's cases: the keys of the table that it goes through."""
    found: list[str] = []
    for rule in module.rules if module else ():
        if head(rule) == name and len(rule["head"]["ref"]) > 1:
            found += _keys(rule)
    return tuple(found)


def _keys(rule: dict[str, Any]) -> list[str]:
    variable = str(rule["head"]["ref"][1].get("value"))
    for function, arguments, _ in trees.calls(rule):
        if function == "internal.member_3" and arguments[0].get("value") == variable:
            return list(trees.fields(arguments[2]))
        if function == "internal.member_2" and arguments[0].get("value") == variable:
            try:
                return [str(value) for value in trees.constant(arguments[1])]
            except (ValueError, TypeError):
                return []
    return []
