"""What the commands share: how errors and tables are told, and what they ask of the program around them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import typer
from rich.console import Console
from rich.table import Table

from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bundles.trust import Trust

_PIPED_WIDTH = 160


class Surroundings(Protocol):
    """**Protocol:** the program around these commands."""

    def trust(self) -> Trust:
        """Whose bundles are accepted, as the settings say."""
        ...


@contextmanager
def told(exit_code: int = 1) -> Iterator[None]:
    """An error in one line and an exit code instead of a traceback."""
    try:
        yield
    except BundleError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(exit_code) from None


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table; what a bundle says can't steer the terminal, and the first column stays whole."""
    drawn = Table(box=None, pad_edge=False)
    for number, heading in enumerate(headings):
        drawn.add_column(heading, overflow="fold", no_wrap=number == 0)
    for row in rows:
        drawn.add_row(*map(plain, row))
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    console.print(drawn)


def plain(text: str) -> str:
    """Without control characters, which could move the cursor or turn the text around."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
