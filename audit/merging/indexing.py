"""Keeps the index beside the sequencer: after each turn, what was merged is indexed.

The index is no part of any promise: what goes wrong with it is said once, and tried anew with the next turn.
"""

from collections.abc import Callable
from pathlib import Path

from audit.errors import AuditError, LogUnavailable
from audit.index.indexer import Index

_AT_MOST = 65_536


class Indexing:
    """What is done after a turn of the sequencer.

    Args:
        folder: the log.
        report: told in words what went wrong.
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._report = report
        self._index: Index | None = None
        self._said = ""

    def __call__(self) -> None:
        """Bring the index to the checkpoint, or a good way there: the next turn is waiting."""
        try:
            if self._index is None:
                self._index = Index(self._folder)
            self._index.catch_up(_AT_MOST)
        except (OSError, AuditError) as error:
            self.close()
            busy = isinstance(error, LogUnavailable) and error.code == "index.busy"
            if not busy and str(error) != self._said:
                self._said = str(error)
                self._report(f"the index: {error}")
        else:
            self._said = ""

    def close(self) -> None:
        """Let go of the index."""
        if self._index is not None:
            self._index.close()
        self._index = None
