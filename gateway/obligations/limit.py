"""`limit`: so many requests or tokens in a window, so many calls at once. All of them hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.accounts import Concurrency, Rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.accounts import Allowance
    from gateway.obligations.terms import Terms
    from gateway.types import Limit

_SECOND_US = 1_000_000


def enforce(terms: Terms, limits: Sequence[Limit]) -> None:
    """Note what is to be reserved; two on one counter are merged by the ledger, to the stricter."""
    terms.allowances += tuple(allowance for limit in limits for allowance in _allowances(limit))


def _allowances(limit: Limit) -> Iterator[Allowance]:
    if limit.window_s is not None:
        yield Rate(limit.key, limit.window_s * _SECOND_US, limit.requests, limit.tokens, limit.share)
    if limit.concurrent is not None:
        yield Concurrency(limit.key, limit.concurrent, limit.share)
