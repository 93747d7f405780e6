"""What is written about each rule, gathered for readers: METADATA, reasons with texts, tests with cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bundles.authoring import reasons, trees
from bundles.authoring import tables as data_tables
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
        enforcement: what METADATA says.
        counts: how it counts: what the data says of it, else METADATA.
        controls: what it serves.
        reasons: those that it can give.
        tests: those beside it.
        tables: the tables of the data that it reads, itself or through `facts`.
        from_data: ids of reasons that it takes from those tables as the data has them now.
    """

    place: Place
    title: str
    description: str
    severity: str
    enforcement: str
    counts: str
    controls: tuple[str, ...]
    reasons: tuple[Text, ...]
    tests: tuple[Test, ...]
    tables: tuple[str, ...]
    from_data: tuple[str, ...] = ()


def rules(sources: Sources) -> list[Rule]:
    """Every rule, by phase, kind and name.

    Raises:
        BundleError: the data files can't be read.
    """
    packages = {module.package: module for module in sources.code()}
    data = data_tables.merged(data_tables.read(sources.folder)).get(DATA, {})
    found = [_rule(sources, place, module, packages, data) for place, module in sources.rules()]
    return sorted(found, key=lambda rule: (rule.place.phase, rule.place.kind, rule.place.name))


def _rule(
    sources: Sources,
    place: Place,
    module: Module,
    packages: Mapping[tuple[str, ...], Module],
    data: Mapping[str, Any],
) -> Rule:
    said, custom = module.metadata, module.metadata.get("custom", {})
    texts = _texts(module)
    tables = tuple(sorted(_tables(module, packages)))
    switches = data.get("enforcement")
    enforcement = str(custom.get("enforcement", "enforce"))
    borrowed = any(reason.id is None for reason in reasons.given(module))
    declared = [str(name) for name in custom.get("reasons", ())]
    beside = sources.tests_of(module)
    return Rule(
        place,
        str(said.get("title", place.name)),
        str(said.get("description", "")).strip(),
        str(custom.get("severity", "")),
        enforcement,
        str(switches.get(place.name, enforcement) if isinstance(switches, dict) else enforcement),
        tuple(map(str, custom.get("controls", ()))),
        tuple(texts.get(name, Text(name, "", "", ())) for name in declared),
        tuple(Test(name, _cases(beside, name)) for name in tests(beside)),
        tables,
        tuple(sorted(_ids([data.get(name) for name in tables]))) if borrowed else (),
    )


def _ids(value: Any) -> set[str]:
    """The ids of the reasons in a part of the data: what has an id and a text for the user."""
    if isinstance(value, dict):
        own = {value["id"]} if isinstance(value.get("id"), str) and "user" in value else set()
        return own.union(*map(_ids, value.values()))
    return set().union(*map(_ids, value)) if isinstance(value, list) else set()


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
