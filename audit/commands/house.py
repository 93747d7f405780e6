"""What commands ask of the program around them, which may bring it or not: policies, payloads, settings.

`regent audit` works on a folder alone. Whoever mounts it into something larger leaves that in the context.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import typer

_KEY = "audit.house"


@runtime_checkable
class Policies(Protocol):
    """**Protocol:** a house that knows policy bundles."""

    def bundle_archive(self, revision: str, digest: str) -> bytes | None:
        """The archive of a bundle by revision and digest, either of which may be empty; None: not found."""
        ...


@runtime_checkable
class Payloads(Protocol):
    """**Protocol:** a house that can unseal payloads."""

    def payloads(self, folder: Path) -> Callable[[str, str], bytes | str] | None:
        """What finds a payload of the log in `folder` by (record id, label); None where none are kept."""
        ...


def remember(context: typer.Context, house: object) -> None:
    """Leave the program around these commands where they find it."""
    context.meta[_KEY] = house


def house_of(context: typer.Context) -> object:
    """Return the program around these commands; None where there is none."""
    return context.meta.get(_KEY)
