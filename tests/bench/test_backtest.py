"""The synthetic log that backtests are measured on: replayed whole, in memory that doesn't grow with it."""

from __future__ import annotations

import tracemalloc
from functools import partial
from typing import TYPE_CHECKING

import pytest

import bundles
from audit.reading.recall import Recall, Span
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from bench import backtest
from bundles import bundle as bundle_files
from bundles.backtest import comparison as comparing
from bundles.backtest.comparison import Comparison
from bundles.backtest.memory import Memory
from bundles.backtest.report import Report
from bundles.backtest.run import run
from gateway.obligations.effect import Obedience

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_synthetic_log_is_a_log(tmp_path: Path) -> None:
    """It verifies, every question opens its record's commitment, and the figures are about all of them."""
    active = bundle_files.read(bundles.default_path())
    await backtest.write_log(tmp_path, 600, 50, active.revision)
    found = backtest.replay("x", tmp_path, active, backtest.stricter(active))

    assert verify(tmp_path).verdict is Verdict.OPERATOR_ASSERTED
    assert found.decisions == 600
    assert 0 < found.differ < 600


@pytest.mark.slow
async def test_a_log_four_times_as_long_takes_no_more_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody comes twice: what is remembered is bounded, and a segment at a time is read."""
    monkeypatch.setattr("audit.writing.segments.SEGMENT_BYTES", 512 * 1024)
    monkeypatch.setattr(comparing, "Memory", partial(Memory, 300))
    monkeypatch.setattr("bundles.backtest.replay._MAX_ANSWERS", 300)
    active = bundle_files.read(bundles.default_path())
    comparison = Comparison(active, backtest.stricter(active), Obedience())
    peaks = []
    for name, decisions in (("warm", 1500), ("short", 1500), ("long", 6000)):
        await backtest.write_log(tmp_path / name, decisions, decisions, active.revision)
        tracemalloc.start()
        report = Report()
        run(Recall(tmp_path / name, Span()), comparison, report)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report.replayed == decisions
    _, short, long = peaks

    assert long < short * 1.25 + 500_000, peaks
