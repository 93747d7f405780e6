"""What the benches of tokens and prices say is about all that they looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import prices, tokens
from bench.tokens import Measured, summary
from gateway.content.tokens import Bounded

if TYPE_CHECKING:
    import pytest


def test_a_summary_is_of_all_errors() -> None:
    """Errors are parts of what was counted; an upper estimate that is met isn't exceeded."""
    measured = [
        Measured("a", "m", 100, Bounded(100, 150, 400), {}),
        Measured("b", "m", 100, Bounded(80, 100, 300), {}),
        Measured("c", "m", 100, Bounded(50, 99, 99), {}),
    ]
    found = summary(measured)

    assert (found.prompts, found.exceeded, found.out_of_bounds, found.median_bound) == (3, 1, 1, 3.0)
    assert round(found.median_error, 3) == 0.2
    assert (found.lowest, found.highest, found.median_upper) == (0.5, 1.0, 1.0)


def test_both_show_their_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also without recordings, which they say."""
    monkeypatch.setattr(tokens, "RECORDINGS", tokens.RECORDINGS / "nowhere")
    monkeypatch.setattr(tokens, "_BODIES", {"short": [{"role": "user", "content": "Hello"}]})
    monkeypatch.setattr(tokens, "_RUNS", 1)
    monkeypatch.setattr(prices, "_RUNS", 1)
    tokens.main([])
    prices.main()
    shown = capsys.readouterr().out

    assert "recorded traffic is not at" in shown
    assert "genai-prices itself" in shown
