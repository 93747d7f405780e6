"""`regent bundle build` and `stamp`: from sources to a bundle; words and exit codes only."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import Annotated

import typer

from bundles import build as building
from bundles import bundle as bundles
from bundles import unenforced
from bundles.commands import binary
from bundles.commands.telling import told
from bundles.errors import BundleError


def build(
    context: typer.Context,
    sources: Annotated[Path, typer.Argument(help="Folder of Rego sources.", exists=True, file_okay=False)],
    *,
    output: Annotated[
        Path | None, typer.Option(help="Write the bundle here: a folder, or an archive named *.tar.gz.")
    ] = None,
    check: Annotated[Path | None, typer.Option(help="Only compare with the bundle that is here.")] = None,
    author: Annotated[str | None, typer.Option(help="Who wrote it; others must approve it.")] = None,
    opa: Annotated[Path | None, typer.Option(help="The opa binary; found by itself otherwise.")] = None,
) -> None:
    """Make a bundle of policy sources. Needs `opa`, unless only data differs from the bundle at --output."""
    if (output is None) == (check is None):
        raise typer.BadParameter("give either --output or --check")
    with told():
        if output is not None:
            files = _built(context, sources, output, opa, author)
            building.write(files, output)
            built = bundles.from_files(files)
            typer.echo(f"{output}: {built.revision}, {len(files)} files")
            _tell_unenforced(built)
        elif check is not None:
            files = building.build(sources, binary.opa(context, opa), author)
            _compare(building.differences(files, check), check, sources)


def stamp(folder: Annotated[Path, typer.Argument(help="Folder of the bundle.")]) -> None:
    """Give a bundle its new revision after an edit of its data.json. Needs no `opa`."""
    with told():
        stamped = bundles.stamp(folder)
        typer.echo(f"{folder}: {stamped.revision}")
        _tell_unenforced(stamped)


def _tell_unenforced(bundle: bundles.Bundle) -> None:
    """Such a bundle may be looked at and measured; the author learns here that gateways won't take it."""
    if found := unenforced.faults(bundle):
        typer.echo(f"gateways refuse it as bundle.unenforced: {'; '.join(found)}", err=True)


def _built(
    context: typer.Context, sources: Path, output: Path, opa: Path | None, author: str | None
) -> dict[str, bytes]:
    try:
        found = binary.opa(context, opa)
    except BundleError:
        # Whoever named one meant it; else data may be changed without any.
        if opa is not None or (files := building.build_data(sources, output, author)) is None:
            raise
        typer.echo("without opa: only the data has changed", err=True)
        return files
    return building.build(sources, found, author)


def _compare(names: list[str], there: Path, sources: Path) -> None:
    for name in names:
        typer.echo(f"differs: {there / name}", err=True)
    if names:
        typer.echo(f"build it again: regent bundle build {sources} --output {there}", err=True)
        raise typer.Exit(1)
    typer.echo(f"{there} is what {sources} builds")
