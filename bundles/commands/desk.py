"""What commands at the store share: which store, whose trust, which journal, how refusals are said."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from bundles.commands import telling
from bundles.jws import PrivateKey
from bundles.store import revisions
from bundles.store.desk import Desk
from bundles.store.errors import StoreError
from bundles.store.folder import FolderBlobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bundles.store.journal import Journal
    from bundles.trust import Trust

CONFLICT = 3
Words = tuple[str, str]
Store = Annotated[
    Path | None,
    typer.Option(help="The store's folder. Default: policy.store of the settings.", file_okay=False),
]
By = Annotated[str | None, typer.Option("--as", help="Who does it: a name of policy.trust.people.")]
Revision = Annotated[str, typer.Argument(help="A revision, or how it begins: 8 hex digits at least.")]
ReleaseKey = Annotated[
    Path | None, typer.Option("--key", help="The release key's private key, PEM, if gateways ask for one.")
]
ReleaseKeyId = Annotated[str, typer.Option("--key-id", help="What policy.trust.keys calls it.")]


class Surroundings(Protocol):
    """**Protocol:** the program around these commands."""

    def policy_store(self) -> Path | None:
        """The configured store; None where none is."""
        ...

    def approving(self) -> Trust:
        """Who may publish and approve, and how many must."""
        ...

    def journal(self) -> Journal:
        """Where steps are recorded."""
        ...

    def refused(self, revision: str, since_us: int) -> str | None:
        """Why a gateway's last attempt to load a revision failed, as a code; None where none failed.

        Args:
            since_us: attempts before this moment don't count, microseconds since 1970.

        Raises:
            OSError: the log, which remembers it, can't be read.
        """
        ...


def blobs(context: typer.Context, store: Path | None) -> FolderBlobs:
    """The store that is meant: the option's, else the configured one.

    Raises:
        typer.BadParameter: there is neither; guessing could publish to where no gateway looks.
    """
    house: Surroundings = context.obj
    folder = store or house.policy_store()
    if folder is None:
        raise typer.BadParameter("no store is named: give --store, or policy.store in the settings")
    return FolderBlobs(folder)


def desk(context: typer.Context, store: Path | None) -> Desk:
    """Where steps are taken in that store."""
    house: Surroundings = context.obj
    return Desk(blobs(context, store), house.approving(), house.journal(), lambda: time.time_ns() // 1_000)


def release_key(file: Path | None, key_id: str) -> PrivateKey | None:
    """The release key, if one was given."""
    return PrivateKey.read(file, key_id) if file else None


def step(
    context: typer.Context, store: Path | None, revision: str, take: Callable[[Desk, str], bool], words: Words
) -> None:
    """Take one step of a revision and say what it is now.

    Args:
        revision: how it begins.
        take: takes the step at a desk, and says whether there was one to take.
        words: what is said of a revision that has moved, and of one that had already.
    """
    with told():
        at = desk(context, store)
        chosen = revisions.find(at.blobs, revision)
        moved = take(at, chosen)
    typer.echo(f"{chosen}{words[0] if moved else words[1]}")


@contextmanager
def told() -> Iterator[None]:
    """A refusal in one line: exit code 3 when somebody else was faster, else 1."""
    try:
        with telling.told():
            yield
    except StoreError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(CONFLICT if error.code == "store.conflict" else 1) from None
