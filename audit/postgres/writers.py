"""The writers of a log in a database: each has a place in one table and its records in another.

What one statement sees of both is of one moment, and a writer's place is moved with its records; so what a
place promises is there, in order and without holes. What else is committed meanwhile waits for the next turn.
"""

from datetime import date

from audit.errors import LogDamaged
from audit.postgres.session import Session
from audit.tlog.tree import Frontier, leaf_hash

MOST_ROWS = 1024

_PLACES = "SELECT name, size FROM writer WHERE size > 0"
_DAY = "SELECT day FROM entry WHERE writer = $1 AND at = $2"
_NEXT = """
SELECT at, day, body FROM entry WHERE writer = $1 AND at >= $2 AND at < $3 AND day >= $4 ORDER BY at LIMIT $5
"""
_BEFORE_ALL = date(1970, 1, 1)


class Rows:
    """One writer's log, read from a place on: a `sequencer.Run`.

    Args:
        session: asks.
        name: id of the writer.
        frontier: the tree over the records before that place; owned from now on.

    Attributes:
        size: how many records the writer was promised; set by whoever has looked.
    """

    def __init__(self, session: Session, name: str, frontier: Frontier) -> None:
        self.name = name
        self.size = 0
        self._session = session
        self._frontier = frontier
        self._day: date | None = None

    def read(self) -> list[bytes]:
        """See `sequencer.Run.read`.

        Raises:
            LogDamaged: `log.rolled_back`, `log.damaged`: records that were promised aren't there.
            OSError: the database can't be asked.
        """
        at = self._frontier.size
        if self.size < at:
            raise LogDamaged(
                "log.rolled_back", f"{self.name} has {self.size} records; {at} of it were merged"
            )
        if self.size == at:
            return []
        rows = self._session.fetch(_NEXT, self.name, at, self.size, self._begin(), MOST_ROWS)
        wanted = min(self.size - at, MOST_ROWS)
        if [row["at"] for row in rows] != list(range(at, at + wanted)):
            raise LogDamaged("log.damaged", f"records of {self.name} from {at} on were promised and are gone")
        self._day = rows[-1]["day"]
        bodies = [row["body"] for row in rows]
        for body in bodies:
            self._frontier.append(leaf_hash(body))
        return bodies

    def _begin(self) -> date:
        """Return a day before which nothing follows: a writer's days never go back."""
        if self._day is None and self._frontier.size:
            row = self._session.row(_DAY, self.name, self._frontier.size - 1)
            self._day = row["day"] if row else None
        return self._day or _BEFORE_ALL


class TableWriters:
    """**Adapter** of the tables to `sequencer.Writers`.

    Args:
        session: asks.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._runs: dict[str, Rows] = {}

    def follow(self, merged: dict[str, Frontier]) -> list[Rows]:
        """See `sequencer.Writers.follow`."""
        sizes = {row["name"]: row["size"] for row in self._session.fetch(_PLACES)}
        for name in sorted(merged.keys() - sizes.keys()):
            raise LogDamaged("log.rolled_back", f"the log of writer {name} is gone, and was merged before")
        for name, size in sizes.items():
            if name not in self._runs:
                self._runs[name] = Rows(self._session, name, merged.setdefault(name, Frontier()))
            self._runs[name].size = size
        return [self._runs[name] for name in sorted(self._runs)]
