"""The merged log of a database copied into a folder, where `verify`, other readers and a web server find it.

Only adds, behind what is there already, and only what a checkpoint signed by the log covers. What doesn't
continue the folder's own checkpoint is refused: then the database shows another history than it did.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from audit import files
from audit.errors import AuditError, LogDamaged, LogUnavailable, TlogRefused
from audit.keys import PUBLIC, verifiers
from audit.merging.growth import File
from audit.merging.shelf import Shelf
from audit.postgres import identity, schema
from audit.postgres.session import Session
from audit.postgres.shelf import fetch
from audit.postgres.target import Target
from audit.rotation import NOTES, RETIRED, between
from audit.tlog.checkpoint import Checkpoint
from audit.tlog.keys import VerifierKey
from audit.tlog.note import open_note
from audit.tlog.tile_reader import TileReader
from audit.tlog.tiles import FULL, new_bundles, new_tiles
from audit.tlog.tree import EMPTY_ROOT
from audit.vouched import WITNESSED

ORIGIN = "origin.json"
_HEAD = """
SELECT published, witnessed, witnessed_at, extract(epoch FROM now() - witnessed_at)::float8 AS age_s,
  (SELECT coalesce(max(number), 0) FROM rotation) AS changes FROM head
"""


class Mirror:
    """Brings a folder up to date, as often as it is asked.

    Args:
        target: which database; whoever may read it will do.
        folder: where to; made with mode 0700.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self._session = Session(target, "regent mirror")
        self._folder = folder
        self._keys: Sequence[VerifierKey] = ()
        self._note: bytes | None = None
        self._witnessed: object = None
        self._complaint = ""

    def turn(self) -> int:
        """Copy what is new; return how many entries the folder has now.

        Raises:
            LogUnavailable: `log.cannot_open`: there is no such log in the database.
            LogDamaged: `log.forked`, `log.rolled_back`, `log.key`, `log.checkpoint`, `log.origin`.
            OSError: the database can't be asked, or the folder can't be written.
        """
        try:
            return self._turn()
        except OSError:
            self._session.drop()
            raise

    def follow(self, report: Callable[[str], None]) -> None:
        """Copy what is new; what fails is said once, and nothing else depends on it."""
        try:
            self.turn()
        except (OSError, AuditError) as error:
            busy = isinstance(error, LogUnavailable) and error.code == "log.merging"  # a command does it
            if not busy and str(error) != self._complaint:
                report(f"the copy in {self._folder}: {error}")
            self._complaint = str(error)
        else:
            self._complaint = ""

    def part(self) -> None:
        """Part from the database for now; a later turn asks it anew."""
        self._session.drop()

    def close(self) -> None:
        """Part from the database for good."""
        self._session.close()

    def _turn(self) -> int:
        head = self._asked()
        keys = self._keys
        note: bytes | None = head["published"]
        if note is None:
            return 0
        self._tell_age(head)
        size, root = _opened(note, keys)
        if note == self._note:
            return size
        with closing(Shelf(self._folder)) as shelf:
            before = shelf.head()
            had, had_root = _opened(before, keys) if before else (0, EMPTY_ROOT)
            if size < had:
                raise LogDamaged(
                    "log.rolled_back", f"the database has {size} entries, {self._folder} has {had} of them"
                )
            self._insist_it_continues((size, root), (had, had_root))
            shelf.put(self._new(had, size))
            if note != before:
                shelf.swap(before, note)
            shelf.tidy(path for path, width in _grown(had, size) if width == FULL)
        self._note = note
        return size

    def _tell_age(self, head: Any) -> None:
        """Leave the age of the last quorum where this replica's gateway looks, by this machine's clock."""
        if head["witnessed_at"] is None or head["witnessed_at"] == self._witnessed:
            return
        draft, at_s = self._folder / f".{WITNESSED}-{os.getpid()}", time.time() - head["age_s"]
        files.write(draft, b"%d\n" % head["witnessed"])
        os.utime(draft, (at_s, at_s))  # before it stands there: not for a moment may it look younger
        draft.replace(self._folder / WITNESSED)
        self._witnessed = head["witnessed_at"]

    def _asked(self) -> Any:
        """Return how the log stands, once who it is stands in the folder; after a change of its key anew."""
        if not self._keys:
            self._keys = self._begin()
        head = self._session.row(_HEAD)
        if head["changes"] >= len(self._keys):
            self._keys = self._begin()
        return head

    def _begin(self) -> Sequence[VerifierKey]:
        """Write who the log is, or hold what stands there to it; return its keys, the first one first."""
        if not schema.version(self._session):
            raise LogUnavailable("log.cannot_open", "there is no log in the database's schema")
        said = identity.said(self._session)
        if said is None:
            raise LogUnavailable("log.cannot_open", "nobody has written into this log yet")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.create(self._folder / ORIGIN, said.document)
        if (self._folder / ORIGIN).read_bytes() != said.document:
            raise LogDamaged("log.origin", f"{self._folder / ORIGIN} is another log's")
        if verifiers(self._folder)[:1] not in [[], *([key] for key in said.keys)]:
            raise LogDamaged("log.origin", f"{self._folder / PUBLIC} is another log's")
        public = {PUBLIC: f"{said.verifier}\n".encode()}
        if said.notes:
            (self._folder / "keys").mkdir(mode=0o700, exist_ok=True)
            public[NOTES] = between(said.notes)
            public[RETIRED] = "".join(f"{key}\n" for key in said.keys[:-1]).encode()
        for name, data in public.items():
            path = self._folder / name
            if not path.exists() or path.read_bytes() != data:
                files.replace(path, data)
        return said.keys

    def _new(self, had: int, size: int) -> Iterator[File]:
        for path, _ in _grown(had, size):
            yield path, fetch(self._session, path)

    def _insist_it_continues(self, now: tuple[int, bytes], before: tuple[int, bytes]) -> None:
        try:
            reader = TileReader(lambda path: fetch(self._session, path), *now)
            root = reader.root_at(before[0])
        except TlogRefused as error:
            raise LogDamaged("log.damaged", f"the tiles aren't those of the checkpoint: {error}") from error
        if root != before[1]:
            raise LogDamaged("log.forked", f"the database doesn't continue the checkpoint in {self._folder}")


def export_tiles(target: Target, folder: Path) -> int:
    """Copy the merged log into `folder`, or bring the copy there up to date; return how many entries it has.

    Raises:
        LogUnavailable, LogDamaged, OSError: as for `Mirror.turn`.
    """
    with closing(Mirror(target, folder)) as mirror:
        return mirror.turn()


def _opened(note: bytes, keys: Sequence[VerifierKey]) -> tuple[int, bytes]:
    try:
        checkpoint = Checkpoint.parse(open_note(note, keys).text)
    except TlogRefused as error:
        raise LogDamaged("log.checkpoint", f"the checkpoint is not this log's: {error}") from error
    if checkpoint.origin != keys[0].name:
        raise LogDamaged("log.checkpoint", f"the checkpoint is of {checkpoint.origin!r}")
    return checkpoint.size, checkpoint.root


def _grown(had: int, size: int) -> Iterator[tuple[str, int]]:
    """Yield path and width of what a tree needs when it grows."""
    for bundle in new_bundles(had, size):
        yield bundle.path, bundle.width
    for tile in new_tiles(had, size):
        yield tile.path, tile.width
