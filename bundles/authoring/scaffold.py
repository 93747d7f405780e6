"""`regent policy new`: writes a rule, its tests, its table and its page to start from; overwrites nothing."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import TYPE_CHECKING, Any, Final

import yaml

from bundles.authoring import described, pages
from bundles.authoring import sources as reading
from bundles.authoring.places import MAX_TITLE_CHARS, NAME
from bundles.authoring.sources import TEST
from bundles.documents import parse_object
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bundles.authoring.sources import Place, Sources

_MAX_NAME_CHARS: Final = 64
_SCHEMA: Final = "schemas/regent.json"
_KEYWORDS: Final = re.compile(
    "as|contains|data|default|else|every|false|if|import|in|input|not|null|package|set|some|true|with"
)
_LISTED: Final = """# Names are in lower case, as facts give them.
_listed(name) if name in {{"{}"}}"""
_LISTED_IN_A_TABLE: Final = """# A missing table lists nothing; the schema sees to it that it is there.
_listed(name) if data.regent.{}[name]"""
_CONTROL: Final = "HOUSE-1"
_LOWER_CASE: Final = {
    "minLength": 1,
    "maxLength": 256,
    "pattern": "^[^\\p{Lu}\\p{Lt}\u2160-\u216f\u24b6-\u24cf]+$",
    "description": "in lower case",
}
# What a rule of each phase looks at: the import, the value in lower case, and the question that has it.
_ASKED: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "": ("data.facts.models", "models.asked", '{"resource": {"type": "model", "id": asked}}', "resource/id"),
}
_IMPORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "grants": ("data.facts.caller",),
    "routes": (),
    "obligations": ("data.facts.caller", "data.facts.quantities"),
}
_OBLIGATIONS: Final[Mapping[str, str]] = {
    "": '{"kind": "clamp", "max_tokens": $limit}',
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be started.

    Args:
        place: where the rule goes.
        title: one line; made of the name where it is empty.
        table: a new table of the data that the rule shall read; none where it is empty.
    """

    place: Place
    title: str = ""
    table: str = ""

    @property
    def heading(self) -> str:
        """The title that the rule gets."""
        return " ".join(self.title.split()) or self.place.name.replace("_", " ").capitalize()


def new(folder: Path, wanted: Wanted, opa: Path, docs: Path) -> list[Path]:
    """Write what a rule starts from.

    Args:
        folder: the sources.
        wanted: which rule.
        opa: the binary, as `bundles.opa.find` gives it.
        docs: the folder of the rules' pages.

    Returns:
        the files that were written or, the schema alone, changed.

    Raises:
        BundleError: `bundle.malformed`, when there can be no such rule; `bundle.unreadable`, when something
            is there already. Then nothing was written.
    """
    sources = reading.read(folder, opa)
    _check(sources, wanted)
    schema = parse_object((folder / _SCHEMA).read_bytes(), _SCHEMA)
    rule = folder / wanted.place.file
    files = {
        rule: _from_template(f"{wanted.place.kind}.rego", wanted),
        rule.with_name(f"{wanted.place.name}_test.rego"): _from_template(
            f"{wanted.place.kind}_test.rego", wanted
        ),
    }
    if wanted.table:
        if wanted.table in schema["properties"]:
            raise BundleError("bundle.malformed", f"the data has a table {wanted.table!r} already")
        files[folder / "regent" / wanted.table / "data.yaml"] = _from_template("table.yaml", wanted)
        schema = _with_table(schema, wanted)
    page = docs / f"{wanted.place.phase}-{wanted.place.kind}-{wanted.place.name}.md"
    for target in (*files, page):
        if target.exists():
            raise BundleError("bundle.unreadable", f"{target} is there already; nothing was written")
    _write(files)
    if wanted.table:
        (folder / _SCHEMA).write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")
    _write({page: _page(folder, wanted, opa, schema)})
    return [*files, *([folder / _SCHEMA] if wanted.table else []), page]


