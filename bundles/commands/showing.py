"""`regent bundle list` and `history`: what is in the store, as tables or JSON Lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated

import typer

from bundles.commands.desk import Store, blobs, told
from bundles.commands.telling import table
from bundles.store import revisions, view
from bundles.store.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bundles.commands.desk import Surroundings
    from bundles.store.report import Report

SHORT = 14
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def listing(context: typer.Context, *, as_json: AsJson = False, store: Store = None) -> None:
    """Show every revision: its state, since when and by whom, its approvals and its tests."""
    rows = _rows(context, store)
    refused = _refused(context, rows)
    if as_json:
        _lines({**row.as_json(), "refused": refused.get(row.revision)} for row in rows)
        return
    headings = ("revision", "state", "since (UTC)", "by", "author", "approved by", "tests")
    _print(headings, map(_cells, rows), "The store is empty.")
    for revision, code in refused.items():
        typer.echo(f"a gateway refuses {revision[:SHORT]} ({code}) and goes on with what it had: see its log")


def history(
    context: typer.Context,
    revision: Annotated[str | None, typer.Argument(help="Only this one, or how it begins.")] = None,
    *,
    as_json: AsJson = False,
    store: Store = None,
) -> None:
    """Show what was done, when and by whom, newest first."""
    with told():
        only = revisions.find(blobs(context, store), revision) if revision else None
    found = [
        (entry, row) for row in _rows(context, store) for entry in row.history if only in {None, row.revision}
    ]
    found.sort(key=lambda each: each[0].at_us, reverse=True)
    if as_json:
        _lines(
            {
                "revision": row.revision,
                "action": entry.action,
                "from": entry.before,
                "to": entry.after,
                "by": entry.by,
                "at_us": entry.at_us,
            }
            for entry, row in found
        )
        return
    headings = ("time (UTC)", "revision", "action", "from", "to", "by")
    cells = [
        (_moment(entry.at_us), row.revision[:SHORT], entry.action, entry.before or "", entry.after, entry.by)
        for entry, row in found
    ]
    _print(headings, cells, "Nothing was done yet.")


def _rows(context: typer.Context, store: Path | None) -> list[view.Row]:
    house: Surroundings = context.obj
    with told():
        return view.rows(blobs(context, store), house.approving())


def _refused(context: typer.Context, rows: Iterable[view.Row]) -> dict[str, str]:
    """Why gateways don't take what is active; a store knows what was decided on, not what became of it."""
    house: Surroundings = context.obj
    found = {}
    try:
        for row in rows:
            code = house.refused(row.revision, row.since_us) if row.state is State.ACTIVE else None
            if code is not None:
                found[row.revision] = code
    except OSError as error:
        typer.echo(f"whether gateways took the active revision isn't known: {error}", err=True)
    return found


def _cells(row: view.Row) -> tuple[str, ...]:
    tests, approvals = row.damage or _tests(row.tests), ", ".join(row.approvals)
    state = row.state or "damaged"
    return (row.revision[:SHORT], state, _moment(row.since_us), row.by, row.author, approvals, tests)


def _tests(tests: Report | None) -> str:
    if tests is None:
        return "none"
    origin = f", as {tests.inherited_from[:SHORT]}" if tests.inherited_from else ""
    failed = f", {len(tests.failed)} fail" if tests.failed else ""
    asked = "" if tests.coverage >= 100 else f" ({tests.threshold:g} % asked for)"  # noqa: PLR2004 - per cent
    return f"{tests.passed} pass{failed}, {tests.coverage:g} % of lines{asked}{origin}"


def _moment(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S") if at_us else ""


def _print(headings: Iterable[str], rows: Iterable[Iterable[str]], otherwise: str) -> None:
    if found := list(rows):
        table(headings, found)
    else:
        typer.echo(otherwise)


def _lines(objects: Iterable[dict[str, object]]) -> None:
    for each in objects:
        typer.echo(json.dumps(each))
