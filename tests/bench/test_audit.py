"""`make bench-audit` on a log of few records."""

from pathlib import Path

from bench import audit


def test_every_way_is_measured(tmp_path: Path) -> None:
    """Appends beside SQLite and a chain for each number of callers, requests, and both ways to verify."""
    found = list(audit.measure(640, tmp_path))
    assert len(found) == 3 * len(audit.CALLERS) + 3
    assert all(figure.rate > 0 and figure.cpu_us and figure.cpu_us > 0 for figure in found)
    lint, integrity = found[-2:]
    assert "records read" in lint.name
    assert "integrity only" in integrity.name
    assert lint.name.split()[-2] == integrity.name.split()[-2]  # both saw the whole log
