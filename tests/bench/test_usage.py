"""The bench of usage reports runs, and sums up what it has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.index.indexer import Index
from bench.audit_index import write_log
from bench.usage import as_segments, take

if TYPE_CHECKING:
    from pathlib import Path


def test_reports_are_the_same_with_an_index_and_without(tmp_path: Path) -> None:
    """Every request of the log, however it is read."""
    folder = tmp_path / "audit"
    write_log(folder, 600)
    with Index(folder) as index:
        index.catch_up()
    indexed = [take(folder, name) for name in ("in all", "by month and tag", "by request")]
    as_segments(folder)
    read = [take(folder, name) for name in ("in all", "by month and tag", "by request")]

    assert [(each.lines, each.requests) for each in indexed] == [(each.lines, each.requests) for each in read]
    assert indexed[2].lines == indexed[0].requests > 200
