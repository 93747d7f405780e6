"""What commands ask of the program around them, which may bring it or not: policies, payloads, settings.

`regent audit` works on a folder alone. Whoever mounts it into something larger leaves that in the context.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import typer

from audit.commands.homes import FolderHome, Home
from audit.evidence.released import Contents, FolderContents
from audit.reading.source import FolderSource, Source
from audit.record import Record
from audit.rotation import Rotation

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


@runtime_checkable
class Copying(Protocol):
    """**Protocol:** a house whose log's folder may be a copy, with the rest in another place."""

    def source(self, folder: Path) -> Source | None:
        """What readers of a copy need besides; None where the folder is the log itself or a stranger.

        The copy and its index are brought up to date before.

        Raises:
            LogUnavailable, LogDamaged: there is no such log, or another one in the folder.
            OSError: what it is a copy of can't be asked.
        """
        ...


def source_of(house: object, folder: Path) -> Source:
    """Return what readers of a log need besides the merged one; raises as `Copying.source`."""
    found = house.source(folder) if isinstance(house, Copying) else None
    return found or FolderSource(folder)


@runtime_checkable
class Keeping(Protocol):
    """**Protocol:** a house whose vault may lie in another place than the log's folder."""

    def home(self, folder: Path) -> Home | None:
        """Where log and vault are that `folder` is a copy of; None where it is the log itself.

        Raises:
            LogUnavailable: `vault.unavailable`: nobody may open that vault from here.
        """
        ...


def home_of(house: object, folder: Path) -> Home:
    """Return where a log and its vault are; raises as `Keeping.home`."""
    found = house.home(folder) if isinstance(house, Keeping) else None
    return found or FolderHome(folder)


@runtime_checkable
class Disclosing(Protocol):
    """**Protocol:** a house whose vault may lie elsewhere than in the log's folder, for who may open it."""

    def contents(self, folder: Path) -> Contents | None:
        """What the vault of the log holds that `folder` is a copy of; None where it is in the folder.

        Raises:
            LogUnavailable: `vault.unavailable`: nobody may open that vault from here.
        """
        ...


def contents_of(house: object, folder: Path) -> Contents:
    """Return what the vault of a log holds; raises as `Disclosing.contents`, and what a folder raises."""
    found = house.contents(folder) if isinstance(house, Disclosing) else None
    return found or FolderContents(folder)


@runtime_checkable
class Rotating(Protocol):
    """**Protocol:** a house whose log may be in another place, and has its key changed there."""

    def rotation(self, folder: Path) -> Callable[[], Rotation] | None:
        """What changes the key of the log that `folder` is a copy of; None where it is the log itself.

        Raises:
            LogUnavailable: `log.cannot_open`: there is no log in the folder.
        """
        ...


def remember(context: typer.Context, house: object) -> None:
    """Leave the program around these commands where they find it."""
    context.meta[_KEY] = house


def house_of(context: typer.Context) -> object:
    """Return the program around these commands; None where there is none."""
    return context.meta.get(_KEY)
