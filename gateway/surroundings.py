"""What the commands of other rooms ask of the configured house; each room's `cli` says what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from gateway import settings
from gateway.errors import GatewayError

if TYPE_CHECKING:
    from pathlib import Path


class Surroundings:
    """The house as commands see it: nothing is read before a command asks for it."""

    def audit_folder(self) -> Path:
        """The audit log's folder.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        try:
            return settings.audit_folder()
        except GatewayError as error:
            typer.echo(f"regent: {error}", err=True)
            raise typer.Exit(1) from None
