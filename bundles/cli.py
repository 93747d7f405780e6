"""`regent bundle`: build, stamp and show policy bundles; words and exit codes only."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from bundles import build as building
from bundles import bundle as bundles
from bundles import opa as tool
from bundles.commands import backtest, shadow
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(
    name="bundle",
    help="Build, stamp and show policy bundles.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


app.command()(backtest.backtest)
app.add_typer(shadow.app)


@app.command()
def build(
    sources: Annotated[Path, typer.Argument(help="Folder of Rego sources.", exists=True, file_okay=False)],
    output: Annotated[Path | None, typer.Option(help="Write the bundle to this folder.")] = None,
    check: Annotated[Path | None, typer.Option(help="Only compare with the bundle in this folder.")] = None,
    opa: Annotated[Path | None, typer.Option(help="The opa binary; found by itself otherwise.")] = None,
) -> None:
    """Compile Rego sources into a bundle. Needs `opa`."""
    if (output is None) == (check is None):
        raise typer.BadParameter("give either --output or --check")
    with _told():
        files = building.build(sources, tool.find(opa))
        revision = bundles.from_files(files).revision
        if output is not None:
            building.write(files, output)
            typer.echo(f"{output}: {revision}, {len(files)} files")
        elif check is not None:
            _compare(building.differences(files, check), check, sources)


@app.command()
def stamp(folder: Annotated[Path, typer.Argument(help="Folder of the bundle.")]) -> None:
    """Give a bundle its new revision after an edit of its data.json. Needs no `opa`."""
    with _told():
        typer.echo(f"{folder}: {bundles.stamp(folder).revision}")


@app.command()
def show(path: Annotated[Path, typer.Argument(help="Folder or .tar.gz of the bundle.")]) -> None:
    """Say which bundle this is and which rules it holds."""
    with _told():
        bundle = bundles.read(path)
    metadata = bundle.manifest["metadata"]
    typer.echo(f"revision     {bundle.revision}")
    typer.echo(f"digest       sha256:{bundle.digest}")
    typer.echo(f"entrypoints  {', '.join(metadata.get('entrypoints', ()))}")
    table = Table(box=None, pad_edge=False)
    table.add_column("rule", no_wrap=True)
    for heading in ("severity", "controls", "title"):
        table.add_column(heading, overflow="fold")
    for rule in metadata.get("rules", ()):
        controls = ", ".join(rule["controls"] or ())
        table.add_row(rule["package"].removeprefix("rules."), rule["severity"], controls, rule["title"])
    Console().print(table)


def _compare(names: list[str], folder: Path, sources: Path) -> None:
    for name in names:
        typer.echo(f"differs: {folder / name}", err=True)
    if names:
        typer.echo(f"build it again: regent bundle build {sources} --output {folder}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder} is what {sources} builds")


@contextmanager
def _told() -> Iterator[None]:
    """An error in one line and exit code 1 instead of a traceback."""
    try:
        yield
    except BundleError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
