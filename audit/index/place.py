"""How far the merged log is with one writer, and where in its segments that writer goes on."""

from dataclasses import dataclass


@dataclass(slots=True)
class Place:
    """How far the merged log is with one writer.

    Attributes:
        size: records of the writer that are merged: the index of its next one.
        boot: boot of the last one.
        wseq: its number in that boot.
        segment: index of the first record of the segment that the next one is in; None while unknown.
        offset: where in that segment the next one begins, if it is not in a newer one.
    """

    size: int = 0
    boot: int = -1
    wseq: int = -1
    segment: int | None = None
    offset: int = 0
