"""The bench of the index asks what it says, of a log that is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.index.merged import checkpoint
from bench import audit_index

if TYPE_CHECKING:
    from pathlib import Path


def test_it_measures_every_kind_of_question(tmp_path: Path) -> None:
    """Each finds rows, and all of the log was indexed."""
    found = audit_index.measure(tmp_path / "audit", 3_000, times=40)
    log = checkpoint(tmp_path / "audit")

    assert log is not None
    assert found.records == log.size == 3_000
    assert found.index_bytes > 0
    assert {each.name for each in found.latencies if each.rows == 0} == set()
