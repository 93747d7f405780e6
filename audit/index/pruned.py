"""Where the index begins in a log whose beginning was pruned (C2SP tlog-tiles, "Pruning").

The entries below a minimum index are gone. Their tree is still known by the tiles that stay, and how many
of them each writer had, by what the sequencer states next.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from audit.errors import LogDamaged
from audit.index.merged import WIDTH, bundle_path, tile_path
from audit.index.place import Place
from audit.tlog.tree import HASH_BYTES, Frontier, root_of

_BITS = 8


def minimum(folder: Path) -> int:
    """Return the index of the first entry that is still there; 0 of a log that was never pruned."""
    if (folder / bundle_path(0)).exists() or (folder / (bundle_path(0) + ".p")).exists():
        return 0
    root = folder / "tile" / "entries"
    files = (path for path in root.rglob("*") if path.is_file())
    bundles = (path.parent if path.parent.suffix == ".p" else path for path in files)
    return min((_number(path.relative_to(root)) * WIDTH for path in bundles), default=0)


def tree(folder: Path, index: int, size: int) -> Frontier:
    """Return the tree over the entries before `index`.

    Args:
        folder: the log.
        index: a multiple of 256.
        size: of the log.

    Raises:
        LogDamaged: `log.damaged`: a tile that must stay is not there.
    """
    return frontier(index, lambda level, number: _tile(folder, level, number, size))


def frontier(index: int, tile: Callable[[int, int], bytes]) -> Frontier:
    """Return the tree over the entries before `index`, a multiple of 256, from tiles by level and number."""
    hashes: list[bytes] = []
    for level in range(index.bit_length() // _BITS, 0, -1):
        count = index >> level * _BITS & (WIDTH - 1)
        data = tile(level, index >> (level + 1) * _BITS) if count else b""
        offset = 0
        for bit in reversed(range(_BITS)):
            if count >> bit & 1:
                end = offset + (HASH_BYTES << bit)
                hashes.append(root_of(_split(data[offset:end])))
                offset = end
    return Frontier(index, hashes)


def places(entries: Iterable[bytes]) -> dict[str, Place]:
    """Return how many records of each writer stand before these entries, by the sequencer's statements.

    Reads on until one of them names every writer; who comes later had none before.
    """
    seen: dict[str, int] = {}
    found: dict[str, Place] = {}
    for body in entries:
        try:
            record = orjson.loads(body)
            if record["typ"] == "writer.head":
                for each in record["heads"]:
                    name = each["id"]
                    found.setdefault(name, Place(size=each["size"] - seen.get(name, 0)))
                if record["beat"]:
                    break
            else:
                name = record["writer"]["id"]
                seen[name] = seen.get(name, 0) + 1
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _split(data: bytes) -> Iterable[bytes]:
    return (data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


def _tile(folder: Path, level: int, number: int, size: int) -> bytes:
    width = min(WIDTH, (size >> level * _BITS) - number * WIDTH)
    for path in (folder / tile_path(str(level), number, width), folder / tile_path(str(level), number)):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            continue
    raise LogDamaged("log.damaged", f"{tile_path(str(level), number)} is missing: it outlasts any pruning")


def _number(path: Path) -> int:
    return int("".join(part.removeprefix("x").removesuffix(".p") for part in path.parts))
