"""What the commands of other rooms ask of the configured house; each room's `cli` says what it needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from gateway import settings
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bundles.trust import Trust


class Surroundings:
    """The house as commands see it: nothing is read before a command asks for it."""

    def audit_folder(self) -> Path:
        """The audit log's folder.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.audit_folder()

    def trust(self) -> Trust:
        """Whose bundles are accepted: release keys, people, and how many of them must approve.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.trust().root()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except GatewayError as error:
        typer.echo(f"regent: {error}", err=True)
        raise typer.Exit(1) from None
