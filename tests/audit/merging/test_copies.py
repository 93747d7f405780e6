"""Copying beside the merging: begun by the first turn, ended with the last, and by nobody who stands by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.merging import copies
from audit.objects.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_copies_between_the_first_turn_and_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standing by begins nothing; merging begins it once; taking over again begins it anew."""
    seen: list[str] = []

    class Thread:
        def __init__(self, *_: object) -> None:
            pass

        def __enter__(self) -> None:
            seen.append("begun")

        def __exit__(self, *_: object) -> None:
            seen.append("ended")

    monkeypatch.setattr(copies, "Copying", Thread)
    after = copies.Copies(tmp_path, Target("bucket"), seen.append, 60)
    after.close()
    assert seen == []
    after()
    after()
    after.close()
    after()
    after.close()
    assert seen == ["begun", "ended"] * 2
