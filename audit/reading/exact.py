"""One record with its exact bytes: the leaf that a proof is about. By its id, or by its place in the log."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from audit.errors import LogDamaged, LogUnavailable
from audit.index import merged, pruned
from audit.index.search import Search
from audit.index.wanted import Filter
from audit.reading.query import Stopped, query
from audit.reading.source import FolderSource, Source
from audit.tlog.forms import HASH_BYTES
from audit.tlog.tiles import FULL, Tile, full_tiles, partial_width
from audit.tlog.tree import leaf_hash


@dataclass(frozen=True, slots=True)
class Exact:
    """A record.

    Attributes:
        body: its bytes.
        log_index: its index in the merged log; None while no published checkpoint covers it.
    """

    body: bytes
    log_index: int | None


def by_index(folder: Path, index: int) -> Exact | None:
    """Return an entry of the merged log; None where the checkpoint covers none there, or it was pruned.

    Raises:
        LogDamaged: the files are not those of a log.
        OSError: one can't be read.
    """
    published = merged.checkpoint(folder)
    if published is None or index >= published.size:
        return None
    try:
        return Exact(next(merged.entries(folder, index, index + 1)), index)
    except LogDamaged:
        if index < pruned.minimum(folder):
            return None
        raise


def by_id(folder: Path, record_id: str, stopped: Stopped, source: Source | None = None) -> Exact | None:
    """Return the record of an id; None where no record that has a row of its own bears it.

    An `outcome` or `aborted` is part of its decision's row, which says where it stands.

    Args:
        folder: the log.
        record_id: of a decision or another record.
        stopped: as in `query`.
        source: likewise.

    Raises:
        LogUnavailable, LogDamaged: as `query`.
        OSError: a file can't be read.
    """
    row = next(query(folder, Filter(id=record_id, limit=1, kinds=None), stopped, source), None)
    if row is None:
        return None
    if row.log_index is not None:
        found = by_index(folder, row.log_index)
    else:
        with (source or FolderSource(folder)).reading() as beside:
            body = beside.record(row.writer, row.index)
        found = None if body is None else Exact(body, place_of(folder, leaf_hash(body), stopped))
    if found and orjson.loads(found.body)["id"] != record_id:
        raise LogDamaged("log.damaged", f"what stands in the place of {record_id} is another record")
    return found


def place_of(folder: Path, leaf: bytes, stopped: Stopped) -> int | None:
    """Return where a leaf stands in the merged log; None where no published checkpoint covers it.

    Reads the hashes of what isn't indexed, newest first: without an index all of them, 32 bytes a record.

    Raises:
        LogUnavailable: `query.stopped`. LogDamaged: a tile is missing. OSError: one can't be read.
    """
    published = merged.checkpoint(folder)
    if published is None:
        return None
    last, width = full_tiles(published.size, 0), partial_width(published.size, 0)
    for number in range(last, _indexed(folder) // FULL - 1, -1):
        if stopped():
            raise LogUnavailable("query.stopped", "nobody waits for the answer any more")
        place = _place_in(_hashes(folder, number, width if number == last else FULL), leaf)
        if place is not None:
            return number * FULL + place
    return None


def _indexed(folder: Path) -> int:
    """Return how many entries the index knows."""
    search = Search.open(folder)
    if search is None:
        return 0
    search.close()
    return search.size


def _hashes(folder: Path, number: int, width: int) -> bytes:
    if not width:
        return b""
    for tile in (Tile(0, number, width), Tile(0, number)):
        try:
            return (folder / tile.path).read_bytes()[: width * HASH_BYTES]
        except FileNotFoundError:
            continue
    raise LogDamaged("log.damaged", f"{Tile(0, number, width).path} is missing")


def _place_in(hashes: bytes, leaf: bytes) -> int | None:
    at = hashes.find(leaf)
    while at >= 0 and at % HASH_BYTES:
        at = hashes.find(leaf, at + 1)
    return None if at < 0 else at // HASH_BYTES
