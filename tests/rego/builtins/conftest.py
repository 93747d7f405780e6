"""What the tests of the builtins share: a builtin called as a plan would, a profile for long campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from rego.builtins import CONTEXTUAL, PLAIN
from rego.builtins.context import Context, Patterns
from rego.values import equal

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


@pytest.fixture(scope="session")
def gives(call: Callable[..., Any]) -> Callable[..., None]:
    """Check that a builtin gives a Rego value, or `UNDEFINED`, for operands."""

    def check(name: str, operands: tuple[Any, ...], expected: Any) -> None:
        found = call(name, *operands)
        assert expected is found or (type(expected) is type(found) and equal(expected, found)), found

    return check


@pytest.fixture(scope="session")
def fails(call: Callable[..., Any]) -> Callable[..., None]:
    """Check that a builtin ends with exactly this kind of error for operands."""

    def check(name: str, operands: tuple[Any, ...], error: type[Exception]) -> None:
        with pytest.raises(error) as refusal:
            call(name, *operands)
        assert error is refusal.type

    return check
