"""Holds the data of policy sources against its schemas and against the rules that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bundles import schemas as checking
from bundles import unasked
from bundles.authoring import tables
from bundles.authoring.findings import Finding
from bundles.authoring.places import ENFORCEMENTS
from bundles.documents import parse_object
from bundles.errors import BundleError
from bundles.wording import where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bundles.authoring.sources import Sources
    from bundles.authoring.tables import DataFile

ROOT: Final = "regent"
SCHEMAS: Final = "schemas"
_QUESTION: Final = frozenset({"input", "decision"})
_SWITCHES: Final = (*ENFORCEMENTS, "off")


def found_in(sources: Sources) -> Iterator[Finding]:
    """Every place where the data doesn't fit, and every rule that it requires and that isn't there."""
    try:
        files = tables.read(sources.folder)
        data = tables.merged(files)
        known = _schemas(sources)
        breaches = checking.breaches(data, known)
    except BundleError as error:
        yield Finding(
            error.detail.split(":")[0].split(" ")[0], 1, error.detail, "mend the file, then check again"
        )
        return
    for path, what in breaches:
        name, row = tables.origin(files, path) or (f"{SCHEMAS}/{path[0]}.json", 1)
        yield Finding(name, row, f"{where(path)} {what}", "mend the data, or its schema under schemas/")
    yield from _required(sources, data, files)
    yield from _switched(sources, data, files)
    yield from _unasked(sources, data)


def _schemas(sources: Sources) -> dict[str, Any]:
    """The schema of each topmost name of the data, checked as a bundle's reader would."""
    found = {
        path.stem: parse_object(path.read_bytes(), f"{SCHEMAS}/{path.name}")
        for path in sorted((sources.folder / SCHEMAS).glob("*.json"))
        if path.stem not in _QUESTION
    }
    checking.check_schemas(found)
    return found


def _required(sources: Sources, data: Mapping[str, Any], files: Sequence[DataFile]) -> Iterator[Finding]:
    """A required rule that is missing, or that doesn't bite, refuses everything: `policy.incomplete`."""
    there = {(place.phase, place.kind, place.name): module for place, module in sources.rules()}
    switches = _mapping(_mapping(data.get(ROOT)).get("enforcement"))
    for phase, kinds in _mapping(_mapping(data.get(ROOT)).get("required")).items():
        for kind, names in _mapping(kinds).items():
            for number, name in enumerate(names if isinstance(names, list) else ()):
                path = (ROOT, "required", phase, kind, number)
                file, row = tables.origin(files, path) or (SCHEMAS, 1)
                module = there.get((phase, kind, name))
                if module is None:
                    yield Finding(
                        file,
                        row,
                        f"{where(path[:4])} names {name!r}, and no rule lies there",
                        f"write rules/{phase}/{kind}/{name}, or take the name off the list",
                    )
                    continue
                custom = _mapping(module.metadata.get("custom"))
                if switches.get(name, custom.get("enforcement", "enforce")) in {"warn", "shadow", "off"}:
                    yield Finding(
                        file,
                        row,
                        f"{where(path[:4])} names {name!r}, which isn't enforced",
                        "enforce it, or take the name off the list: what is required must bite",
                    )


def _switched(sources: Sources, data: Mapping[str, Any], files: Sequence[DataFile]) -> Iterator[Finding]:
    """A switch under a misspelt name switches nothing."""
    ids = {place.name for place, _ in sources.rules()}
    for name, switch in _mapping(_mapping(data.get(ROOT)).get("enforcement")).items():
        file, row = tables.origin(files, (ROOT, "enforcement", name)) or (SCHEMAS, 1)
        if name not in ids:
            yield Finding(
                file, row, f"{ROOT}.enforcement names {name!r}, and no rule has that id", "mend the name"
            )
        elif switch not in _SWITCHES:
            yield Finding(
                file, row, f"{ROOT}.enforcement.{name} is not known", f"choose one of {', '.join(_SWITCHES)}"
            )


def _unasked(sources: Sources, data: Mapping[str, Any]) -> Iterator[Finding]:
    """A rule that is switched on where no gateway asks: a bundle with it is refused."""
    for place, module in sources.rules():
        if place.phase not in unasked.UNASKED or place.kind not in unasked.RESTRICTING:
            continue
        custom = _mapping(module.metadata.get("custom"))
        waits_for = custom.get(unasked.WAITS_FOR)
        named = [name for name in waits_for if isinstance(name, str)] if isinstance(waits_for, list) else None
        if unasked.switched_on(place.name, custom.get("enforcement"), named, data.get(ROOT)):
            yield Finding(
                module.name,
                module.row,
                f"it is switched on, and no gateway asks rules of {place.phase} yet",
                "set its enforcement to shadow, or empty the tables that it waits for",
            )
        for table in named or ():
            if table not in _mapping(data.get(ROOT)):
                yield Finding(
                    module.name,
                    module.row,
                    f"custom.{unasked.WAITS_FOR} names {table!r:.80}, and there is no such table",
                    "name tables under regent whose rows switch the rule on",
                )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
