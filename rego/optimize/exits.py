"""The ways out of a block, and what they are for the block around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Exit:
    """How a block, or a statement in it, may be left.

    Args:
        goes_on: Whether its end may be reached, or the statement after it.
        stops: Whether the block may be left there, and nothing else.
        breaks: How many blocks more may be left with it.
        returns: Whether the function may end.
    """

    goes_on: bool
    stops: bool
    breaks: frozenset[int] = frozenset()
    returns: bool = False

    @property
    def only_goes_on(self) -> bool:
        """Whether its end is always reached."""
        return self.goes_on and not (self.stops or self.breaks or self.returns)

    @property
    def lets_on(self) -> bool:
        """Whether what follows the block may be reached."""
        return self.goes_on or self.stops

    def whatever(self) -> Exit:
        """Return the ways out where it makes no difference if the end is reached or the block is left."""
        if not self.stops:
            return self
        return Exit(goes_on=True, stops=False, breaks=self.breaks, returns=self.returns)

    def and_then(self, following: Exit) -> Exit:
        """Return the ways out of this and of what is reached by its end."""
        if not self.goes_on:
            return self
        if self is GOES_ON or following is GOES_ON:
            return following if self is GOES_ON else self
        return Exit(
            following.goes_on,
            self.stops or following.stops,
            self.breaks | following.breaks,
            self.returns or following.returns,
        )

    def around(self, *, goes_on: bool, stops: bool) -> Exit:
        """Return the ways out of the block around a statement that has this block in it.

        Args:
            goes_on: Whether the statement after it may be reached.
            stops: Whether the statement itself may stop the block around it.
        """
        if not self.breaks:
            return Exit(goes_on, stops, returns=self.returns)
        further = frozenset(levels - 1 for levels in self.breaks if levels > 1)
        return Exit(goes_on, stops or 1 in self.breaks, further, self.returns)


GOES_ON: Final = Exit(goes_on=True, stops=False)
STOPS: Final = Exit(goes_on=False, stops=True)
MAY_STOP: Final = Exit(goes_on=True, stops=True)
RETURNS: Final = Exit(goes_on=False, stops=False, returns=True)
