"""Pruning by a minimum index, as C2SP tlog-tiles describes it: what may go without changing the tree.

A full tile, or bundle, may go when its end index is at most the minimum. What stays proves every entry from
the minimum on, to every tree that is at least as large, and every such tree to every other: whatever lies
wholly below it is covered by one hash of a tile that stays. Numbers only; touches no file.
"""

from collections.abc import Iterator, Sequence

from audit.tlog.tiles import FULL, Bundle, Tile

WIDTH = FULL


def aligned(index: int) -> int:
    """Return the largest minimum index that is at most `index`: minimums are multiples of 256."""
    return index - index % WIDTH


def prunable(size: int, minimum: int) -> Iterator[str]:
    """Yield the paths of the full tiles and bundles that may go, from the bottom up.

    Partial tiles of the same place (`<path>.p/<W>`) may go with them.

    Args:
        size: number of entries of the log's checkpoint.
        minimum: the least index that stays, a multiple of 256, at most `size`.

    Raises:
        ValueError: when the minimum is no such number.
    """
    if minimum % WIDTH or not 0 <= minimum <= size:
        raise ValueError("a minimum index is a multiple of 256 from 0 to the log's size")
    for number in range(minimum // WIDTH):
        yield bundle_path(number)
    level, span = 0, WIDTH
    while span <= minimum:
        for number in range(minimum // span):
            yield Tile(level, number).path
        level, span = level + 1, span * WIDTH


def bundle_path(number: int) -> str:
    """Return the path of a full entry bundle."""
    return Bundle(number).path


def whole_below(starts: Sequence[int], merged: int) -> int:
    """Return how many of a writer's first segments lie wholly below the minimum.

    Args:
        starts: index of the first record of each segment, rising; the last segment always stays.
        merged: how many of the writer's records stand in the merged log below the minimum.
    """
    return sum(1 for after in starts[1:] if after <= merged)
