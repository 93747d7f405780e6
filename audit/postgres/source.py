"""What a reader needs besides the copy of the merged log: asked of the database, in a connection of its own.

A writer's records that no checkpoint covers yet are read from its rows, in either direction, some at a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from audit.errors import LogUnavailable
from audit.index.indexer import Index
from audit.index.place import Place
from audit.postgres.mirror import export_tiles
from audit.postgres.session import Session
from audit.postgres.target import Target
from audit.reading.tail import Unmerged

_ROWS = 512
_STRETCH_ROWS = 65_536
"""Clocks may step back, but hardly for so long: see `Unmerged.newest_first`."""
_STEP = 65_536

_KNOWN = "SELECT known($1) AS sref"
_WRITERS = "SELECT name, size FROM writer ORDER BY name"
_UP = "SELECT at, body FROM entry WHERE writer = $1 AND at >= $2 AND at < $3 ORDER BY at LIMIT $4"
_DOWN = "SELECT at, body FROM entry WHERE writer = $1 AND at >= $2 AND at < $3 ORDER BY at DESC LIMIT $4"
_ONE = "SELECT body FROM entry WHERE writer = $1 AND at = $2"


class TableSource:
    """**Adapter** of a database to `audit.reading.source.Source`.

    Args:
        target: as a member of the writers.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    @contextmanager
    def reading(self) -> "Iterator[TableReading]":
        """See `Source.reading`."""
        session = Session(self._target, "regent reader")
        try:
            yield TableReading(session)
        finally:
            session.close()


class TableReading:
    """**Adapter** of a connection to `audit.reading.source.Beside`.

    Args:
        session: asks; this reader's own.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def look_up(self, subject: str) -> str | None:
        """See `Beside.look_up`."""
        if "\x00" in subject:
            return None
        try:
            found = self._session.row(_KNOWN, subject)["sref"]
        except UnicodeEncodeError:
            return None
        except OSError as error:
            raise LogUnavailable("vault.unavailable", f"the map of subjects: {error}") from error
        return str(found) if found else None

    def tails(self, places: dict[str, Place]) -> Sequence[Unmerged]:
        """See `Beside.tails`."""
        sizes = {row["name"]: row["size"] for row in self._session.fetch(_WRITERS)}
        begins = {name: places[name].size if name in places else 0 for name in sizes}
        return [
            TableTail(self._session, name, begins[name], size)
            for name, size in sizes.items()
            if size > begins[name]
        ]

    def record(self, writer: str, index: int) -> bytes | None:
        """See `Beside.record`."""
        row = self._session.row(_ONE, writer, index)
        return bytes(row["body"]) if row else None


class TableTail:
    """**Adapter** of one writer's rows to `audit.reading.tail.Unmerged`.

    Args:
        session: asks.
        writer: whose.
        start: index of the first record that is wanted.
        end: index behind the last one.
    """

    def __init__(self, session: Session, writer: str, start: int, end: int) -> None:
        self._session = session
        self._writer = writer
        self._start = start
        self._end = end

    def oldest_first(self) -> Iterator[bytes]:
        """See `Unmerged.oldest_first`."""
        at = self._start
        while at < self._end:
            rows = self._session.fetch(_UP, self._writer, at, self._end, _ROWS)
            if not rows:
                return
            yield from (row["body"] for row in rows)
            at = rows[-1]["at"] + 1

    def newest_first(self) -> Iterator[list[tuple[int, bytes]]]:
        """See `Unmerged.newest_first`."""
        end, read = self._end, 0
        while end > self._start:
            rows = self._session.fetch(_DOWN, self._writer, self._start, end, _ROWS)
            if not rows:
                return
            yield [(row["at"], row["body"]) for row in rows]
            end, read = rows[-1]["at"], read + len(rows)
            if read >= _STRETCH_ROWS or end == self._start:
                yield []
                read = 0


def refresh(target: Target, folder: Path) -> None:
    """Bring a copy of the merged log and its index up to date, unless a sequencer of this folder does.

    Raises:
        LogUnavailable, LogDamaged: there is no such log, or it isn't the one that was copied.
        OSError: the database can't be asked, or the folder can't be written.
    """
    with _unless("log.merging"):
        export_tiles(target, folder)
    if (folder / "checkpoint").exists():
        with _unless("index.busy"), Index(folder) as index:
            found = index.catch_up(_STEP)
            while found.size < found.of:
                found = index.catch_up(_STEP)


@contextmanager
def _unless(code: str) -> Iterator[None]:
    """Leave to another process what it does already."""
    try:
        yield
    except LogUnavailable as error:
        if error.code != code:
            raise
