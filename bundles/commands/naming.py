"""Which bundle a person means: a path, or a revision of the configured store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bundles import bundle as bundles

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from bundles.bundle import Bundle


class House(Protocol):
    """**Protocol:** the program around the commands."""

    def bundle(self, name: str) -> Bundle:
        """The bundle at a path, or of a revision by its beginning.

        Raises:
            BundleError: it can't be used.
        """
        ...


def meant(context: typer.Context, name: Path) -> Bundle:
    """Read it.

    Raises:
        BundleError: it can't be used.
    """
    house: Any = context.obj
    if name.exists() or not hasattr(house, "bundle"):
        return bundles.read(name)
    known: House = house
    return known.bundle(str(name))
