"""`regent bundle list` and `history`: what is in the store, as tables or JSON Lines."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bundles.commands.desk import Store, blobs, told
from bundles.store import revisions, view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bundles.commands.desk import Surroundings
    from bundles.store.report import Report

PIPED_WIDTH = 160
SHORT = 14
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]

app = typer.Typer(pretty_exceptions_enable=False)


@app.command("list")
def list_command(context: typer.Context, *, as_json: AsJson = False, store: Store = None) -> None:
    """Show every revision: its state, since when and by whom, its approvals and its tests."""
    rows = _rows(context, store)
    if as_json:
        _lines(row.as_json() for row in rows)
        return
    table = _table("revision", "state", "since (UTC)", "by", "author", "approved by", "tests")
    for row in rows:
        tests = row.damage or _tests(row.tests)
        approvals = ", ".join(row.approvals)
        cells = (row.revision[:SHORT], row.state or "damaged", _moment(row.since_us), row.by, row.author)
        table.add_row(*(Text(str(cell)) for cell in (*cells, approvals, tests)))
    _print(table if rows else "The store is empty.")


@app.command()
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
    table = _table("time (UTC)", "revision", "action", "from", "to", "by")
    for entry, row in found:
        cells = (_moment(entry.at_us), row.revision[:SHORT], entry.action, entry.before or "", entry.after)
        table.add_row(*(Text(str(cell)) for cell in (*cells, entry.by)))
    _print(table if found else "Nothing was done yet.")


def _rows(context: typer.Context, store: Path | None) -> list[view.Row]:
    house: Surroundings = context.obj
    with told():
        return view.rows(blobs(context, store), house.approving())


def _tests(tests: Report | None) -> str:
    if tests is None:
        return "none"
    origin = f", as {tests.inherited_from[:SHORT]}" if tests.inherited_from else ""
    failed = f", {len(tests.failed)} fail" if tests.failed else ""
    asked = "" if tests.coverage >= 100 else f" ({tests.threshold:g} % asked for)"  # noqa: PLR2004 - per cent
    return f"{tests.passed} pass{failed}, {tests.coverage:g} % of lines{asked}{origin}"


def _moment(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S") if at_us else ""


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _print(shown: Table | str) -> None:
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(shown)


def _lines(objects: Iterable[dict[str, object]]) -> None:
    for each in objects:
        typer.echo(json.dumps(each))