def _check(sources: Sources, wanted: Wanted) -> None:
    asked, place = sources.asked(), wanted.place
    for what, name in (("rule", place.name), *([("table", wanted.table)] if wanted.table else [])):
        if (
            not NAME.fullmatch(name)
            or name.endswith(TEST)
            or len(name) > _MAX_NAME_CHARS
            or _KEYWORDS.fullmatch(name)
        ):
            allowed = "lower-case letters, digits and underscores, no word of Rego's, no _test at the end"
            raise BundleError("bundle.malformed", f"{name!r} can't name a {what}: {allowed}")
    if (place.phase, place.kind) not in asked:
        known = ", ".join(f"{phase}/{kind}" for phase, kind in sorted(asked))
        raise BundleError(
            "bundle.malformed", f"no rules of {place.phase}/{place.kind} are asked for; there are {known}"
        )
    if len(wanted.heading) > MAX_TITLE_CHARS or not wanted.heading.isprintable():
        raise BundleError(
            "bundle.malformed", f"the title must be one line of {MAX_TITLE_CHARS} characters at most"
        )


def _from_template(name: str, wanted: Wanted) -> str:
    """A template's text; each is what it becomes, but for the names."""
    text = (
        resources.files("bundles.authoring").joinpath("templates", f"{name}.in").read_text(encoding="utf-8")
    )
    return Template(text).substitute(_names(wanted))


def _names(wanted: Wanted) -> dict[str, str]:
    """What the templates leave open."""
    place, example = wanted.place, _example(wanted.place.kind)
    package, asked, question, field = _ASKED.get(place.phase, _ASKED[""])
    imports = _IMPORTS.get(place.kind, (package,))
    reason = "access.not_granted" if place.kind == "grants" else f"{place.name}.refused"
    obligation = _OBLIGATIONS.get(place.phase, _OBLIGATIONS[""])
    return {
        "phase": place.phase,
        "kind": place.kind,
        "name": place.name,
        "title": _scalar(wanted.heading),
        "listed": _LISTED_IN_A_TABLE.format(wanted.table) if wanted.table else _LISTED.format(example),
        "description": "To be written; say whom it concerns and why.",
        "reason": reason,
        "control": _CONTROL,
        "imports": "".join(f"import {name}\n" for name in imports) + ("\n" if imports else ""),
        "asked": asked,
        "question": question,
        "field": field,
        "example": example,
        "upper": example.upper(),
        "table": wanted.table,
        "house": f'\n_house := {{"{wanted.table}": {{"{example}": {{"note": "an example"}}}}}}\n'
        if wanted.table
        else "",
        "data": " with data.regent as _house" if wanted.table else "",
        "obligation": obligation.replace("$limit", "_limit"),
        "stated": obligation.replace("$limit", "1024"),
    }


def _example(kind: str) -> str:
    return {"denies": "example-model", "routes": "example-zone"}.get(kind, "example-role")


def _scalar(text: str) -> str:
    """The text as YAML has it on one line, quoted where it would be something else."""
    return re.sub(r"\n(\.\.\.\n)?$", "", yaml.safe_dump(text, width=10_000, allow_unicode=True))


def _with_table(schema: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    row = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "note": {"type": "string", "description": "Why it is listed.", "minLength": 1, "maxLength": 256}
        },
        "required": [],
    }
    table = {
        "type": "object",
        "description": f"{wanted.heading}: name -> why it is listed.",
        "maxProperties": 4096,
        "propertyNames": _LOWER_CASE,
        "additionalProperties": row,
    }
    return {
        **schema,
        "properties": {**schema["properties"], wanted.table: table},
        "required": sorted([*schema.get("required", ()), wanted.table]),
    }


def _page(folder: Path, wanted: Wanted, opa: Path, schema: Mapping[str, Any]) -> str:
    written = described.rules(reading.read(folder, opa))
    return pages.page(next(rule for rule in written if rule.place == wanted.place), schema)


def _write(files: Mapping[Path, str]) -> None:
    try:
        for target, text in files.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise BundleError("bundle.unreadable", f"{error.filename}: {error.strerror}") from None
