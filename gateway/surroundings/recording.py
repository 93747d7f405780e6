"""What the audit log remembers, for rooms that know no log: what can't be read is an `OSError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from audit.errors import AuditError
from audit.reading.query import Filter, query
from audit.reading.recall import Recall
from audit.reading.stream import events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.reading.recall import Recalled


class Recording(Recall):
    """Recorded decisions with their questions."""

    @override
    def __iter__(self) -> Iterator[Recalled]:
        try:
            yield from super().__iter__()
        except AuditError as error:
            raise OSError(str(error)) from None


def shadow_periods(folder: Path, since_us: int) -> Iterator[dict[str, Any]]:
    """The records of `policy.shadow` that were written since then.

    Raises:
        OSError: the log can't be read.
    """
    try:
        for found in events(folder, "policy.shadow"):
            if found["t_us"] >= since_us:
                yield found
    except AuditError as error:
        raise OSError(str(error)) from None


def refusal(folder: Path, revision: str, since_us: int) -> str | None:
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
        for row in query(folder, wanted):
            if row.revision == revision:
                newest.setdefault(row.writer, row.reason_code if row.action == "refused" else None)
    except AuditError as error:
        raise OSError(str(error)) from None
    return next((code for _, code in sorted(newest.items()) if code is not None), None)
