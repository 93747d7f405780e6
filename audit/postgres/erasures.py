"""What was erased, as a process that remembers learns of it: a number that grows, asked once a second."""

from collections.abc import Callable

from audit.postgres.session import Session

LOOK_US = 1_000_000


class Erasures:
    """The number of the last erasure.

    Args:
        session: asks, in one thread.
        mono_us: monotonic clock, microseconds.
    """

    def __init__(self, session: Session, mono_us: Callable[[], int]) -> None:
        self._session = session
        self._mono_us = mono_us
        self._seen: tuple[int, int] | None = None  # when it was asked, and what it was

    def generation(self) -> int | None:
        """Return the number if it was asked for less than a second ago; from any thread."""
        seen = self._seen
        return seen[1] if seen is not None and self._mono_us() - seen[0] < LOOK_US else None

    def ask(self) -> int:
        """Return the number as it is now.

        Raises:
            OSError: the database can't be asked.
        """
        began_us = self._mono_us()
        number = int(self._session.row("SELECT erasures() AS number")["number"])
        self._seen = began_us, number
        return number
