"""Holds names, places, exports and METADATA of policy sources against what the frame and the readers need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bundles.authoring import reasons, trees
from bundles.authoring.findings import Finding
from bundles.authoring.sources import TEST, head, place_of, tests
from bundles.exports import SETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bundles.authoring.sources import Module, Place, Sources

SEVERITIES: Final = ("low", "medium", "high", "critical")
ENFORCEMENTS: Final = ("enforce", "warn", "shadow")
REASON_ID: Final = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
STATED: Final = {
    name: f"{name} := rego.metadata.chain()[1].annotations.custom.{name}"
    for name in ("enforcement", "excusable")
}
"""What a rule exports, besides what it is asked for, to tell the frame what its METADATA says."""
NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
MAX_TITLE_CHARS: Final = 80


def found_in(sources: Sources) -> Iterator[Finding]:
    """Every breach of a module's name, place and METADATA."""
    asked = sources.asked()
    yield from _namesakes(sources)
    for module in sources.modules.values():
        yield from _names(module)
        if not module.is_test:
            yield from _described(module)
            yield from _tested(module, sources.tests_of(module))
        if module.name.startswith("rules/") and not module.is_test:
            place = place_of(module.name)
            if place is None:
                yield Finding(
                    module.name, 1, "no place of a rule", "put it at rules/<phase>/<kind>/<name>/<name>.rego"
                )
            else:
                yield from _asked_for(module, place, asked)
                yield from _metadata(module, place)


def _namesakes(sources: Sources) -> Iterator[Finding]:
    """The data names rules by their ids alone: two of one name in a phase couldn't be told apart."""
    seen: dict[tuple[str, str], str] = {}
    for place, module in sources.rules():
        first = seen.setdefault((place.phase, place.name), module.name)
        if first != module.name:
            yield Finding(module.name, 1, f"{first} bears the same name", "give one of them another name")


def _names(module: Module) -> Iterator[Finding]:
    """The frame finds rules by where they live, so that a package in the wrong folder is asked by nobody."""
    *folders, file = module.name.removesuffix(".rego").split("/")
    tested = f"{folders[-1]}{TEST}" if folders else ""
    wanted = (*folders[:-1], tested) if module.is_test else tuple(folders)
    if module.package != wanted:
        yield Finding(
            module.name,
            module.row,
            f"package {'.'.join(module.package)} doesn't mirror its folder",
            f"name it {'.'.join(wanted) or 'as its folder'}",
        )
    if file not in {tested, *folders[-1:]}:
        yield Finding(
            module.name,
            1,
            "the file bears another name than its folder",
            f"name it {folders[-1] if folders else 'as a folder'}.rego, and its tests likewise with {TEST}",
        )
    for name in folders:
        if not NAME.fullmatch(name):
            yield Finding(
                module.name, 1, f"{name!r} is no name", "use lower-case letters, digits and underscores"
            )


def _described(module: Module) -> Iterator[Finding]:
    for name in ("title", "description"):
        if not _text(module.metadata.get(name)):
            yield Finding(
                module.name,
                module.row,
                f"METADATA above the package lacks {name}",
                "say it for whoever reads the rule",
            )
    if trees_read_input(module) and not module.metadata.get("schemas"):
        yield Finding(
            module.name,
            module.row,
            "METADATA above the package lacks schemas",
            "name schema.input and schema.regent there, so that a misspelt field is found",
        )


def trees_read_input(module: Module) -> bool:
    """Whether a module reads the question itself."""
    return any(found[0] == "input" for found in trees.references(module.rules))


def _tested(module: Module, beside: Module | None) -> Iterator[Finding]:
    if not tests(beside):
        name = module.name.removesuffix(".rego") + f"{TEST}.rego"
        yield Finding(module.name, module.row, "no tests lie beside it", f"write {name}")
    for rule in beside.rules if beside else ():
        if head(rule).startswith("todo_test_"):
            yield Finding(
                beside.name if beside else module.name,
                trees.row(rule),
                f"{head(rule)} is skipped",
                "finish it and drop todo_",
            )


