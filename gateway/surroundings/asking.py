"""Single decisions of the audit log, for the commands of those who write policies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson

from audit.errors import AuditError
from audit.reading.query import Filter, query
from audit.reading.recall import Span
from bundles.authoring.ports import Decided, Question
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from audit.reading.recall import Recalled
    from audit.reading.source import Source

_MISSING = {
    "erased": "its question was erased",
    "absent": "the log keeps no question of it",
    "altered": "what the log keeps is not the question that was recorded",
    "unasked": "no policy was asked: the gateway refused by itself",
}


def question(
    folder: Path,
    decision_id: str,
    recall: Callable[[Span], Iterable[Recalled]],
    source: Source | None = None,
) -> Question | None:
    """The question that a decision answered; None where the log has no such decision.

    Raises:
        BundleError: `bundle.unreadable`: there is no log, or the question isn't in it any more.
    """
    with unreadable():
        row = next(query(folder, Filter(id=decision_id), source=source), None)
        if row is None:
            return None
        exactly_then = recall(Span(since_us=row.t_us, until_us=row.t_us + 1))
        found = next((each for each in exactly_then if each.id == decision_id), None)
    if found is None:
        return None
    if found.question is None:
        why = _MISSING.get(found.missing, "its question is not at hand")
        raise BundleError("bundle.unreadable", f"decision {decision_id} can't be asked again: {why}")
    return Question(document=orjson.loads(found.question), path=found.path, revision=found.revision or "")


def decisions(folder: Path, source: Source | None = None) -> Iterator[Decided]:
    """The decisions of the log, newest first.

    Raises:
        BundleError: `bundle.unreadable`: there is no log, or it can't be read.
    """
    with unreadable():
        for row in query(folder, Filter(), source=source):
            yield Decided(row.id, row.t_us, row.action, row.reason_code, tuple(row.rules))


@contextmanager
def unreadable() -> Iterator[None]:
    """A log that can't be read, in the words of the room that asks."""
    try:
        yield
    except AuditError as error:
        raise BundleError("bundle.unreadable", str(error)) from None
