"""Publishing in a database what witnesses have signed: the head's checkpoint with their lines, and when."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from audit.errors import LogDamaged
from audit.merging.cosigning import goes_on
from audit.postgres.session import Session
from audit.postgres.shelf import fetch
from audit.postgres.target import Target

_READ = "SELECT published FROM head"
_PUBLISH = "UPDATE head SET published = $2 WHERE published IS NOT DISTINCT FROM $1"
_VOUCH = "UPDATE head SET witnessed = $1, witnessed_at = now() WHERE coalesce(witnessed, 0) <= $1"


class TablePublisher:
    """**Adapter** of a database to `audit.merging.cosigning.Publisher`, in a connection of its own.

    Args:
        target: as a member of the sequencers.
    """

    def __init__(self, target: Target) -> None:
        self._session = Session(target, "regent cosigning")
        self._one_at_a_time = Lock()

    def fetch(self, path: str) -> bytes:
        """See `Publisher.fetch`."""
        with self._asking():
            return fetch(self._session, path)

    def publish(self, note: bytes) -> None:
        """See `Publisher.publish`."""
        with self._asking():
            before = self._session.row(_READ)["published"]
            if not goes_on(before, note):
                return
            if self._session.run(_PUBLISH, before, note) != "UPDATE 1":
                raise LogDamaged("log.head_moved", "somebody else publishes in the database")

    def vouch(self, size: int) -> None:
        """See `Publisher.vouch`: by the server's clock, since other replicas read it."""
        with self._asking():
            self._session.run(_VOUCH, size)

    def close(self) -> None:
        """See `Publisher.close`."""
        with self._one_at_a_time:
            self._session.close()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """One question at a time; after a failure in a new connection."""
        with self._one_at_a_time:
            try:
                yield
            except FileNotFoundError:
                raise
            except OSError:
                self._session.drop()
                raise
