"""What a reader needs of a log besides the files of the merged one: who is who, and what isn't merged yet.

In a folder both lie beside the merged log. Of a log in a database the folder is a copy that a sequencer
keeps, with its index, and these two are asked of the database.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from audit.index.place import Place
from audit.reading.stream import Bodies
from audit.reading.tail import Unmerged, tails_of
from audit.vault.pseudonyms import look_up


class Beside(Protocol):
    """**Protocol:** what stands beside the merged log, for one reader in one thread."""

    def look_up(self, subject: str) -> str | None:
        """Return the pseudonym of a subject, or None; makes none.

        Raises:
            LogUnavailable: `vault.unavailable`.
        """
        ...

    def tails(self, places: dict[str, Place]) -> Sequence[Unmerged]:
        """Return what each writer has behind what is indexed.

        Args:
            places: how far the index is with each; none without an index.

        Raises:
            LogUnavailable: `log.cannot_open`: there is nothing to read.
            OSError: it can't be read.
        """
        ...

    def record(self, writer: str, index: int) -> bytes | None:
        """Return a record as its writer logged it; None where it isn't at hand.

        Raises:
            OSError: it can't be read.
        """
        ...


class Source(Protocol):
    """**Protocol:** where that is."""

    def reading(self) -> AbstractContextManager[Beside]:
        """Open it for one reader.

        Raises:
            OSError: it can't be asked.
        """
        ...


class FolderSource:
    """**Adapter** of a log's own folder to `Source`.

    Args:
        folder: the log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def reading(self) -> "Iterator[FolderSource]":
        """See `Source.reading`: there is nothing to open."""
        yield self

    def look_up(self, subject: str) -> str | None:
        """See `Beside.look_up`."""
        return look_up(self._folder / "vault" / "subjects.db", subject)

    def tails(self, places: dict[str, Place]) -> Sequence[Unmerged]:
        """See `Beside.tails`."""
        return tails_of(self._folder, places)

    def record(self, writer: str, index: int) -> bytes | None:
        """See `Beside.record`."""
        paths = sorted((self._folder / "writers" / writer / "seg").glob("[0-9]*.log"))
        path = next((each for each in reversed(paths) if int(each.stem) <= index), None)
        if path is None:
            return None
        with path.open("rb") as file:
            return next(islice(Bodies(file), index - int(path.stem), None), None)
