"""Has the log copied to object storage for as long as this process merges it.

Who stands by copies nothing: another process does. Of a log in a database its folder has only an old part,
and a copy that is ahead of that would look like a log that was rolled back.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from audit.objects.copying import Copying
from audit.objects.target import Target


class Copies:
    """What is done after a turn of the sequencer: the first one begins the copying, in a thread of its own.

    Args:
        folder: the log, or its copy where it is in a database.
        target: where to.
        report: told in words what went wrong.
        interval_s: seconds between copies.
    """

    def __init__(
        self, folder: Path, target: Target, report: Callable[[str], None], interval_s: float
    ) -> None:
        self._make = partial(Copying, folder, target, report, interval_s)
        self._copying: Copying | None = None

    def __call__(self) -> None:
        """Begin, unless that is done."""
        if self._copying is None:
            self._copying = self._make()
            self._copying.__enter__()

    def close(self) -> None:
        """Copy what came last, if that is soon done, and end."""
        if self._copying is not None:
            self._copying.__exit__()
        self._copying = None
