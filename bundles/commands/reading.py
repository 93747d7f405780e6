"""`regent bundle inspect` and `diff`: what a bundle holds, and what another one changes; words only."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bundles import approvals, signatures
from bundles import bundle as bundles
from bundles.commands.naming import meant
from bundles.commands.telling import plain, table, told
from bundles.comparison import Comparison, ValueChange, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Bundle = Annotated[Path, typer.Argument(help="Folder or .tar.gz, or how a revision of the store begins.")]
AsJSON = Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")]
DIFFERS = 1
UNREADABLE = 2


def inspect(context: typer.Context, path: Bundle, *, as_json: AsJSON = False) -> None:
    """Say which bundle this is, whose, and which rules it holds. Verifies no signature: `verify` does."""
    with told():
        bundle = meant(context, path)
        document = _described(bundle)
    if as_json:
        typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    for name, value in _lines(document):
        typer.echo(f"{name:<12} {plain(value)}")
    table(("rule", "enforcement", "severity", "controls", "title"), map(_row, document["rules"]))


def diff(context: typer.Context, old: Bundle, new: Bundle, *, as_json: AsJSON = False) -> None:
    """Say what a bundle changes. Exit code 0: the same content, 1: they differ, 2: one can't be read."""
    with told(UNREADABLE):
        found = compare(meant(context, old), meant(context, new))
    if as_json:
        typer.echo(json.dumps(found.document(), indent=2, ensure_ascii=False))
    else:
        _show(found)
    if not found.same:
        raise typer.Exit(DIFFERS)


def _described(bundle: bundles.Bundle) -> dict[str, Any]:
    metadata = bundle.manifest["metadata"]
    return {
        "revision": bundle.revision,
        "digest": f"sha256:{bundle.digest}",
        "author": metadata.get("author"),
        "signed": signatures.is_signed(bundle.files),
        "key_id": signatures.unverified_key_id(bundle.files),
        "approvals": [approvals.unverified(token) for token in approvals.carried(bundle.files)],
        "roots": list(bundle.manifest["roots"]),
        "entrypoints": list(metadata.get("entrypoints", ())),
        "rules": [{**rule, "counts": _counts(rule, bundle.data)} for rule in metadata.get("rules", ())],
        "files": [
            {"name": name, "bytes": len(content), "sha256": sha256(content).hexdigest()}
            for name, content in sorted(bundle.files.items())
        ],
    }


def _counts(rule: dict[str, Any], data: Mapping[str, Any]) -> str:
    """How a rule counts: the data has the last word over its METADATA."""
    tables = data.get("regent")
    switches = tables.get("enforcement") if isinstance(tables, dict) else None
    said = switches.get(rule.get("id")) if isinstance(switches, dict) else None
    return str(said or rule.get("enforcement") or "")


def _lines(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "revision", document["revision"]
    yield "digest", document["digest"]
    if document["author"] is not None:
        yield "author", document["author"]
    if document["signed"]:
        yield "signature", f"says it is of {document['key_id'] or 'an unnamed key'}; not verified"
    if document["approvals"]:
        names = (f"{said['name']} ({said['role']})" for said in document["approvals"])
        yield "approvals", f"say they are of {', '.join(names)}; not verified"
    yield "entrypoints", ", ".join(document["entrypoints"])


def _row(rule: dict[str, Any]) -> tuple[str, ...]:
    said = (_counting(rule), str(rule.get("severity") or ""))
    controls = ", ".join(rule.get("controls") or ())
    return (rule["package"].removeprefix("rules."), *said, controls, str(rule.get("title") or ""))


def _counting(rule: dict[str, Any]) -> str:
    by_itself = str(rule.get("enforcement") or "")
    return by_itself if rule["counts"] == by_itself else f"{rule['counts']} by the data, not {by_itself}"


def _show(found: Comparison) -> None:
    typer.echo(f"old          {found.old}")
    typer.echo(f"new          {found.new}")
    if found.same:
        typer.echo("the same content")
    if found.author is not None:
        typer.echo(f"author       {found.author[0] or 'nobody'} -> {found.author[1] or 'nobody'}")
    if found.rules:
        rows = ((r.package.removeprefix("rules."), r.change, ", ".join(r.what), r.title) for r in found.rules)
        _part(("rule", "change", "in", "title"), rows)
    for heading, changes in (("data", found.data), ("schema", found.schemas)):
        if changes:
            _part((heading, "change", "old", "new"), map(_value_row, changes))
    for heading, changes in (("entrypoint", found.entrypoints), ("source", found.sources)):
        if changes:
            _part((heading, "change"), ((each.path, each.change) for each in changes))


def _part(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    typer.echo()
    table(headings, rows)


def _value_row(change: ValueChange) -> tuple[str, ...]:
    old = "" if change.change == "added" else json.dumps(change.old, ensure_ascii=False)
    new = "" if change.change == "removed" else json.dumps(change.new, ensure_ascii=False)
    return change.path, change.change, old, new
