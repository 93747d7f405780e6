"""The sliding window: what was used in the last stretch of time, in at most 61 slices.

A use belongs to the slice of its reservation's moment, and is counted as long as its slice may hold one that
is younger than the window. So no stretch of the window's length ever sees more than is allowed, and what is
free again comes at most a sixtieth of the window late. A generic cell rate algorithm would admit twice the
number within one window, and two weighted buckets are right only on average: neither could be checked
against a log. Pure memory; knows neither keys nor limits.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SLICES = 60
MOST = 2**53 - 1
"""Where every number stops: the last integer that each backend and each reader of JSON holds exactly."""
FOREVER_US = 2**62
"""Later than any moment."""


class Slices:
    """Uses by slice, of one quantity or of several that share their slices.

    Args:
        window_us: how long a use counts.
        first: number of the slice with which `uses` begin, counted from the epoch.
        uses: for each quantity its uses, slice by slice without a gap; all of one length.
    """

    __slots__ = ("first", "slice_us", "uses", "window_us")

    def __init__(self, window_us: int, first: int, uses: Sequence[list[int]]) -> None:
        self.window_us = window_us
        self.slice_us = -(-window_us // SLICES)
        self.first = first
        self.uses = uses

    def turn(self, now_us: int) -> None:
        """Drop what the window has left behind, and bring what lies in the future into the present.

        Something lies in the future only where a clock went back. It counts for a whole window from now, so
        that such a clock frees nothing and doesn't block for ever.
        """
        gone = (now_us - self.window_us) // self.slice_us - self.first
        if gone > 0:
            self.first += gone
            for uses in self.uses:
                del uses[:gone]
        present = now_us // self.slice_us
        if self.first + len(self.uses[0]) - 1 > present:
            self._fold(present)

    def add(self, at_us: int, changes: Sequence[int], now_us: int) -> None:
        """Change what was used at a moment, and turn.

        Where the moment's slice isn't counted any more nothing changes, and where a clock has gone back and
        the slice was moved, nothing is taken away: it could only be another's use. No slice falls below
        nothing.

        Args:
            at_us: the use's moment.
            changes: by how much, for each quantity; negative for what wasn't used after all.
            now_us: the present.
        """
        number = at_us // self.slice_us
        if not 0 <= number - self.first < len(self.uses[0]):
            self.turn(now_us)
            present = now_us // self.slice_us
            if number > present:
                number, changes = present, [max(0, change) for change in changes]
            if number < (now_us - self.window_us) // self.slice_us:
                return
            self._reach(number)
        at = number - self.first
        for uses, change in zip(self.uses, changes, strict=True):
            uses[at] = min(max(0, uses[at] + change), MOST)
        self.turn(now_us)

    def total(self, quantity: int) -> int:
        """Return how much of a quantity counts, as of the last turn."""
        return min(sum(self.uses[quantity]), MOST)

    def free_us(self, quantity: int, least: int) -> int | None:
        """Return when at least so much of a quantity has left, as of the last turn; None if never."""
        for at, left in enumerate(accumulate(self.uses[quantity])):
            if left >= least:
                return self._leaves_us(at)
        return None

    def empty_us(self, quantity: int) -> int | None:
        """Return when all of a quantity has left, as of the last turn; None if there is nothing of it."""
        uses = self.uses[quantity]
        at = len(uses) - 1
        while at >= 0 and not uses[at]:
            at -= 1
        return None if at < 0 else self._leaves_us(at)

    def gone_us(self) -> int:
        """Return from when on nothing of this means anything."""
        return self._leaves_us(len(self.uses[0]) - 1)

    def _leaves_us(self, at: int) -> int:
        return (self.first + at + 1) * self.slice_us + self.window_us

    def _fold(self, present: int) -> None:
        keep = max(0, present - self.first)
        for uses in self.uses:
            uses[keep:] = [min(sum(uses[keep:]), MOST)]
        self.first = min(self.first, present)

    def _reach(self, number: int) -> None:
        """Make room for a slice; no further away than a window, since all that is there has turned."""
        length = len(self.uses[0])
        if not length:
            self.first = number
        before, behind = max(0, self.first - number), max(0, number - self.first + 1 - length)
        self.first -= before
        for uses in self.uses:
            uses[:0] = [0] * before
            uses.extend([0] * behind)
