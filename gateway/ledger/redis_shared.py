"""One attempt for all who need what it brings: they wait together, each no longer than its own deadline."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

_T = TypeVar("_T")


class Shared(Generic[_T]):
    """An attempt that is made when somebody needs it, and once at a time.

    Args:
        attempt: makes it; raises `LedgerError`.
        again_after_s: how long a failure answers for those who come after it.
    """

    def __init__(self, attempt: Callable[[], Coroutine[Any, Any, _T]], again_after_s: float) -> None:
        self._attempt = attempt
        self._again_after_s = again_after_s
        self._task: asyncio.Task[_T] | None = None
        self._ended_at = 0.0

    async def result(self, within_s: float) -> _T:
        """Join the attempt that is under way, or make one.

        Raises:
            LedgerError: it failed, or takes longer.
        """
        task = self._task
        now = asyncio.get_running_loop().time()
        if task is None or (
            task.done() and (self._is_good(task) or now > self._ended_at + self._again_after_s)
        ):
            task = self._task = asyncio.create_task(self._attempt())
            task.add_done_callback(self._ended)
        if not task.done():
            await asyncio.wait([task], timeout=within_s)
        if not task.done():
            raise LedgerError("ledger.unavailable", f"no connection within {within_s} s")
        if task.cancelled():
            raise LedgerError("ledger.unavailable", "this ledger is closed")
        if isinstance(error := task.exception(), LedgerError):
            raise LedgerError(error.code, error.detail)
        return task.result()

    def cancel(self) -> None:
        """Make no more attempts; who waits is told so."""
        if self._task is not None:
            self._task.cancel()

    def _is_good(self, task: asyncio.Task[_T]) -> bool:
        return not task.cancelled() and task.exception() is None

    def _ended(self, task: asyncio.Task[_T]) -> None:
        self._ended_at = asyncio.get_running_loop().time()
        if not task.cancelled():
            task.exception()  # somebody has seen it, also if all who waited have left
