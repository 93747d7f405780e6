"""What the audit log remembers, for rooms that know no log: what can't be read is an `OSError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.errors import AuditError
from audit.reading.query import Filter, query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audit.reading.recall import MergedRecall, Recall, Recalled
    from audit.reading.source import Source


class Recording:
    """Recorded decisions with their questions.

    Args:
        recall: reads them.
    """

    def __init__(self, recall: Recall | MergedRecall) -> None:
        self._recall = recall

    @property
    def total_bytes(self) -> int:
        """How much there is to read."""
        return self._recall.total_bytes

    @property
    def read_bytes(self) -> int:
        """How far the reading is."""
        return self._recall.read_bytes

    @property
    def damaged(self) -> list[str]:
        """Places that hold what could not be read."""
        return self._recall.damaged

    @property
    def torn(self) -> list[str]:
        """Segments whose end is being written, or was torn."""
        return self._recall.torn

    def __iter__(self) -> Iterator[Recalled]:
        """Yield them, once.

        Raises:
            OSError: the log can't be read.
        """
        try:
            yield from self._recall
        except AuditError as error:
            raise OSError(str(error)) from None


def shadow_periods(
    events: Callable[[str], Iterator[dict[str, Any]]], since_us: int
) -> Iterator[dict[str, Any]]:
    """The records of `policy.shadow` that were written since then.

    Args:
        events: gives the records of a kind.
        since_us: microseconds UTC.

    Raises:
        OSError: the log can't be read.
    """
    try:
        for found in events("policy.shadow"):
            if found["t_us"] >= since_us:
                yield found
    except AuditError as error:
        raise OSError(str(error)) from None


def refusal(folder: Path, revision: str, since_us: int, source: Source | None = None) -> str | None:
    """The code for which a gateway refused a revision; None where none did, or none tried.

    Of each writer its newest attempt counts: whoever was refused and then took it has it.

    Raises:
        OSError: the log can't be read.
    """
    if not (folder / "origin.json").is_file():
        return None
    wanted = Filter(kinds=frozenset({"policy.load"}), since_us=since_us)
    newest: dict[str, str | None] = {}
    try:
        for row in query(folder, wanted, source=source):
            if row.revision == revision:
                newest.setdefault(row.writer, row.reason_code if row.action == "refused" else None)
    except AuditError as error:
        raise OSError(str(error)) from None
    return next((code for _, code in sorted(newest.items()) if code is not None), None)
