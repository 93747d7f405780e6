"""The merged log in a database: pieces of tiles and bundles that are only added, and one head.

A tile only grows, so a turn adds what is new of it, and nothing is ever written again. The pieces of a turn
and the move of the head are one transaction: there is nothing beyond the head, and two sequencers can't make
two continuations of one. Without witnesses the head is published with the same move.
"""

from collections.abc import Iterable
from contextlib import suppress

from audit.errors import LogDamaged, LogUnavailable
from audit.merging.growth import File
from audit.postgres.session import Session
from audit.tlog.tiles import FULL, Bundle, Tile, parse_path

ENTRIES = -1
STAND_BY_MS = 1_000

_ADD = "INSERT INTO piece (level, tile, start, width, data) VALUES ($1, $2, $3, $4, $5)"
_PIECES = "SELECT start, width, data FROM piece WHERE level = $1 AND tile = $2 AND start < $3 ORDER BY start"
_AS_BEFORE = "note IS NOT DISTINCT FROM $1 AND (SELECT coalesce(max(number), 0) FROM rotation) = $3"
_SWAP = f"UPDATE head SET note = $2, published = $2 WHERE {_AS_BEFORE}"  # noqa: S608 - a constant
_MOVE = f"UPDATE head SET note = $2 WHERE {_AS_BEFORE}"  # noqa: S608 - likewise


class PostgresShelf:
    """**Adapter** of the database to `sequencer.Shelf`, held by one session.

    Args:
        session: connected as a sequencer; nobody else's. It waits up to a second for another one to end.
        apart: whether somebody else publishes what the head was moved to.
        changes: how often the log had changed its key when its holder's key was its key.

    Raises:
        LogUnavailable: `log.merging`: another process merges this log.
        OSError: the database can't be asked.
    """

    def __init__(self, session: Session, *, apart: bool = False, changes: int = 0) -> None:
        self._session = session
        self._changes = changes
        self._move = _MOVE if apart else _SWAP
        self._within = False
        self._there: dict[tuple[int, int], tuple[int, int]] = {}  # tile -> width and bytes
        name = f"{session.target.schema}/merge"
        session.run(f"SET lock_timeout = {min(STAND_BY_MS, session.lock_timeout_ms)}")
        try:
            session.run("SELECT pg_advisory_lock(hashtextextended($1, 0))", name)
        except BlockingIOError:
            raise LogUnavailable("log.merging", "another process merges the log in the database") from None
        finally:
            with suppress(OSError):
                session.run(f"SET lock_timeout = {session.lock_timeout_ms}")

    def fetch(self, path: str) -> bytes:
        """Return what stands at a path of the layout, for a width that was published once.

        Raises:
            FileNotFoundError: nothing does.
            OSError: the database can't be asked.
        """
        return fetch(self._session, path)

    def put(self, files: Iterable[File]) -> None:
        """Add what is new of bundles and tiles; durable, and there for others, with the next `swap`.

        Raises:
            LogDamaged: `log.damaged`: something less stands there already.
            OSError: the database refuses.
        """
        pieces = []
        for path, data in files:
            level, tile, width = _place(path)
            have, length = self._known(level, tile)
            if width > have:
                pieces.append((level, tile, have, width - have, data[length:]))
                self._there[level, tile] = width, len(data)
        if not pieces:
            return
        if not self._within:
            self._session.run("BEGIN")
            self._within = True
        self._session.run_many(_ADD, pieces)

    def head(self) -> bytes | None:
        """Return the log's head, None of a log that has none."""
        note: bytes | None = self._session.row("SELECT note FROM head")["note"]
        return note

    def swap(self, before: bytes | None, after: bytes) -> None:
        """Make a checkpoint the head in place of the one that it continues, with all that was put for it.

        Raises:
            LogDamaged: `log.head_moved`: somebody else has moved it, or the log has another key.
            OSError: the database refuses; either stands.
        """
        if self._session.run(self._move, before, after, self._changes) != "UPDATE 1":
            raise LogDamaged(
                "log.head_moved", "somebody else has moved the head in the database, or the key was changed"
            )
        if self._within:
            self._session.run("COMMIT")
            self._within = False

    def tidy(self, completed: Iterable[str]) -> None:
        """Forget how much stands of tiles that are full; there is nothing to take away."""
        for path in completed:
            self._there.pop(_place(path)[:2], None)

    def hint(self) -> bytes:
        """Return what `leave_hint` left last; nothing where it left none."""
        return bytes(self._session.row("SELECT hint FROM head")["hint"] or b"")

    def floor(self) -> bytes:
        """Return nothing: a log in a database isn't pruned."""
        return b""

    def leave_hint(self, data: bytes) -> None:
        """Keep something that spares the next start work; a server that refuses only costs that work."""
        with suppress(OSError):
            self._session.run("UPDATE head SET hint = $1", data)

    def _known(self, level: int, tile: int) -> tuple[int, int]:
        if (level, tile) not in self._there:
            rows = self._session.fetch(_PIECES, level, tile, FULL)
            self._there[level, tile] = _contiguous(rows), sum(len(row["data"]) for row in rows)
        return self._there[level, tile]


def fetch(session: Session, path: str) -> bytes:
    """Return what stands at a path of the layout; see `PostgresShelf.fetch`."""
    level, tile, width = _place(path)
    rows = session.fetch(_PIECES, level, tile, width)
    if _contiguous(rows) != width:
        raise FileNotFoundError(2, "the database has no such tile", path)
    return b"".join(row["data"] for row in rows)


def _place(path: str) -> tuple[int, int, int]:
    found: Tile | Bundle = parse_path(path)
    return (found.level if isinstance(found, Tile) else ENTRIES), found.index, found.width


def _contiguous(rows: Iterable[dict[str, int]]) -> int:
    """Return the width of pieces that follow each other."""
    width = 0
    for row in rows:
        if row["start"] != width:
            raise LogDamaged("log.damaged", "a tile in the database has a hole")
        width += row["width"]
    return width
