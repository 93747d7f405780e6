"""`regent audit reindex`: makes the index anew from the merged log."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from audit.commands.refusal import refusal
from audit.errors import AuditError
from audit.index import schema
from audit.index.indexer import REQUEST, Index

_STEP = 65_536


def register(app: typer.Typer) -> None:
    """Mount the command."""

    @app.command("reindex")
    def command(
        context: typer.Context,
        *,
        catch_up: Annotated[
            bool, typer.Option("--catch-up", help="Keep what is indexed already, if it is of this log.")
        ] = False,
    ) -> None:
        """Make the index anew. It holds nothing that the log doesn't, so nothing can be lost.

        Where a running gateway keeps the index, that one is asked to.
        """
        folder: Path = context.obj
        began_s = time.monotonic()
        try:
            size, skipped = _make(folder, whole=not catch_up)
        except AuditError as error:
            if error.code != "index.busy":
                raise refusal(str(error)) from error
            _ask(folder, whole=not catch_up)
            return
        took_s = time.monotonic() - began_s
        typer.echo(f"{size} records indexed in {took_s:.1f} s; {schema.size_of(folder) / 2**20:.1f} MiB")
        if skipped:
            typer.echo(f"{skipped} entries are no records: see `regent audit verify`")


def _make(folder: Path, *, whole: bool) -> tuple[int, int]:
    bar = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Index(folder) as index, Progress(*bar, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("")
        found = index.rebuild(_STEP) if whole else index.catch_up(_STEP)
        while found.size < found.of:
            shown.update(task, completed=found.size, total=found.of)
            found = index.catch_up(_STEP)
        return found.size, index.skipped


def _ask(folder: Path, *, whole: bool) -> None:
    """Leave word for the process that keeps the index."""
    if not whole:
        typer.echo("another process keeps the index up to date")
        return
    try:
        (folder / REQUEST).touch(mode=0o600)
    except OSError as error:
        raise refusal(f"cannot leave word in {folder}: {error}") from error
    sys.stdout.write("another process keeps the index; it was asked to make it anew\n")
