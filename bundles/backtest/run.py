"""The run itself: one recorded decision after the other, in memory that doesn't grow with their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from bundles.backtest.replay import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from bundles.backtest.comparison import Comparison
    from bundles.backtest.effect import Difference
    from bundles.backtest.recorded import Recorded, Recording
    from bundles.backtest.report import Report

_EVERY = 2000


def run(
    recording: Recording,
    comparison: Comparison,
    report: Report,
    *,
    on_difference: Callable[[Recorded, Difference], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Replay everything that was recorded.

    Args:
        recording: what to replay.
        comparison: the two bundles.
        report: filled.
        on_difference: told of each difference.
        on_progress: told now and then how many bytes were read, and at the end.
    """
    revision = comparison.active.revision
    countdown = _EVERY
    for recorded in recording:
        countdown -= 1
        if not countdown and on_progress is not None:
            on_progress(recording.read_bytes)
            countdown = _EVERY
        question = None if recorded.question is None else orjson.loads(recorded.question)
        if type(question) is not dict:
            report.skip(recorded.missing or "altered")
            continue
        if recorded.path not in CALLS:
            report.skip("uncalled")
            continue
        compared = comparison.compare(question, recorded.path)
        report.add(recorded, compared, revision)
        if compared.difference is not None and on_difference is not None:
            on_difference(recorded, compared.difference)
    report.end(recording)
    if on_progress is not None:
        on_progress(recording.read_bytes)
