"""Where a record stands in the merged log, by its id. The index is asked first, and never believed."""

import sqlite3
from contextlib import closing

import orjson

from audit.errors import LogUnavailable
from audit.evidence.published import WHAT_TO_DO, Published
from audit.evidence.refused import EvidenceRefused
from audit.index.search import Search
from audit.index.wanted import Filter
from audit.reading.stream import Bodies, segments


def index_of(published: Published, record_id: str) -> int:
    """Return the index of a record, whatever its kind.

    Raises:
        EvidenceRefused: `evidence.not_merged`: it is in the log, and the checkpoint doesn't cover it yet;
            `evidence.unknown`: the log has no such record, or it was pruned.
        TlogRefused, OSError: the merged log can't be read.
    """
    found = _indexed(published, record_id)
    if found is not None and _is(published.entry(found), record_id):
        return found
    for index, entry in published.entries(published.minimum, published.size):
        if _is(entry, record_id):
            return index
    if _waits(published, record_id):
        raise EvidenceRefused(
            "evidence.not_merged", f"record {record_id} is durable and not merged yet: {WHAT_TO_DO}"
        )
    raise EvidenceRefused("evidence.unknown", f"the log has no record {record_id}")


def _indexed(published: Published, record_id: str) -> int | None:
    search = Search.open(published.folder)
    if search is None:
        return None
    with closing(search):
        try:
            row = next(search.rows(Filter(id=record_id, kinds=None), None), None)
        except (sqlite3.Error, LogUnavailable):
            return None
    fits = row is not None and row.log_index is not None and row.log_index < published.size
    return row.log_index if row is not None and fits else None


def _is(entry: bytes, record_id: str) -> bool:
    if record_id.encode() not in entry:
        return False
    try:
        return bool(orjson.loads(entry)["id"] == record_id)
    except (ValueError, KeyError, TypeError):
        return False


def _waits(published: Published, record_id: str) -> bool:
    """Tell whether a writer has the record in its own log."""
    for path in (path for paths in segments(published.folder).values() for path in paths):
        with path.open("rb") as file:
            if any(_is(body, record_id) for body in Bodies(file)):
                return True
    return False
