"""A database as the place of a log, for whoever merges it."""

from contextlib import ExitStack
from pathlib import Path

from audit.errors import LogUnavailable
from audit.keys import LogKeys
from audit.merging.loop import Pace
from audit.postgres import demands, identity
from audit.postgres.session import Session
from audit.postgres.shelf import PostgresShelf
from audit.postgres.target import Target
from audit.postgres.writers import TableWriters

PAUSE_S = 0.2
"""Between two tries of one that stands by; each waits for up to a second, and is over when the other ends."""


class Database:
    """**Adapter** of a database to `loop.Place`.

    Args:
        target: which, as a member of the sequencers.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._verifier = ""
        self._session: Session | None = None
        self._changes: int | None = None

    def stamp(self) -> int | None:
        """See `loop.Place.stamp`: how often the key was changed, as far as this has seen.

        Raises:
            OSError: the database can't be asked.
        """
        if self._session is not None:
            self._changes = identity.changes(self._session)
        return self._changes

    def open(self, opened: ExitStack, *, apart: bool = False) -> tuple[TableWriters, PostgresShelf]:
        """See `loop.Place.open`.

        Raises:
            LogUnavailable: `log.empty`, `log.merging`.
        """
        session = Session(self._target, "regent sequencer")
        opened.callback(self._part, session)
        demands.insist(session)
        said = identity.said(session)
        if said is None:
            raise LogUnavailable("log.empty", "nobody has written into the log in the database yet")
        self._verifier, self._changes = said.verifier, len(said.notes)
        shelf = PostgresShelf(session, apart=apart, changes=self._changes)
        self._session = session
        return TableWriters(session), shelf

    def keys(self, folder: Path, origin: str) -> LogKeys:
        """Return the log's keys for signing, which must be those that the database knows; after `open`.

        Raises:
            LogUnavailable: `log.no_key`.
            LogDamaged: `log.key`.
            OSError: a file can't be read.
        """
        return identity.keys(folder, origin, self._verifier)

    def _part(self, session: Session) -> None:
        self._session = None
        session.close()


def pace(interval_s: float) -> Pace:
    """Return how often to merge here: who stands by takes over at once."""
    return Pace(interval_s=interval_s, pause_s=PAUSE_S)
