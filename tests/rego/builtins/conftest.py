"""What the tests of the builtins share: a builtin called as a plan would, a profile for long campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from rego.builtins import CONTEXTUAL, PLAIN
from rego.builtins.context import Context, Patterns

if TYPE_CHECKING:
    from collections.abc import Callable

# `pytest --hypothesis-profile=campaign tests/rego/builtins/test_agreement.py` asks for an hour, not a minute.
settings.register_profile("campaign", max_examples=10_000, deadline=None)


@pytest.fixture(scope="session")
def call() -> Callable[..., Any]:
    """Call a builtin by its name with Rego values, at the beginning of 1970."""

    def run(name: str, *operands: Any) -> Any:
        if name in CONTEXTUAL:
            return CONTEXTUAL[name](Context(0, None, Patterns()), *operands)
        return PLAIN[name](*operands)

    return run
