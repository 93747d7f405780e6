"""A plan that is compiled once for all tests that decide by it without being about compiling."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.engine import embedded
from rego import Policy


class CompiledOnce:
    """`Policy`, with one policy for one plan, data and bounds: it is immutable, and made to be shared.

    To compile the shipped plan is most of the work of a test that makes a few decisions by it. For other data
    it is fitted, as a gateway does; that this is the same as to load it anew, `tests/rego` sees to.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, str], dict[bytes, Policy]] = {}

    def load(self, plan: bytes, data: dict[str, Any], **bounds: Any) -> Policy:
        """See `Policy.load`."""
        known = self._known.setdefault((plan, repr(sorted(bounds.items()))), {})
        content = orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
        if content not in known:
            first = next(iter(known.values()), None)
            known[content] = first.with_data(data) if first else Policy.load(plan, data, **bounds)
        return known[content]


@pytest.fixture(scope="session")
def compiled_once() -> CompiledOnce:
    """The policies that this session has compiled."""
    return CompiledOnce()


@pytest.fixture
def engines_of_compiled_plans(compiled_once: CompiledOnce, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the gateway's own engines take their policies from there."""
    monkeypatch.setattr(embedded, "Policy", compiled_once)