def _asked_for(module: Module, place: Place, asked: dict[tuple[str, str], set[str]]) -> Iterator[Finding]:
    promised = asked.get((place.phase, place.kind))
    if promised is None:
        kinds = sorted("/".join(key) for key in asked)
        yield Finding(
            module.name,
            1,
            f"nobody asks for rules of {place.phase}/{place.kind}",
            f"move it to one of {', '.join(kinds)}",
        )
        return
    exported = {
        head(rule): trees.row(rule) for rule in reversed(module.rules) if not head(rule).startswith("_")
    }
    wanted = ", ".join(sorted(promised))
    for name in sorted(exported.keys() - promised - STATED.keys()):
        yield Finding(
            module.name,
            exported[name],
            f"{name} is exported, and nobody asks for it",
            f"begin its name with _, or move it to facts/ ({place.kind} export {wanted})",
        )
    for rule in module.rules:
        if head(rule) in promised & SETS and "key" not in rule["head"]:
            # As a single value it objects to nothing: the frame asks for the members of a set.
            yield Finding(
                module.name,
                trees.row(rule),
                f"{head(rule)} is no set",
                f"write `{head(rule)} contains ... if`",
            )
    for name in sorted(promised - exported.keys()):
        yield Finding(module.name, module.row, f"{name} is missing", f"the frame asks {place.kind} for it")


def _metadata(module: Module, place: Place) -> Iterator[Finding]:
    custom = module.metadata.get("custom", {})
    for what, mend in _faults(custom, place):
        yield Finding(module.name, module.row, what, mend)
    yield from _told(module, custom)
    if len(_text(module.metadata.get("title"))) > MAX_TITLE_CHARS:
        yield Finding(
            module.name,
            module.row,
            f"the title is longer than {MAX_TITLE_CHARS} characters",
            "move the rest to description",
        )
    declared = _texts(custom.get("reasons")) or []
    written = {reason.id: reason.row for reason in reasons.given(module) if reason.id is not None}
    for name, row in sorted(written.items()):
        if not REASON_ID.fullmatch(name):
            yield Finding(
                module.name,
                row,
                f"{name!r} is no reason id",
                "write it dotted and in lower case, as area.what",
            )
        if name not in declared:
            yield Finding(
                module.name,
                row,
                f"the reason {name} is not declared",
                "name it under custom.reasons in METADATA",
            )
    # The frame speaks for grants: a grant that isn't given is its reason.
    silent = sorted(set(declared) - written.keys()) if place.kind != "grants" else []
    for name in silent:
        yield Finding(
            module.name,
            module.row,
            f"the reason {name} is declared and never given",
            "drop it from custom.reasons",
        )


def _told(module: Module, custom: dict[str, Any]) -> Iterator[Finding]:
    """The frame doesn't read METADATA: what differs from the rule it is told, in METADATA's own words."""
    besides = {
        "enforcement": custom.get("enforcement") in ENFORCEMENTS[1:],
        "excusable": "excusable" in custom,
    }
    heads = {head(rule): trees.row(rule) for rule in module.rules}
    for name, wanted in besides.items():
        if wanted and STATED[name] not in module.text.splitlines():
            yield Finding(
                module.name,
                heads.get(name, module.row),
                f"METADATA says {name}: {custom[name]}, and the frame isn't told",
                f"write {STATED[name]}",
            )
        elif not wanted and name in heads:
            yield Finding(
                module.name,
                heads[name],
                f"{name} is said besides METADATA",
                "say it in METADATA, or drop this rule",
            )


def _faults(custom: dict[str, Any], place: Place) -> Iterator[tuple[str, str]]:
    if custom.get("id") != place.name:
        yield "custom.id in METADATA is not the rule's name", f"write id: {place.name}"
    if custom.get("severity") not in SEVERITIES:
        yield "custom.severity in METADATA is not known", f"choose one of {', '.join(SEVERITIES)}"
    if custom.get("enforcement") not in ENFORCEMENTS:
        yield "custom.enforcement in METADATA is not known", f"choose one of {', '.join(ENFORCEMENTS)}"
    if not _texts(custom.get("controls")):
        yield (
            "custom.controls in METADATA names none",
            "list the controls that the rule serves, such as GDPR-32",
        )
    if not isinstance(custom.get("excusable", True), bool):
        yield "custom.excusable in METADATA is neither true nor false", "choose one of true, false"
    if _texts(custom.get("waits_for", [])) is None:
        yield "custom.waits_for in METADATA is no list of tables", "list the tables that switch the rule on"
    if _texts(custom.get("reasons")) is None:
        yield "custom.reasons in METADATA is no list of ids", "list the reasons that the rule can give"
    for name in _texts(custom.get("reasons")) or ():
        if not REASON_ID.fullmatch(name):
            yield (
                f"{name!r} under custom.reasons is no reason id",
                "write it dotted and in lower case, as area.what",
            )


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Any) -> list[str] | None:
    """A list of texts; None for anything else."""
    if not isinstance(value, list) or not all(map(_text, value)):
        return None
    return value
