"""Pruning by a minimum index, as C2SP tlog-tiles describes it: what may go without changing the tree.

tlog-tiles lets bundles and tiles go whose end index is at most the minimum. Here bundles go, and tiles stay:
32 bytes an entry, and every checkpoint, receipt and proof that anybody ever kept can still be held against
the log. With the tiles gone, a log could be pruned to get rid of them. Numbers only; touches no file.
"""

from collections.abc import Iterator, Sequence

from audit.tlog.tiles import FULL, Bundle

WIDTH = FULL


def aligned(index: int) -> int:
    """Return the largest minimum index that is at most `index`: minimums are multiples of 256."""
    return index - index % WIDTH


def prunable(size: int, minimum: int) -> Iterator[str]:
    """Yield the paths of the full bundles that may go, in their order.

    Partial bundles of the same place (`<path>.p/<W>`) may go with them.

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
