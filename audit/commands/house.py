"""What commands ask of the program around them, which may bring it or not: policies, payloads, settings.

`regent audit` works on a folder alone. Whoever mounts it into something larger leaves that in the context.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import typer

from audit.record import Record

_KEY = "audit.house"


@runtime_checkable
class Policies(Protocol):
    """**Protocol:** a house that knows policy bundles."""

    def bundle_archive(self, revision: str, digest: str) -> bytes | None:
        """The archive of a bundle by revision and digest, either of which may be empty; None: not found."""
        ...


@runtime_checkable
class Sealed(Protocol):
    """**Protocol:** a house that may have payloads sealed."""

    def sealing_key(self) -> bytes | None:
        """What opens them; None where none are sealed.

        Raises:
            LogUnavailable: `vault.key`.
        """
        ...


@runtime_checkable
class Trusting(Protocol):
    """**Protocol:** a house that knows who vouches for its log."""

    def audit_folder(self) -> Path:
        """Where its log is."""
        ...

    def audit_policy(self) -> Path | None:
        """The tlog-policy that names the log's witnesses; None where there are none."""
        ...


@runtime_checkable
class Journalling(Protocol):
    """**Protocol:** a house whose log may be written in another place than where it is read."""

    def recorder(self, folder: Path) -> Callable[[Record], None] | None:
        """What makes a record of the log that `folder` is a copy of durable; None where it is the log itself.

        Raises:
            LogUnavailable: `log.cannot_open`: there is no log in the folder.
        """
        ...


def witnesses_of(context: typer.Context) -> Path | None:
    """The tlog-policy that the program around this one has for its own log, and for no other."""
    house = house_of(context)
    if not isinstance(house, Trusting) or context.obj != house.audit_folder():
        return None
    return house.audit_policy()


def remember(context: typer.Context, house: object) -> None:
    """Leave the program around these commands where they find it."""
    context.meta[_KEY] = house


def house_of(context: typer.Context) -> object:
    """Return the program around these commands; None where there is none."""
    return context.meta.get(_KEY)
