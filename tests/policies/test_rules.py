"""The shipped policies, held against the rules for authors by the command that authors use themselves."""

from pathlib import Path

import pytest

from bundles.authoring import checking

pytestmark = pytest.mark.server


def test_there_is_nothing_to_mend(policies: Path, opa: Path) -> None:
    """Format, types, METADATA, places, names, exports, reasons, traps, data and required rules: all in order.

    Each of these checks has its own test in `tests/bundles/authoring`.
    """
    assert list(map(str, checking.check(policies, opa))) == []
