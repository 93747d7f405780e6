"""When to ask a bundle server again: at once if it holds questions, else in turns, rarer after failures."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_BACKOFF_S: Final = 0.5
LAST_BACKOFF_S: Final = 30.0
LEAST_S: Final = 1.0
"""Between two questions that brought nothing: a server that says it waits, and doesn't, is not stormed."""


class Pace:
    """How long to wait before the next question.

    Args:
        poll_s: seconds between two questions to a server that doesn't hold them.
        chance: a number from 0 to 1, evenly spread; so that gateways don't come back all at once.
    """

    def __init__(self, poll_s: float, chance: Callable[[], float] | None = None) -> None:
        self._poll_s = poll_s
        self._chance = chance or secrets.SystemRandom().random
        self._failures = 0

    def after_failure(self) -> float:
        """Seconds to wait: about twice as long each time, and somewhere in the upper half of it."""
        ceiling = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return ceiling * (0.5 + self._chance() / 2)

    def after_answer(self, *, news: bool, held: bool, took_s: float) -> float:
        """Seconds to wait.

        Args:
            news: whether it brought a bundle that wasn't known.
            held: whether the server holds questions until there is something new.
            took_s: how long the answer took, in seconds.
        """
        self._failures = 0
        if not held:
            return self._poll_s * (0.9 + self._chance() / 10)
        return 0.0 if news else max(0.0, LEAST_S - took_s)
