"""Which `opa` a command uses: its option's, the one that `REGENT_OPA` names, or one that is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bundles import opa as tool

if TYPE_CHECKING:
    from pathlib import Path

    import typer


class House(Protocol):
    """**Protocol:** the program around the commands."""

    def opa(self) -> Path | None:
        """The `opa` that is configured; None leaves the search to the command."""
        ...


def opa(context: typer.Context, explicit: Path | None) -> Path:
    """Find the binary.

    Args:
        explicit: what the command's `--opa` names.

    Raises:
        BundleError: `bundle.tool`, when there is none or it is too old.
    """
    house: House | None = context.obj
    return tool.find(explicit, house.opa() if house else None)
