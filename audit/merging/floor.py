"""`pruned.json`: where everybody stood at the minimum index of a pruned log.

What lies below it is known by its hashes only, and a hash doesn't tell whose record it is. So the trees of
the writers at that place are kept. It is no evidence by itself: the sequencer's statements in the log, which
name the writers' roots, agree with nothing else.
"""

from collections.abc import Callable

import orjson

from audit.errors import LogDamaged
from audit.index.pruned import frontier
from audit.merging.progress import Progress
from audit.tlog.tiles import FULL, Tile, full_tiles, partial_width
from audit.tlog.tree import Frontier

NAME = "pruned.json"


def write(progress: Progress, root: bytes) -> bytes:
    """Return the file.

    Args:
        progress: what stands below the minimum index.
        root: the log's root there.
    """
    return orjson.dumps(progress.facts(root) | {"minimum_index": progress.size}, option=orjson.OPT_SORT_KEYS)


def read(data: bytes) -> tuple[Progress, bytes]:
    """Return what `write` was given; of no bytes, what stands before a log that was never pruned.

    Raises:
        LogDamaged: `log.damaged`: it is something else.
    """
    if not data:
        return Progress(), Frontier().root()
    try:
        facts = orjson.loads(data)
        found = Progress.of(facts)
        root, index = bytes.fromhex(facts["root"]), facts["minimum_index"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LogDamaged("log.damaged", f"{NAME} can't be read: {error}") from error
    if found.size != index or index % FULL:
        raise LogDamaged("log.damaged", f"{NAME} names no minimum index")
    return found, root


def below(index: int, root: bytes, size: int, fetch: Callable[[str], bytes]) -> Frontier:
    """Return the log's tree before the minimum index, from the tiles that outlast any pruning.

    Args:
        index: the minimum index.
        root: as the file states it.
        size: number of entries of the log.
        fetch: returns what stands at a path of the layout.

    Raises:
        LogDamaged: `log.damaged`: the file is of another log.
        OSError: a tile can't be read.
    """

    def tile(level: int, number: int) -> bytes:
        full = number < full_tiles(size, level)
        return fetch(Tile(level, number, FULL if full else partial_width(size, level)).path)

    found = frontier(index, tile)
    if found.root() != root:
        raise LogDamaged("log.damaged", f"{NAME} is not of the log whose tiles are here")
    return found
