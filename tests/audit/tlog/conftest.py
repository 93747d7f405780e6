"""Says at the end, per file of vectors, how many rows passed, failed and were skipped."""

from collections import Counter
from pathlib import Path

import pytest

_OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of the modules whose tests are rows of vectors."""
    counts: dict[str, Counter[str]] = {}
    for outcome in _OUTCOMES:
        for report in terminalreporter.stats.get(outcome, []):
            module = Path(report.nodeid.partition("::")[0]).stem
            if module.startswith("test_vectors_"):
                counts.setdefault(module.removeprefix("test_vectors_"), Counter())[outcome] += 1
    if counts:
        terminalreporter.section("rows of vectors")
    for family in sorted(counts):
        told = ", ".join(f"{counts[family][each]} {each}" for each in _OUTCOMES if counts[family][each])
        terminalreporter.write_line(f"{family}: {told}")
